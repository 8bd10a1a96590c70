import ArgumentParser
import Basics
import Dispatch
import Foundation
import Glibc
import Harness
import Report
import Server

struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Back up the server's database, once or again and again, also while the server runs.",
    discussion: """
      A copy is the database as it is at one moment, checked for integrity and
      readable by you alone. It holds predictions, contacts, the hashes of tokens
      and the secrets of webhooks.

      With --every it goes on until SIGTERM or Ctrl-C: it writes
      server-TIME.sqlite into the folder, keeps the last ones, and removes no
      file that it did not make. After a failure it says why and goes on. Keep
      the folder on another disk or machine.

      A database is served with two keys of the data home: ledger.key, which
      signs its ledger, and release.key. They hardly ever change. Without them a
      restored database cannot go on as the same leaderboard. --with-keys copies
      them beside each backup; otherwise keep them elsewhere.

      Examples:
        invitro backup copy.sqlite
        invitro backup --every 1h --keep 24 /backup/board
        invitro restore copy.sqlite
      """)

  @Argument(help: .value("file", "The new file; with --every, the folder."), completion: .file())
  var path: String
  @Option(help: .value("time", "Back up again after this time, such as 15m, 1h or 1d."))
  var every: String?
  @Option(help: "With --every, the number of backups to keep. Default: 24.") var keep: Int?
  @Flag(help: "Copy ledger.key and release.key beside each backup.") var withKeys = false
  @OptionGroup var data: DataOptions

  func validate() throws {
    try require(every != nil || keep == nil, "--keep is for --every.")
    try require(keep ?? 1 > 0, "--keep must be 1 or more.")
    guard every != nil else { return }
    _ = try seconds()
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    try require(
      exists ? isFolder.boolValue : !path.hasSuffix(".sqlite"),
      "\(path): --every takes a folder, not a file.")
  }

  /// The interval.
  private func seconds() throws -> Int {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let every, let unit = every.last.flatMap({ units[$0] }),
      let count = Int(every.dropLast()),
      (1...31_536_000).contains(count), count * unit <= 31_536_000
    else {
      throw ValidationError("--every takes 1s to 365d: a number and s, m, h or d, such as 1h.")
    }
    return count * unit
  }

  func run() throws {
    let source = data.home.submissionStoreURL
    _ = try existing(source.relativePath, hint: "`invitro team add` or `invitro serve` creates it.")
    guard every == nil else { return try repeatedly(try seconds()) }
    let file = URL(filePath: path)
    try StoreCopy.make(of: source, at: file)
    if withKeys { try data.home.copyKeys(beside: file) }
    Console.print(path)
  }

  private func repeatedly(_ interval: Int) throws {
    // A write beyond a file-size limit is a failure to be told, no reason to die.
    signal(SIGXFSZ, SIG_IGN)
    let stop = DispatchSemaphore(value: 0)
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { stop.signal() }
      source.resume()
      return source
    }
    defer { for source in sources { source.cancel() } }
    let folder = try BackupFolder(URL(filePath: path), keep: keep ?? 24)
    var next = DispatchTime.now()
    repeat {
      attempt(folder)
      repeat { next = next + .seconds(interval) } while next <= .now()
    } while stop.wait(timeout: next) == .timedOut
    Console.message("stopped")
  }

  private func attempt(_ folder: BackupFolder) {
    let now = Date().formatted(.iso8601)
    do {
      let made = try folder.add(data.home, withKeys: withKeys)
      let copy = made.copy
      Console.message(
        "\(now) \(copy.url.lastPathComponent): \(copy.submissions) submissions, \(copy.events) events "
          + "of the ledger; \(made.kept) kept, \(made.removed) removed")
      if made.isBehind {
        Console.message(
          "\(now) warning: an earlier backup has more events of the ledger than this one. No backup is "
            + "removed until the database has as many again.")
      }
    } catch {
      Console.message("\(now) error: no backup was made, it is tried again: \(error)")
    }
  }
}
