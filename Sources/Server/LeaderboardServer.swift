public import Foundation
import Glibc
public import Harness
public import Report
package import Hummingbird
import HummingbirdCore
import NIOCore

/// What a server is made with.
public struct ServerConfiguration: Sendable {
  public var host: String
  /// 0 takes a free port.
  public var port: Int
  public var home: DataHome
  public var definitions: [BenchmarkDefinition]
  /// Folders of submissions that stand on the boards beside those that come over HTTP.
  public var folders: [SubmissionFolder] = []
  /// The built site; nil serves the API alone.
  public var site: URL?
  /// Makes the pages of the server itself, such as the one for submitting; nil where there is no site.
  public var pages: ServedPages?
  public var limits = ServerLimits()
  /// Which benchmarks are listed.
  public var settings = SiteSettings()
  /// Take a client's address from `X-Forwarded-For`, which a reverse proxy sets.
  public var trustsProxy = false
  /// The certificate for TLS; nil for plain HTTP.
  public var tls: TLSFiles?
  /// Nil for ``DataHome/securityLogURL``.
  public var securityLog: URL?
  public var scoring: ScoringOptions
  /// Least seconds between two builds of the site.
  public var rebuildSeconds = 5

  public init(
    host: String = "127.0.0.1", port: Int = 0, home: DataHome, definitions: [BenchmarkDefinition],
    site: URL? = nil, scoring: ScoringOptions = ScoringOptions()
  ) {
    (self.host, self.port, self.home) = (host, port, home)
    (self.definitions, self.site, self.scoring) = (definitions, site, scoring)
  }
}

/// How much of the server one client may take.
public struct ServerLimits: Sendable, Equatable {
  /// Of a request's body, and of all its header fields together.
  public var bodyBytes = 8 << 20, headerBytes = 16 << 10
  /// Connections at once, of which some of one address; behind a proxy the latter limits the
  /// requests of an address at once.
  public var connections = 1024, connectionsPerAddress = 128
  /// Requests at once with one token.
  public var requestsPerToken = 16
  /// An answer must be taken, a body be here, a head be complete, and a byte have come after so long.
  public var answerSeconds = 60, bodySeconds = 60, headSeconds = 5, idleSeconds = 30
  /// For so long what comes after a refusal is dropped, so that the client sees the answer.
  public var lingerSeconds = 30
  /// A TLS handshake must be finished after so long.
  public var handshakeSeconds = 10
  /// A webhook's receiver must have answered after so long.
  public var webhookSeconds = 10
  /// Uploads of a team a minute; 0 for no limit.
  public var uploadsPerMinute = 60
  /// Requests of an address a second; 0 for no limit.
  public var requestsPerSecond = 50.0
  /// Attempts of an address to sign in a minute, where there is a limit of its requests.
  public var signInsPerMinute = 30

  public init() {}
}

/// Takes submissions over HTTP, scores them, and serves the boards and the site.
public final class LeaderboardServer: Sendable {
  private let configuration: ServerConfiguration
  private let store: SubmissionStore
  private let lock: ServerLock
  private let intake: SubmissionIntake
  private let closer: BoardCloser
  private let watch: ProbingWatch
  private let webhooks: WebhookSender
  private let publisher: BoardPublisher
  private let certificate: CertificateReloader?
  private let metrics = ServerMetrics()
  private let log: ServerLog
  private let security: SecurityLog
  private let probe: WriteProbe
  private let connections: ConnectionTable

  /// Opens the store and checks that nobody else can read what it guards.
  /// - Parameter build: builds the site from the published boards; nil builds none.
  /// - Throws: ``ServerError``: `exposed`, `alreadyRunning`, `store`, `unreadable`, `badTLSFile`.
  public init(
    _ configuration: ServerConfiguration, log: ServerLog,
    build: (@Sendable ([Board], SiteLedger?) throws -> Void)? = nil
  ) throws {
    self.configuration = configuration
    self.log = log
    certificate = try configuration.tls.map { try CertificateReloader($0, log: log) }
    let (home, definitions) = (configuration.home, configuration.definitions)
    try home.checkPermissions(definitions)
    lock = try ServerLock(home.url.appending(path: "server.lock"))
    store = try SubmissionStore(home.submissionStoreURL, as: .server)
    try home.checkPermissions(definitions)
    try LedgerCheck(store: store).run()
    let scorers = ScorerCache(definitions, home: home, options: configuration.scoring)
    intake = SubmissionIntake(store: store, scorers: scorers, log: log)
    closer = BoardCloser(store, scorers)
    watch = ProbingWatch(store: store, scorers: scorers, log: log)
    webhooks = WebhookSender(
      store, timeoutSeconds: configuration.limits.webhookSeconds, log: log)
    security = try SecurityLog(configuration.securityLog ?? home.securityLogURL, log: log)
    probe = WriteProbe(store, log: log)
    let limits = configuration.limits
    let capacity = ConnectionTable.fileLimit(for: limits.connections)
    if capacity < limits.connections {
      log.note("the limit of open files (ulimit -n) leaves room for \(capacity) connections")
    }
    connections = ConnectionTable(
      capacity: capacity,
      maxPerAddress: configuration.trustsProxy ? nil : limits.connectionsPerAddress)
    publisher = BoardPublisher(
      BoardFeeder(
        store: store, home: home, definitions: definitions, folders: configuration.folders,
        options: configuration.scoring),
      pause: .seconds(configuration.rebuildSeconds), metrics: metrics, log: log, build: build)
  }

  /// Serves until it is told to stop by SIGTERM or SIGINT; what was accepted by then is finished.
  /// - Parameter onReady: called with the port once requests are answered.
  public func run(onReady: @escaping @Sendable (_ port: Int) -> Void) async throws {
    // A write beyond a file-size limit is an error to be answered, no reason to die.
    signal(SIGXFSZ, SIG_IGN)
    // Takes up a renewed certificate, which has its own source of the signal.
    if certificate != nil { signal(SIGHUP, SIG_IGN) }
    if let warning = SubmissionStore.warning(ofSQLite: try store.libraryVersion()) {
      log.note(warning)
    }
    await recover()
    closeDue()
    let application = buildApplication(onReady: onReady)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await application.runService() }
      group.addTask { await self.publisher.run() }
      group.addTask { await self.webhooks.run() }
      if let certificate { group.addTask { await certificate.run() } }
      group.addTask {
        while !Task.isCancelled {
          try? await Task.sleep(for: .seconds(10))
          await self.intake.recover(isAlone: false)
          self.closeDue()
          await self.examine()
        }
      }
      group.addTask {
        while !Task.isCancelled {
          try? await Task.sleep(for: .seconds(1))
          self.connections.closeLateHeads(after: .seconds(self.configuration.limits.headSeconds))
          self.security.flush()
        }
      }
      // The first to end is the service, or the whole is cancelled.
      try await group.next()
      group.cancelAll()
    }
    // Whatever is counted is written, though its minute is not over.
    security.flush(at: .now + .seconds(60))
    log.note("stopped")
  }

  /// Scores what a server that is gone accepted and never released.
  package func recover() async { await intake.recover(isAlone: true) }

  /// Looks for signs of probing in what was released since the last time.
  package func examine() async { await watch.examine() }
  /// Closes the boards whose phase has ended.
  package func closeDue(at now: Date = Date()) {
    do {
      for board in try closer.closeDue(at: now) { log.note("closed \(board.path)") }
      try store.logPhases(at: now)
    } catch {
      log.fault("a board could not be closed", error)
    }
  }

  /// Sends what webhooks wait for.
  package func deliver(at now: Date = Date()) async { await webhooks.deliver(at: now) }

  /// Publishes the boards, and builds the site, from what is in the store now.
  package func publish(at now: Date = Date()) { publisher.update(at: now) }

  package func buildApplication(
    onReady: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) -> Application<RouterResponder<ServerContext>> {
    let (connections, limits, certificate) = (connections, configuration.limits, certificate)
    return Application(
      router: buildRouter(),
      server: HTTPServerBuilder { responder in
        let plain = GuardedChannel(responder, table: connections, limits: limits)
        guard let certificate else { return plain }
        return SecureChannel(
          base: plain, certificate: certificate, handshakeSeconds: limits.handshakeSeconds)
      },
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port),
        availableConnectionsDelegate: connections),
      onServerRunning: { channel in onReady(channel.localAddress?.port ?? 0) },
      logger: ServerLog.framework)
  }

  private func buildRouter() -> Router<ServerContext> {
    let limits = configuration.limits
    let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: MetricsMiddleware(metrics: metrics))
    router.add(middleware: AnswerMiddleware(hasTLS: certificate != nil))
    let pages = configuration.site.flatMap { site in
      configuration.pages.map { PageRenderer(pages: $0, site: site) }
    }
    router.add(middleware: ProblemMiddleware(log: log, page: pages?.problem))
    router.add(middleware: ClientMiddleware(trustsProxy: configuration.trustsProxy))
    if limits.requestsPerSecond > 0 {
      let perSecond = limits.requestsPerSecond
      router.add(
        middleware: AddressRateMiddleware(
          limiter: RateLimiter(perSecond: perSecond, burst: max(1, perSecond * 4)),
          security: security))
    }
    if configuration.trustsProxy {
      router.add(
        middleware: ConcurrencyMiddleware(
          limiter: ConcurrencyLimiter(limit: limits.connectionsPerAddress),
          owner: "from your address", security: security
        ) { $0.network })
    }
    if let site = configuration.site { router.addSite(site) }
    let perMinute = Double(limits.uploadsPerMinute)
    let uploads = RateLimiter<Int64>(perSecond: perMinute / 60, burst: max(1, perMinute / 3))
    let byToken = ConcurrencyMiddleware(
      limiter: ConcurrencyLimiter(limit: limits.requestsPerToken), owner: "with this token",
      security: security
    ) { $0.member?.team.id }
    let submissions = SubmissionController(
      store: store, intake: intake, publisher: publisher, limits: limits,
      uploads: perMinute > 0 ? uploads : nil, security: security)
    router.group("api/v1").add(middleware: TeamAuthenticator(store: store, security: security))
      .add(middleware: byToken)
      .addRoutes(submissions.routes, atPath: "submissions")
    if let pages { addPages(pages, submissions, byToken, to: router) }
    router.addRoutes(
      BoardController(
        store: store, definitions: configuration.definitions, settings: configuration.settings,
        home: configuration.home, publisher: publisher
      ).routes, atPath: "api/v1")
    router.addRoutes(LedgerController(store: store).routes, atPath: "ledger")
    router.addRoutes(
      StatusController(store: store, metrics: metrics, probe: probe).routes, atPath: "api/v1")
    return router
  }
  /// What people use in a browser.
  private func addPages(
    _ pages: PageRenderer, _ submissions: SubmissionController,
    _ byToken: ConcurrencyMiddleware<Int64>, to router: Router<ServerContext>
  ) {
    let forms = BrowserForms(store: store, isSecure: certificate != nil || pages.pages.isHTTPS)
    let limits = configuration.limits
    let perMinute = Double(limits.signInsPerMinute)
    let session = SessionController(
      forms: forms, pages: pages, limits: limits, security: security,
      attempts: limits.requestsPerSecond > 0
        ? RateLimiter(perSecond: perMinute / 60, burst: perMinute) : nil)
    let group = router.group().add(middleware: SessionMiddleware(forms: forms))
      .add(middleware: byToken)
    group.addRoutes(session.routes, atPath: "submit")
    group.addRoutes(
      SubmitController(session: session, submissions: submissions).routes, atPath: "submit")
    group.addRoutes(
      TeamController(pages: pages, submissions: submissions).routes, atPath: "submissions")
    let organiser = OrganiserController(pages: pages, store: store)
    group.getOnly("organiser", use: organiser.page)
    router.getOnly("api") { _, _ in
      try pages.response(
        .api, at: "api", title: "API", section: .none,
        APIPage(Data(PackageResources.openapi_json)))
    }
  }
}
