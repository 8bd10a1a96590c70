import Foundation
import Harness
import TestSupport
import Testing

/// A data home of its own with the synthetic set, teams and a phase, and a server on it.
final class Arena: @unchecked Sendable {
  let folder: TemporaryFolder
  let program: Program
  /// By team; only ``renew(_:)`` changes them once the arena is handed on.
  private(set) var tokens: [String: String] = [:]

  /// - Parameter phase: options of `phase set` beside benchmark and split; nil sets none.
  init(teams: [String] = ["Team A"], phase: [String]? = ["--visibility", "public"]) throws {
    folder = try TemporaryFolder()
    program = try Program(in: folder.url)
    let sample = try SampleFolder.shared.get()
    let copied = try Self.copy(sample.folder.file("data"), to: folder.file("data"))
    try #require(copied)
    for team in teams { tokens[team] = try add(team) }
    if let phase { try set(phase) }
  }

  private static func copy(_ source: URL, to target: URL) throws -> Bool {
    let process = try Process.run(
      URL(filePath: "/bin/cp"), arguments: ["-a", source.path, target.path])
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  /// Takes in a team and returns its token.
  func add(_ team: String) throws -> String {
    let outcome = try program.run("team", "add", team)
    try #require(outcome.status == 0, "\(outcome.err)")
    return outcome.out.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Gives a revoked team a new token.
  func renew(_ team: String) throws { tokens[team] = try add(team) }

  func set(_ phase: [String]) throws {
    let outcome = try program.run(
      ["phase", "set", "--benchmark", "sample24", "--split", "test"] + phase)
    try #require(outcome.status == 0, "\(outcome.err)")
  }

  func server(
    _ arguments: [String] = ["--api-only"], prefix: String = "", port: Int = 0
  ) throws -> RunningServer {
    try RunningServer(
      program, arguments + ["--request-rate", "0", "--upload-rate", "0"], prefix: prefix,
      port: port)
  }

  /// Predictions that differ by `seed`, in the WASSA form: the sample's third system with noise.
  func predictions(_ seed: Int) throws -> URL {
    let sample = try SampleFolder.shared.get()
    let text = try String(
      contentsOf: sample.folder.file(try sample.system(2)), encoding: .utf8)
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

  /// Sends a file as a form, by curl.
  func submit(
    _ file: URL, to server: RunningServer, team: String = "Team A", system: String = "System",
    metadata: [String: Any] = [:], options: [String] = []
  ) throws -> Curl {
    let fields: [String: Any] = ["benchmark": "sample24", "split": "test", "system": system]
    let described = try JSONSerialization.data(
      withJSONObject: fields.merging(metadata) { _, own in own })
    let meta = try folder.write(described, to: "metadata-\(UUID()).json")
    return try Curl(
      authorization(team) + options + [
        "--form", "metadata=<\(meta.path);type=application/json", "--form", "file=@\(file.path)",
        server.url("/api/v1/submissions"),
      ])
  }

  /// The split that submissions are scored on, gold labels and all.
  func dataset() throws -> Dataset {
    try DataHome(folder.file("data")).load(try BenchmarkRegistry.find("sample24"), split: "test")
  }

  /// The head of an upload by Team A, for a plain connection.
  func uploadHead(length: Int) throws -> Data {
    let head = """
      POST /api/v1/submissions?benchmark=sample24&split=test&system=Slow HTTP/1.1\r
      Host: localhost\r
      Authorization: Bearer \(try #require(tokens["Team A"]))\r
      Content-Type: text/tab-separated-values\r
      Content-Length: \(length)\r
      \r\n
      """
    return Data(head.utf8)
  }

  func authorization(_ team: String) -> [String] {
    ["--header", "Authorization: Bearer \(tokens[team] ?? "none")"]
  }
}
