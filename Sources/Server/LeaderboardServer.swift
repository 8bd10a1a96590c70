import Dispatch
public import Foundation
import Glibc
public import Harness
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// What a server is made with.
public struct ServerConfiguration: Sendable {
  public var host: String
  /// 0 takes a free port.
  public var port: Int
  public var home: DataHome
  /// The built site; nil serves the API alone.
  public var site: URL?
  public var limits = ServerLimits()
  /// Take a client's address from `X-Forwarded-For`, which a reverse proxy sets.
  public var trustsProxy = false
  public var scoring: ScoringOptions
  /// Least seconds between two builds of the site.
  public var rebuildSeconds = 5

  public init(
    host: String, port: Int, home: DataHome, site: URL?, scoring: ScoringOptions = ScoringOptions()
  ) {
    self.host = host
    self.port = port
    self.home = home
    self.site = site
    self.scoring = scoring
  }
}

/// The leaderboard server: takes submissions over HTTP, scores them, serves the site.
public final class LeaderboardServer: Sendable {
  private let configuration: ServerConfiguration
  private let store: SubmissionStore
  private let lock: ServerLock
  private let intake: Intake
  private let rebuilder: SiteRebuilder?
  private let site: SiteCache?
  private let metrics = ServerMetrics()
  private let log: ServerLog

  /// Opens the store and checks that nobody else can read what it guards.
  ///
  /// - Parameter build: builds the site from what is on the boards; nil never builds it.
  /// - Throws: ``ServerError/exposed(path:mode:)``, ``ServerError/alreadyRunning(path:)``,
  ///   ``ServerError/store(path:reason:)``.
  public init(
    _ configuration: ServerConfiguration, log: ServerLog,
    build: (@Sendable (SiteMaterial) throws -> Void)? = nil
  ) throws {
    self.configuration = configuration
    self.log = log
    try Exposure.check(configuration.home)
    lock = try ServerLock(configuration.home.url.appending(path: "server.lock"))
    store = try SubmissionStore(configuration.home.submissionStoreURL)
    try Exposure.check(configuration.home)
    let site = configuration.site.map(SiteCache.init)
    self.site = site
    let (store, metrics) = (store, metrics)
    rebuilder = build.map { build in
      SiteRebuilder(
        store: store, pause: .seconds(configuration.rebuildSeconds), log: log, build: build
      ) { succeeded in
        metrics.built(succeeded)
        site?.refresh()
      }
    }
    intake = Intake(
      store: store, judges: Judges(home: configuration.home, options: configuration.scoring),
      log: log)
  }

  /// Divides the process's processors, before anything is served: half of them get a thread that reads
  /// and writes sockets; what is done between reading and writing has threads of its own.
  public static func prepareProcess() {
    NIOSingletons.groupLoopCountSuggestion = max(
      1, ProcessInfo.processInfo.activeProcessorCount / 2)
  }

  /// Serves until it is told to stop by SIGTERM or SIGINT; what was accepted by then is finished.
  ///
  /// - Parameter onReady: called with the port once requests are answered.
  public func run(onReady: @escaping @Sendable (_ port: Int) -> Void) async throws {
    // A write beyond a file-size limit is an error to be answered, no reason to die.
    signal(SIGXFSZ, SIG_IGN)
    await intake.recover(isAlone: true)
    let application = try application(onReady: onReady)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await application.runService() }
      group.addTask { await self.watch() }
      if let rebuilder { group.addTask { await rebuilder.run() } }
      // The first to end is the service, or the whole is cancelled.
      try await group.next()
      group.cancelAll()
    }
    log.note("stopped")
  }

  /// Looks, four times a second, for what other processes wrote, for boards that changed, and for
  /// submissions that were left waiting.
  private func watch() async {
    var generation: UInt64?
    var boards: String?
    var rounds = 0
    while !Task.isCancelled {
      do {
        try store.noticeOthers()
        if generation != store.generation {
          generation = store.generation
          let now = try store.boardsState()
          if now != boards { rebuilder?.request() }
          boards = now
        }
      } catch {
        log.fault("the store could not be looked at", error)
      }
      site?.refresh()
      await withCheckedContinuation { continuation in
        DispatchQueue.global(qos: .utility).async { [store] in
          store.mergeJournal()
          continuation.resume()
        }
      }
      rounds += 1
      if rounds.isMultiple(of: 40) { await intake.recover(isAlone: false) }
      try? await Task.sleep(for: .milliseconds(250))
    }
  }

  private func application(
    onReady: @escaping @Sendable (Int) -> Void
  ) throws -> Application<ServerResponder> {
    let limits = configuration.limits
    var logger = Logger(label: "invitro") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .error
    let perMinute = Double(limits.uploadsPerMinute)
    let perSecond = Double(limits.requestsPerSecond)
    let responder = ServerResponder(
      routes: APIRoutes(
        store: store, intake: intake, admissions: Admissions(store),
        definitions: try BenchmarkRegistry.shipped(),
        uploads: perMinute > 0
          ? RateLimiter(.init(perSecond: perMinute / 60, burst: max(1, perMinute / 3))) : nil,
        metrics: metrics),
      site: site, limits: limits,
      addresses: perSecond > 0
        ? RateLimiter(.init(perSecond: perSecond, burst: perSecond * 4)) : nil,
      trustsProxy: configuration.trustsProxy, metrics: metrics, log: log)
    let census =
      configuration.trustsProxy ? nil : ConnectionCensus(most: limits.connectionsPerAddress)
    return Application(
      responder: responder,
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [
            ConnectionGuard(answerSeconds: limits.answerSeconds, census: census)
          ],
          idleTimeout: .seconds(Int64(limits.idleSeconds)),
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
            maxHeaderFieldCount: 100))),
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port),
        availableConnectionsDelegate: MaximumAvailableConnections(
          limits.connections, logger: logger)),
      onServerRunning: { channel in onReady(channel.localAddress?.port ?? 0) },
      logger: logger)
  }
}
