import ArgumentParser
import Foundation
import Harness
import Server
import Study

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Run the leaderboard: take submissions, serve the site.",
    discussion: HelpText.reflow(
      """
      Serves the built site and an API under /api/v1 (described by /api/v1/openapi.json). Teams,
      phases and submissions are kept in <data home>/server.sqlite; administer them while it runs
      with `invitro team`, `invitro phase` and `invitro submission`. The site is built anew after a
      board changed. It speaks plain HTTP: put a reverse proxy with TLS in front of it. SIGTERM and
      Ctrl-C end it once what was accepted is finished.

      Example:
        invitro data sample
        invitro team add "My team"
        invitro phase set --benchmark sample24 --split test --name open --visibility public
        invitro serve
      """))

  @Option(help: "Address to listen on; 0.0.0.0 for every one of the machine.")
  var host: String = "127.0.0.1"

  @Option(help: "Port; 0 takes a free one and says which.") var port: Int = 8080

  @Option(help: "Where the built site stands.") var site: String = "site/public"

  @Option(help: "The folder with the site's templates/ and assets/.") var source: String = "site"

  @Option(help: "Folders of submissions to show beside those that come over HTTP.")
  var submissions: [String] = []

  @Option(help: "Address the site is known by, for feeds, previews and how to submit.")
  var address: String?

  @Flag(help: "Serve the API alone and build no site.") var apiOnly = false

  @Flag(help: "Take a client's address from X-Forwarded-For, which your reverse proxy sets.")
  var trustProxy = false

  @Option(help: "Least seconds between two builds of the site.") var rebuildSeconds: Int = 5
  @Option(help: "Connections at once; more wait.") var connections: Int = 1024
  @Option(help: "Connections of an address at once; with --trust-proxy there is no such limit.")
  var connectionsPerAddress: Int = 128
  @Option(help: "Seconds for the body of a request to come.") var bodySeconds: Int = 60
  @Option(help: "Seconds for a client to take an answer.") var answerSeconds: Int = 60
  @Option(help: "Uploads of a token a minute; 0 for no limit.") var uploadRate: Int = 60
  @Option(help: "Requests of an address a second; 0 for no limit.") var requestRate: Int = 50

  @OptionGroup var evidence: EvidenceOptions
  @OptionGroup var inference: InferenceArguments
  @OptionGroup var data: DataOptions

  func validate() throws {
    guard (0...65_535).contains(port) else {
      throw ValidationError("--port lies between 0 and 65535.")
    }
    let counts = [rebuildSeconds, connections, connectionsPerAddress, bodySeconds, answerSeconds]
    guard counts.allSatisfy({ $0 >= 1 }), uploadRate >= 0, requestRate >= 0 else {
      throw ValidationError("Seconds and connections are 1 or more, the rates 0 or more.")
    }
  }

  func run() async throws {
    let home = data.home
    let options = try inference.scoringOptions()
    var configuration = ServerConfiguration(
      host: host, port: port, home: home, site: apiOnly ? nil : URL(filePath: site),
      scoring: options)
    configuration.limits.connections = connections
    configuration.limits.connectionsPerAddress = connectionsPerAddress
    configuration.limits.bodySeconds = bodySeconds
    configuration.limits.answerSeconds = answerSeconds
    configuration.limits.uploadsPerMinute = uploadRate
    configuration.limits.requestsPerSecond = requestRate
    configuration.trustsProxy = trustProxy
    configuration.rebuildSeconds = rebuildSeconds
    let builder = ServedSite(
      folders: submissions.isEmpty ? ["submissions"] : submissions, source: source, out: site,
      address: try SiteAddress.parse(address, option: "--address"), home: home, options: options,
      replication: apiOnly ? nil : try evidence.run(home).report())
    let build: @Sendable (SiteMaterial) throws -> Void = { material in
      try builder.build(material)
    }
    let server = try LeaderboardServer(
      configuration, log: ServerLog(Console.message), build: apiOnly ? nil : build)
    let name = host.contains(":") ? "[\(host)]" : host
    LeaderboardServer.prepareProcess()
    try await server.run { (port: Int) in
      Console.message("listening on http://\(name):\(port)")
    }
  }
}
