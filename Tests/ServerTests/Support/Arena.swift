import Foundation
import Harness
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Metrics
import NIOCore
import Report
import Server
import Testing
import TestSupport

/// A data home of its own with the synthetic set, teams and a phase, for a server in this process or
/// in another one.
final class Arena: @unchecked Sendable {
  let folder: TemporaryFolder
  let program: Program
  /// The store as a command uses it.
  let store: SubmissionStore
  /// By team; only ``renew(_:)`` changes them once the arena is handed on.
  private(set) var tokens: [String: String] = [:]

  /// - Parameter phase: of the test split; nil sets none.
  init(teams: [String] = ["Team A"], phase: Phase? = Phase.open()) throws {
    folder = try TemporaryFolder()
    program = try Program(in: folder.url)
    let sample = try SampleFolder.shared.get()
    try FileManager.default.copyItem(at: sample.folder.file("data"), to: folder.file("data"))
    store = try SubmissionStore(DataHome(folder.file("data")).submissionStoreURL)
    for team in teams { tokens[team] = try store.addTeam(team).text }
    if let phase { try store.setPhase(phase) }
  }

  var home: DataHome { DataHome(folder.file("data")) }

  /// Every path of the built site, without hidden ones.
  var sitePaths: [String] {
    let all = FileManager.default.enumerator(atPath: folder.file("site").path)?.allObjects
    return (all as? [String] ?? []).filter { !$0.hasPrefix(".") }
  }

  /// Keeps the token of a team that was added by a command.
  func keep(_ token: String, of team: String) { tokens[team] = token }

  /// Gives a revoked team a new token.
  func renew(_ team: String) throws {
    tokens[team] = try store.addToken("first", to: team).text
  }

  /// A server in this process, without its loops: boards are published by ``TestServer/publish()``.
  ///
  /// - Parameter site: builds the site into the folder `site` of the arena.
  func server(
    site: Bool = false, log: @escaping @Sendable (String) -> Void = { _ in },
    change: (inout ServerConfiguration) -> Void = { _ in }
  ) async throws -> TestServer {
    try await TestServer(leaderboard(site: site, log: log, change: change))
  }

  func leaderboard(
    site: Bool = false, log: @escaping @Sendable (String) -> Void = { _ in },
    change: (inout ServerConfiguration) -> Void = { _ in }
  ) throws -> LeaderboardServer {
    var scoring = ScoringOptions()
    if site { scoring.inference.replicates = 200 }
    let out = folder.file("site")
    var configuration = ServerConfiguration(
      home: home, definitions: try BenchmarkRegistry.shipped(), site: site ? out : nil,
      scoring: scoring)
    configuration.folders = [SubmissionFolder(folder.file("submissions"))]
    configuration.limits.requestsPerSecond = 0
    configuration.limits.uploadsPerMinute = 0
    configuration.rebuildSeconds = 0
    // A machine under load may be slow.
    configuration.limits.headSeconds = 600
    configuration.limits.idleSeconds = 600
    configuration.limits.bodySeconds = 600
    configuration.limits.answerSeconds = 600
    change(&configuration)
    let known = configuration.definitions
    let build: @Sendable ([Board], SiteLedger?) throws -> Void = { boards, ledger in
      var input = SiteInput(benchmarks: known, boards: boards)
      input.ledger = ledger
      input.isServed = true
      try SiteBuilder(source: SiteSource()).build(input: input, to: out)
    }
    return try LeaderboardServer(
      configuration, log: ServerLog(log), build: site ? build : nil)
  }

  /// Runs a server on a free port of loopback, in this process, while `test` runs on a thread of its
  /// own, which may block.
  func live(
    change: (inout ServerConfiguration) -> Void = { _ in },
    _ test: @escaping @Sendable (_ port: Int) throws -> Void
  ) async throws {
    let server = try leaderboard(change: change)
    let (ports, ready) = AsyncStream.makeStream(of: Int.self)
    let running = Task { try await server.run { port in ready.yield(port) } }
    defer { running.cancel() }
    var iterator = ports.makeAsyncIterator()
    let port = try #require(await iterator.next())
    try await onOwnThread { try test(port) }
    running.cancel()
    _ = await running.result
  }

  /// Predictions that differ by `seed`, in the WASSA form: the sample's third system with noise.
  func predictions(_ seed: Int) throws -> URL {
    let sample = try SampleFolder.shared.get()
    let text = try String(contentsOf: sample.folder.file(try sample.system(2)), encoding: .utf8)
    var state = UInt64(seed) &+ 0x9E37_79B9_7F4A_7C15
    let lines = text.split(separator: "\n").map { line in
      line.split(separator: "\t").map { cell -> String in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let noise = Double(state >> 40) / Double(1 << 24) - 0.5
        let value = min(7, max(1, (Double(cell) ?? 4) + noise))
        return "\((value * 1e4).rounded() / 1e4)"
      }.joined(separator: "\t")
    }
    return try folder.write(lines.joined(separator: "\n") + "\n", to: "predictions-\(seed).tsv")
  }

  /// Sends a file as a form.
  /// - Parameter system: its name; nil makes one of the team's, as two teams may not share it.
  func submit(
    _ file: URL, to server: TestServer, team: String = "Team A", system: String? = nil,
    metadata: [String: Any] = [:], headers: [String: String] = [:]
  ) async throws -> Answer {
    let fields: [String: Any] = [
      "benchmark": "sample24", "split": "test", "system": system ?? "System of \(team)",
    ]
    let described = try JSONSerialization.data(
      withJSONObject: fields.merging(metadata) { _, own in own })
    var body = Data("--frontier\r\nContent-Disposition: form-data; name=\"metadata\"\r\n".utf8)
    body += Data("Content-Type: application/json\r\n\r\n".utf8) + described
    body += Data(
      "\r\n--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"".utf8)
    body += Data("\(file.lastPathComponent)\"\r\n\r\n".utf8)
    body += try Data(contentsOf: file) + Data("\r\n--frontier--\r\n".utf8)
    var all = authorization(team).merging(headers) { _, own in own }
    all["Content-Type"] = "multipart/form-data; boundary=frontier"
    return try await server.request(.post, "/api/v1/submissions", all, body)
  }

  /// The split that submissions are scored on, gold labels and all.
  func dataset() throws -> Dataset {
    try home.load(try BenchmarkRegistry(folder: nil).find("sample24"), split: "test")
  }

  func authorization(_ team: String) -> [String: String] {
    ["Authorization": "Bearer \(tokens[team] ?? "none")"]
  }

  /// The head of an upload by Team A, for a plain connection.
  func uploadHead(length: Int, forwarded: String = "203.0.113.1") throws -> Data {
    let head = """
      POST /api/v1/submissions?benchmark=sample24&split=test&system=Slow HTTP/1.1\r
      Host: localhost\r
      X-Forwarded-For: \(forwarded)\r
      Authorization: Bearer \(try #require(tokens["Team A"]))\r
      Content-Type: text/tab-separated-values\r
      Content-Length: \(length)\r
      \r\n
      """
    return Data(head.utf8)
  }

  /// `invitro serve` in a process of its own.
  func process(
    _ arguments: [String] = ["--api-only"], prefix: String = "", port: Int = 0
  ) throws -> RunningServer {
    try RunningServer(
      program, arguments + ["--request-rate", "0", "--upload-rate", "0"], prefix: prefix,
      port: port)
  }

  /// Sends a file to a server in another process, by curl: a client that is not ours.
  func submit(_ file: URL, to server: RunningServer) throws -> Curl {
    try Curl([
      "--header", "Authorization: Bearer \(tokens["Team A"] ?? "none")", "--form",
      "metadata={\"benchmark\": \"sample24\", \"split\": \"test\", \"system\": \"System\"};type=application/json",
      "--form", "file=@\(file.path)", server.url("/api/v1/submissions"),
    ])
  }
}

extension Phase {
  /// A phase of the sample's test split that is open.
  static func open(
    _ visibility: Visibility = .public, name: String = "open", labels: Labels = .open,
    opens: Date = Date(timeIntervalSince1970: 0), closes: Date? = nil, daily: Int = 5,
    total: Int = 100, dailyFailing: Int = 20
  ) -> Phase {
    Phase(
      benchmark: "sample24", split: "test", name: name, opens: opens, closes: closes,
      visibility: visibility, labels: labels,
      grid: labels == .hidden
        ? ReleaseGrid(.init(target: "empathy", metric: .pcc), step: 0.1, floor: 0.1) : nil,
      valid: Quota(daily: daily, total: total),
      failing: Quota(daily: dailyFailing, total: 1000))
  }
}

/// A server in this process, asked without a socket.
struct TestServer: Sendable {
  let server: LeaderboardServer
  private let client: any TestClientProtocol

  init(_ server: LeaderboardServer) async throws {
    self.server = server
    client = try await server.buildApplication().test(.router) { $0 }
    publish()
  }

  /// Publishes what is in the store now, and the site with it.
  func publish() { server.publish() }

  func get(_ path: String, _ headers: [String: String] = [:]) async throws -> Answer {
    try await request(.get, path, headers)
  }

  func request(
    _ method: HTTPRequest.Method, _ path: String, _ headers: [String: String] = [:],
    _ body: Data? = nil
  ) async throws -> Answer {
    var fields = HTTPFields()
    for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
    return Answer(
      try await client.executeRequest(
        uri: path, method: method, headers: fields, body: body.map { ByteBuffer(bytes: $0) }))
  }

  /// The leaderboard of the sample's test split, as it is published now.
  func board() async throws -> [[String: Any]] {
    publish()
    let answer = try await get("/api/v1/leaderboard?benchmark=sample24&split=test")
    return try #require(try answer.object()["rows"] as? [[String: Any]])
  }

  /// The ids of the submissions on that board, in its order: a slug ends with the id.
  func idsOnBoard() async throws -> [String] {
    try await board().compactMap { row in
      (row["slug"] as? String)?.split(separator: "-").last.map(String.init)
    }
  }
}

/// What came back.
struct Answer: Sendable {
  var status: Int
  /// By name in lower case.
  var headers: [String: String]
  var body: Data

  init(_ response: TestResponse) {
    status = response.status.code
    headers = Dictionary(
      response.headers.map { ($0.name.canonicalName, $0.value) }, uniquingKeysWith: { $1 })
    body = Data(response.body.readableBytesView)
  }

  var text: String { String(decoding: body, as: UTF8.self) }

  func object() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any], "\(text)")
  }

  /// The figure of a submission or a row.
  static func pcc(_ object: [String: Any]) throws -> Double {
    let scores = object["scores"] as? [String: Any] ?? object
    let targets = try #require(scores["targets"] as? [String: [String: Any]])
    return try #require((targets["empathy"]?["pcc"] as? [String: Double])?["value"])
  }
}

/// Runs what blocks on a thread of its own: those of the other tests are few.
func onOwnThread(_ body: @escaping @Sendable () throws -> Void) async throws {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
  }
}

/// Whether `holds` comes true, for what happens in other threads or processes.
func eventually(_ holds: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<2000 {
    if try holds() { return true }
    usleep(5_000)
  }
  return false
}
