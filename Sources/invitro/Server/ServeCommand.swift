import ArgumentParser
import Foundation
import Harness
import Report
import Server
import Study

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the leaderboard server: take submissions and serve the site.",
    discussion: """
      Serves the site and an API under /api/v1, which /api/v1/openapi.json describes.
      Teams, phases and submissions are kept in <data home>/server.sqlite; manage
      them while the server runs with `invitro team`, `invitro phase` and `invitro
      submission`. The site is rebuilt when a board has changed. The server speaks
      plain HTTP, for a reverse proxy with TLS in front of it, or HTTPS itself with
      --tls-certificate and --tls-key. It takes up a renewed certificate within a
      minute, or at once on SIGHUP. SIGTERM and Ctrl-C stop it after it has finished
      the submissions that it accepted.

      Example:
        invitro data sample
        invitro team add "My team"
        invitro phase set -b sample24 -s test --name open --visibility public
        invitro serve
      """)

  @Option(help: "Address to listen on; 0.0.0.0 for all addresses of the machine.")
  var host: String = "127.0.0.1"

  @Option(help: "Port; 0 takes a free port and prints it.") var port: Int = 8080
  @Option(help: "Folder of the built site.", completion: .directory) var site: String =
    "site/public"

  @Option(
    help: "Folders of submissions to show beside those sent over HTTP. Default: submissions.",
    completion: .directory)
  var submissions: [String] = []

  @Option(
    help: "Public address of the site, for feeds, previews and the instructions for submitting.")
  var address: String?

  @Flag(help: "Serve only the API, without a site.") var apiOnly = false

  @Flag(help: "Take the client's address from X-Forwarded-For, as set by your reverse proxy.")
  var trustProxy = false

  @Option(help: "The certificate for HTTPS and its chain, in PEM form.", completion: .file())
  var tlsCertificate: String?

  @Option(help: "The private key of that certificate, in PEM form.", completion: .file())
  var tlsKey: String?

  @Option(help: "Minimum seconds between two builds of the site.") var rebuildSeconds: Int = 5
  @Option(help: "Maximum number of connections; an idle one is closed for a further one.")
  var connections: Int = 1024
  @Option(
    help: """
      Maximum number of connections per address; with --trust-proxy, of requests at once per \
      forwarded address.
      """)
  var connectionsPerAddress: Int = 128
  @Option(help: "Maximum number of requests at once per token.") var requestsPerToken: Int = 16
  @Option(help: "Maximum seconds for the head of a request to arrive.") var headSeconds: Int = 5
  @Option(help: "Maximum seconds for the body of a request to arrive.") var bodySeconds: Int = 60
  @Option(help: "Maximum seconds for a client to read an answer.") var answerSeconds: Int = 60
  @Option(help: "Uploads per team and minute; 0 for no limit.") var uploadRate: Int = 60
  @Option(help: "Requests per address and second; 0 for no limit.") var requestRate: Int = 50
  @Option(
    help: """
      File for events of security, as JSON lines. Default: security.log in the data home.
      """, completion: .file())
  var securityLog: String?

  @OptionGroup var source: SiteSourceOption
  @OptionGroup var look: SiteConfigOption
  @OptionGroup var evidence: EvidenceOptions
  @OptionGroup var benchmarks: BenchmarkFiles
  @OptionGroup var inference: InferenceArguments
  @OptionGroup var data: DataOptions

  func validate() throws {
    try require((0...65_535).contains(port), "--port must be between 0 and 65535.")
    let counts = [
      rebuildSeconds, connections - 1, connectionsPerAddress, requestsPerToken, headSeconds,
      bodySeconds, answerSeconds,
    ]
    try require(
      counts.allSatisfy({ $0 >= 1 }) && uploadRate >= 0 && requestRate >= 0,
      "--connections must be 2 or more, seconds and other numbers 1 or more, rates 0 or more.")
    try require(
      (tlsCertificate == nil) == (tlsKey == nil),
      "--tls-certificate and --tls-key must be given together.")
    try require(
      tlsKey == nil || address?.hasPrefix("http://") != true,
      "With --tls-certificate, --address must begin with https://.")
    // Whether the session's cookie is for HTTPS alone depends on the address.
    try require(
      !trustProxy || apiOnly || address != nil,
      "With --trust-proxy, give the public address with --address, or use --api-only.")
  }

  private var tls: TLSFiles? {
    guard let tlsCertificate, let tlsKey else { return nil }
    return TLSFiles(certificate: URL(filePath: tlsCertificate), key: URL(filePath: tlsKey))
  }

  func run() async throws {
    var configuration = ServerConfiguration(
      host: host, port: port, home: data.home, definitions: try benchmarks.known(data.home),
      site: apiOnly ? nil : URL(filePath: site), scoring: try inference.scoringOptions())
    configuration.folders = submissionFolders(submissions)
    configuration.settings = try look.settings(configuration.definitions)
    _ = try warnOfStrangers(in: configuration.folders, to: configuration.definitions)
    var limits = ServerLimits()
    (limits.connections, limits.connectionsPerAddress) = (connections, connectionsPerAddress)
    limits.requestsPerToken = requestsPerToken
    (limits.headSeconds, limits.bodySeconds) = (headSeconds, bodySeconds)
    limits.answerSeconds = answerSeconds
    limits.uploadsPerMinute = uploadRate
    limits.requestsPerSecond = Double(requestRate)
    configuration.limits = limits
    (configuration.trustsProxy, configuration.rebuildSeconds) = (trustProxy, rebuildSeconds)
    configuration.tls = tls
    configuration.securityLog = securityLog.map { URL(filePath: $0) }
    let build = apiOnly ? nil : try siteBuilder(&configuration)
    let server = try LeaderboardServer(
      configuration, log: ServerLog(Console.message), build: build)
    let name = host.contains(":") ? "[\(host)]" : host
    let scheme = tls == nil ? "http" : "https"
    try await server.run { (port: Int) in
      Console.message("listening on \(scheme)://\(name):\(port)")
    }
  }

  /// Builds the site of published boards, and has the server's own pages look like it.
  private func siteBuilder(
    _ configuration: inout ServerConfiguration
  ) throws -> @Sendable ([Board], SiteLedger?) throws -> Void {
    let (known, settings) = (configuration.definitions, configuration.settings)
    let address = try siteAddress(address, option: "--address")
    // What it rests on does not change while the server runs.
    let replication = try evidence.run(data.home).report()
    let (builder, home) = (try SiteBuilder(source: source.read()), data.home)
    let out = URL(filePath: site)
    let input: @Sendable ([Board], SiteLedger?) throws -> SiteInput = { boards, ledger in
      var input = SiteInput(
        benchmarks: known, boards: boards, address: address, replication: replication)
      (input.server, input.isServed, input.ledger) = (address, true, ledger)
      try input.show(settings, home: home)
      return input
    }
    configuration.pages = ServedPages(builder, try input([], nil))
    return { boards, ledger in try builder.build(input: input(boards, ledger), to: out) }
  }
}
