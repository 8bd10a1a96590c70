import Foundation
import GRDB
import Glibc
import Server
import TestSupport
import Testing

@Suite("Server: backup and restore", .serialized)
struct BackupTests {
  /// `invitro backup --every` in a process of its own.
  private final class Backups {
    private let process = Process()
    private let streams: TemporaryFolder

    init(_ arena: Arena, _ arguments: [String], prefix: String = "") throws {
      streams = try TemporaryFolder()
      process.executableURL = URL(filePath: "/bin/bash")
      process.arguments =
        ["-c", "\(prefix) exec \"$0\" \"$@\"", arena.program.binary.path, "backup"] + arguments
      process.currentDirectoryURL = arena.folder.url
      process.environment = Program.environment
      process.standardError = try FileHandle(forWritingTo: streams.write("", to: "err"))
      process.standardOutput = FileHandle.nullDevice
      try process.run()
    }

    deinit { kill(process.processIdentifier, SIGKILL) }

    var identifier: Int32 { process.processIdentifier }

    var log: String { (try? String(contentsOf: streams.file("err"), encoding: .utf8)) ?? "" }

    var isRunning: Bool { process.isRunning }

    /// The number of backups that it told of.
    var count: Int { log.split(separator: "\n").count { $0.contains(" kept, ") } }

    func stop(_ signal: Int32) -> Int32 {
      kill(process.processIdentifier, signal)
      process.waitUntilExit()
      return process.terminationStatus
    }
  }

  private func backups(_ arena: Arena, in folder: String = "backups") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: arena.folder.file(folder).path)
      .filter { $0.hasPrefix("server-") && $0.hasSuffix(".sqlite") }.sorted()
  }

  private func mode(_ file: URL) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
  }

  private func removeDatabase(_ arena: Arena) throws {
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(at: arena.folder.file("data/server.sqlite\(suffix)"))
    }
  }

  private func listed(_ arena: Arena) throws -> String {
    try arena.program.run("submission", "list", "--json").out
  }

  @Test("the last n backups are kept, and no other file is removed", arguments: [SIGTERM, SIGINT])
  func rotation(_ signal: Int32) throws {
    let arena = try Arena()
    let foreign = ["server-20200101T000000Z.sqlite", "notes.txt", "server-old.sqlite"]
    for name in foreign { _ = try arena.folder.write("mine", to: "backups/\(name)") }
    let running = try Backups(
      arena, ["--every", "1s", "--keep", "2", "--with-keys", "backups"])
    #expect(eventually { running.count >= 4 }, "\(running.log)")
    #expect(running.stop(signal) == 0)
    for name in foreign {
      #expect(
        try String(contentsOf: arena.folder.file("backups/\(name)"), encoding: .utf8) == "mine")
    }
    let made = try backups(arena).filter { !foreign.contains($0) }
    #expect(made.count == 2)
    for name in made {
      let file = arena.folder.file("backups/\(name)")
      #expect(try mode(file) == 0o600)
      for key in ["ledger.key", "release.key"] {
        let copy = URL(filePath: "\(file.path).\(key)")
        #expect(try mode(copy) == 0o600)
        #expect(try Data(contentsOf: copy) == Data(contentsOf: arena.folder.file("data/\(key)")))
      }
    }
    let all = try FileManager.default.contentsOfDirectory(
      atPath: arena.folder.file("backups").path)
    #expect(all.count { $0.hasSuffix(".key") } == 4 && !all.contains { $0.hasSuffix(".part") })
    // It goes on where it was.
    let again = try Backups(arena, ["--every", "1h", "--keep", "2", "backups"])
    #expect(eventually { again.count == 1 }, "\(again.log)")
    #expect(try backups(arena).filter { !foreign.contains($0) }.count == 2)
    let second = try arena.program.run("backup", "--every", "1h", "backups")
    #expect(second.status == 64 && second.err.contains("Another"))
    #expect(again.stop(SIGTERM) == 0)
  }

  @Test("wrong options are a usage error")
  func usage() throws {
    let arena = try Arena(teams: [], phase: nil)
    _ = try arena.folder.write("", to: "file")
    for arguments in [
      ["--every", "1h", "copy.sqlite"], ["--every", "1h", "file"], ["--every", "x", "backups"],
      ["--every", "0h", "backups"], ["--every", "1h", "--keep", "0", "backups"],
      ["--keep", "3", "copy.sqlite"], ["--every", "1h"],
    ] {
      #expect(try arena.program.run(["backup"] + arguments).status == 64, "\(arguments)")
    }
    try removeDatabase(arena)
    #expect(try arena.program.run("backup", "copy.sqlite").status == 66)
    #expect(!FileManager.default.fileExists(atPath: arena.folder.file("data/server.sqlite").path))
  }

  @Test("a full disk fails one backup with a reason, and the next is made when there is room")
  func fullDisk() throws {
    let arena = try Arena()
    let running = try Backups(
      arena, ["--every", "1s", "--keep", "2", "backups"], prefix: "ulimit -S -f 64 &&")
    #expect(eventually { running.log.contains("no space is left") }, "\(running.log)")
    #expect(try backups(arena).isEmpty && running.isRunning)
    let room = try Process.run(
      URL(filePath: "/usr/bin/env"),
      arguments: ["prlimit", "--pid", "\(running.identifier)", "--fsize=unlimited:unlimited"])
    room.waitUntilExit()
    #expect(eventually { running.count > 0 }, "\(running.log)")
    #expect(running.stop(SIGTERM) == 0)
    #expect(try !backups(arena).isEmpty)
  }

  @Test("after a kill and the loss of the database a backup restores what was acknowledged")
  func disaster() throws {
    let arena = try Arena()
    let server = try arena.process()
    let running = try Backups(arena, ["--every", "1s", "--with-keys", "backups"])
    for seed in 0..<5 {
      #expect(try arena.submit(try arena.predictions(seed), to: server).status == 201)
    }
    // Whatever runs now was begun after the last submission once two more are there.
    let before = running.count
    #expect(eventually { running.count >= before + 2 }, "\(running.log)")
    let newest = try #require(try backups(arena).last)
    let early = try arena.program.run("restore", "backups/\(newest)")
    #expect(early.status == 69 && early.err.contains("Another server"))
    server.kill()
    #expect(running.stop(SIGTERM) == 0)
    let acknowledged = try listed(arena)
    try removeDatabase(arena)
    for key in ["ledger.key", "release.key"] {
      try FileManager.default.removeItem(at: arena.folder.file("data/\(key)"))
    }
    let restored = try arena.program.run("restore", "backups/\(newest)")
    #expect(restored.status == 0, "\(restored.err)")
    #expect(restored.out.contains("5 submissions"))
    #expect(restored.err.contains("ledger.key was restored"))
    #expect(try listed(arena) == acknowledged)
    #expect(try mode(arena.folder.file("data/server.sqlite")) == 0o600)
    // The server compares database and ledger before it serves.
    let again = try arena.process()
    #expect(try arena.submit(try arena.predictions(0), to: again).status == 200)
    #expect(try arena.submit(try arena.predictions(9), to: again).status == 201)
    #expect(again.stop() == 0)
  }

  @Test("what a backup lacks is counted and named, and is lost for a reason alone")
  func loss() throws {
    let arena = try Arena()
    var server = try arena.process()
    #expect(try arena.submit(try arena.predictions(0), to: server).status == 201)
    #expect(try arena.program.run("backup", "copy.sqlite").status == 0)
    var ids: [String] = []
    for seed in 1...3 {
      let answer = try arena.submit(try arena.predictions(seed), to: server)
      ids.append(try #require(try answer.object()["id"] as? String))
    }
    server.stop()
    let all = try listed(arena)
    let refused = try arena.program.run("restore", "copy.sqlite")
    #expect(refused.status == 1)
    #expect(
      refused.err.contains(
        "lacks the last 6 events of the ledger, among them 3 accepted submissions"),
      "\(refused.err)")
    for id in ids { #expect(refused.err.contains(id)) }
    #expect(try listed(arena) == all, "nothing was changed")
    // The database is gone, too: what was signed is known all the same.
    try removeDatabase(arena)
    let blind = try arena.program.run("restore", "copy.sqlite")
    #expect(blind.status == 1 && blind.err.contains("6 events"), "\(blind.err)")
    #expect(blind.err.contains("3 accepted submissions"), "\(blind.err)")
    #expect(try arena.program.run("restore", "copy.sqlite", "--accept-loss", "").status == 64)
    let accepted = try arena.program.run(
      "restore", "copy.sqlite", "--accept-loss", "The disk broke.")
    #expect(accepted.status == 0, "\(accepted.err)")
    #expect(accepted.err.contains("A new ledger begins"))
    server = try arena.process()
    #expect(try arena.submit(try arena.predictions(0), to: server).status == 200)
    #expect(try arena.submit(try arena.predictions(1), to: server).status == 201)
    let database = try DatabaseQueue(path: arena.folder.file("data/server.sqlite").path)
    let first = try database.read {
      try Data.fetchOne($0, sql: "SELECT leaf FROM ledger WHERE idx = 0")
    }
    let leaf = String(decoding: try #require(first), as: UTF8.self)
    #expect(leaf.contains("continued") && leaf.contains("The disk broke."))
    #expect(server.stop() == 0)
  }

  @Test("the database that is replaced stays under a dated name, whole")
  func replaced() throws {
    let arena = try Arena(teams: ["Team A"], phase: nil)
    #expect(try arena.program.run("backup", "copy.sqlite").status == 0)
    // In the write-ahead log alone.
    _ = try arena.store.addTeam("Team B")
    let restored = try arena.program.run("restore", "copy.sqlite")
    #expect(restored.status == 0, "\(restored.err)")
    #expect(try !arena.program.run("team", "list").out.contains("Team B"))
    let files = try FileManager.default.contentsOfDirectory(
      atPath: arena.folder.file("data").path)
    let old = try #require(
      files.first { $0.hasPrefix("server-replaced-") && $0.hasSuffix(".sqlite") })
    let teams = try DatabaseQueue(path: arena.folder.file("data/\(old)").path).read {
      try String.fetchAll($0, sql: "SELECT name FROM team ORDER BY name")
    }
    #expect(teams == ["Team A", "Team B"])
  }

  @Test("a file that is damaged, cut, in use or of another leaderboard is not restored")
  func unsound() throws {
    let arena = try Arena()
    let server = try arena.process()
    for seed in 0..<3 { _ = try arena.submit(try arena.predictions(seed), to: server) }
    server.stop()
    #expect(try arena.program.run("backup", "copy.sqlite").status == 0)
    let all = try listed(arena)
    let sound = try Data(contentsOf: arena.folder.file("copy.sqlite"))
    var damaged = sound
    for place in stride(from: 5000, to: damaged.count - 100, by: 4096) {
      damaged.replaceSubrange(place..<(place + 60), with: Data(repeating: 0xA5, count: 60))
    }
    let other = try Arena()
    let otherServer = try other.process()
    _ = try other.submit(try other.predictions(7), to: otherServer)
    otherServer.stop()
    #expect(try other.program.run("backup", "copy.sqlite").status == 0)
    let cases: [(Data, Int32)] = [
      (damaged, 69), (sound.prefix(sound.count / 2), 69), (Data("no database".utf8), 69),
      (Data(), 69), (try Data(contentsOf: other.folder.file("copy.sqlite")), 1),
    ]
    for (bytes, status) in cases {
      try bytes.write(to: arena.folder.file("bad.sqlite"))
      let outcome = try arena.program.run("restore", "bad.sqlite", "--accept-loss", "Test.")
      #expect(outcome.status == status, "\(outcome.err)")
      #expect(!outcome.err.isEmpty)
    }
    try sound.write(to: arena.folder.file("bad.sqlite"))
    try Data("x".utf8).write(to: arena.folder.file("bad.sqlite-wal"))
    let inUse = try arena.program.run("restore", "bad.sqlite")
    #expect(inUse.status == 69 && inUse.err.contains("bad.sqlite-wal"))
    #expect(try arena.program.run("restore", "none.sqlite").status == 66)
    #expect(try listed(arena) == all)
    let left = try FileManager.default.contentsOfDirectory(
      atPath: arena.folder.file("data").path)
    #expect(!left.contains { $0.contains("replaced") || $0.contains("restored") })
  }
}
