import Foundation
import Ledger
import TestSupport
import Testing

@Suite("Commands: ledger")
struct LedgerCommandTests {
  /// A log in a folder, served over HTTP.
  private struct Served {
    let folder: TemporaryFolder
    let key: SigningKey
    let server: LoopbackServer
    let program: Program

    /// - Parameter isCompressed: whether entries come as gzip, unasked.
    init(entries: Int, isCompressed: Bool = false) throws {
      let folder = try TemporaryFolder()
      self.folder = folder
      key = try SigningKey(name: "board.example/ledger")
      let log = TileFolder(folder.file("ledger"))
      try log.create(key: key)
      let leaves = (0..<entries).map { place in
        Data(#"{"at":"2026-01-02T03:04:05Z","event":"accepted","id":"s\#(place)","schema":1}"#.utf8)
      }
      try log.append(leaves, policy: LogPolicy(keys: [key.verifier]), key: key)
      try folder.write("\(key.verifier.vkey)\n", to: "ledger/key")
      program = try Program(in: folder.url)
      server = try LoopbackServer { request, _ in
        guard let bytes = try? Data(contentsOf: folder.file(String(request.target.dropFirst())))
        else { return LoopbackServer.Reply(404) }
        guard isCompressed, request.target.contains("entries"), let packed = Gzip.compressed(bytes)
        else { return LoopbackServer.Reply(200, bytes) }
        return LoopbackServer.Reply(200, packed, headers: ["Content-Encoding": "gzip"])
      }
    }

    var address: String { "http://127.0.0.1:\(server.port)" }

    func verify(_ options: String...) throws -> Program.Outcome {
      try program.run(["ledger", "verify", address] + options)
    }
  }

  @Test(
    "verify reads a log over HTTP, compressed or not, each file once", arguments: [true, false])
  func verify(isCompressed: Bool) throws {
    let site = try Served(entries: 700, isCompressed: isCompressed)
    let outcome = try site.verify("--key", site.key.verifier.vkey)
    #expect(outcome.status == 0, "\(outcome.out)\(outcome.err)")
    #expect(outcome.out.contains("700 entries") && outcome.out.hasSuffix("All of it holds.\n"))
    let tiles = site.server.requests.map(\.target).filter { $0.contains("tile") }
    #expect(tiles.count == Set(tiles).count && tiles.count == 7)
  }

  @Test("verify without a key says how to pin it, and with another key fails")
  func keys() throws {
    let site = try Served(entries: 3)
    let open = try site.verify()
    #expect(open.status == 0 && open.err.contains("The key was not pinned"))
    try site.folder.write(
      "\(try SigningKey(name: "board.example/ledger").verifier.vkey)\n", to: "other.key")
    let wrong = try site.verify("--key", "other.key")
    #expect(wrong.status == 1 && wrong.out.contains("WRONG (signature) checkpoint:"))
  }

  @Test("verify tells an answer that does not come, none of a log, and bad data apart")
  func exitCodes() throws {
    let site = try Served(entries: 3)
    let nobody = try site.program.run("ledger", "verify", "http://127.0.0.1:1")
    #expect(nobody.status == 69 && nobody.err.contains("http://127.0.0.1:1/ledger/checkpoint"))
    #expect(try site.program.run("ledger", "verify", "\(site.address)/elsewhere").status == 66)
    #expect(try site.program.run("ledger", "verify", "nowhere").status == 66)
    try site.folder.write("a receipt\n", to: "bad.receipt")
    let bad = try site.verify("--receipt", "bad.receipt")
    #expect(bad.status == 65 && bad.err.contains("a receipt"))
    #expect(try site.verify("--quorum", "1").status == 64)
  }

  @Test("a changed entry ends with 1, as text and as JSON")
  func changed() throws {
    let site = try Served(entries: 3)
    let file = site.folder.file("ledger/tile/entries/000.p/3")
    let text = try String(contentsOf: file, encoding: .utf8)
    try text.replacingOccurrences(of: "s1", with: "s9").write(
      to: file, atomically: true, encoding: .utf8)
    #expect(try site.verify().status == 1)
    let outcome = try site.verify("--format", "json")
    #expect(outcome.status == 1)
    let findings = try #require(try outcome.object()["findings"] as? [[String: String]])
    #expect(findings.first?["text"]?.contains("entry 1 (accepted, s9)") == true)
  }

  @Test("a receipt is written by place or submission, and holds")
  func receipts() throws {
    let site = try Served(entries: 300)
    for options in [["--index", "270"], ["--id", "s270"]] {
      let outcome = try site.program.run(["ledger", "receipt", site.address] + options)
      #expect(outcome.status == 0 && outcome.out.hasSuffix("entry-270.receipt\n"), "\(outcome.err)")
      let verified = try site.verify("--receipt", "entry-270.receipt")
      #expect(verified.status == 0 && verified.out.contains("entry 270 (accepted, s270"))
    }
    #expect(try site.program.run("ledger", "receipt", site.address, "--id", "nobody").status == 66)
    #expect(try site.program.run("ledger", "receipt", site.address, "--index", "300").status == 65)
  }

  @Test("a witness cosigns a log that grows, and a verifier asks for it")
  func witness() throws {
    let site = try Served(entries: 3)
    let made = try site.program.run("ledger", "witness-key", "w.example", "--out", "w.key")
    #expect(made.status == 0)
    let mode = try FileManager.default.attributesOfItem(atPath: site.folder.file("w.key").path)
    #expect(mode[.posixPermissions] as? Int == 0o600)
    #expect(
      try site.program.run("ledger", "witness-key", "w.example", "--out", "w.key").status == 64)
    let round = ["ledger", "witness", site.address, "--key", "w.key", "--state", "w"]
    let first = try site.program.run(round + ["--out", "public/checkpoint"])
    #expect(first.status == 0 && first.out.contains("cosigned 3 entries"), "\(first.err)")
    let vkey = made.out.trimmingCharacters(in: .newlines)
    let seen = try site.verify("--witness", vkey, "--checkpoint", "public/checkpoint")
    #expect(seen.status == 0 && seen.out.contains("witness w.example+"), "\(seen.out)")
    #expect(try site.verify("--witness", vkey).status == 1)
    // The same key begins another log.
    try FileManager.default.removeItem(at: site.folder.file("ledger"))
    let log = TileFolder(site.folder.file("ledger"))
    try log.create(key: site.key)
    try log.append(
      [Data("another".utf8)], policy: LogPolicy(keys: [site.key.verifier]), key: site.key)
    try site.folder.write("\(site.key.verifier.vkey)\n", to: "ledger/key")
    let refused = try site.program.run(round)
    #expect(refused.status == 1 && refused.err.contains("NOT COSIGNED (truncated)"))
    #expect(refused.err.contains("Keep as evidence: w/evidence/"))
  }
}
