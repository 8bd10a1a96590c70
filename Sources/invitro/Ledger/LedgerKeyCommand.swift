import ArgumentParser
import Foundation
import Harness
import Ledger
import Report
import Server

/// `ledger key`: the keys that sign the leaderboard's ledger.
struct LedgerKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Make the ledger's key, show its public half, or replace it.",
    discussion: """
      The name is the ledger's for good, and clients check it: take its address
      without the scheme, such as board.example/ledger. Without this command the
      first event makes a key with a random name. The private key is ledger.key in
      the data home, readable by you alone; back it up apart from the database. The
      public key, which is printed, is what others verify with (`invitro ledger
      verify --key`): publish it where you publish the board's address.

      To replace the key, --rotate makes a new one; both keys sign, and the change is
      logged with both signatures. When your readers know the new one, --retire ends
      signing with the old. Both work while the server runs.

      The log of a folder of submissions, which `site build` keeps, has a key of its
      own (submissions.ledger.key in the data home): --submissions means that one.

      Examples:
        invitro ledger key board.example/ledger
        invitro ledger key --rotate
      """)

  @Argument(help: "Name of a new key.") var name: String?
  @Flag(help: "Make a new key that signs beside the present one.") var rotate = false
  @Flag(help: "End signing with the key that was replaced.") var retire = false
  @Option(help: "The key of this folder's log, and not the server's.", completion: .directory)
  var submissions: String?
  @OptionGroup var shared: SharedOptions

  func validate() throws {
    try require(
      [name != nil, rotate, retire].count { $0 } <= 1,
      "Give a name, --rotate or --retire, and no two of them.")
  }

  private struct Line: Encodable {
    var origin: String
    /// The newest first.
    var keys: [String]
  }

  func run() throws {
    let keys = try keys()
    try shared.show(
      Line(origin: keys.origin, keys: keys.verifiers.map(\.vkey)),
      as: keys.verifiers.map(\.vkey).joined(separator: "\n"))
  }

  private func keys() throws -> LedgerKeys {
    let home = shared.data.home
    let file = submissions == nil ? home.ledgerKeyURL : home.folderLedgerKeyURL
    if rotate || retire {
      guard let submissions else {
        let store = try shared.store()
        return try rotate ? store.rotateLedgerKey() : store.retireLedgerKey()
      }
      return try FolderLog(submissions: URL(filePath: submissions))
        .changeKey(file, retires: retire, at: Date())
    }
    let known = try LedgerKeys.read(file)
    guard let name else {
      guard let known else {
        throw HarnessError.usage("There is no key at \(file.relativePath). Give its name.")
      }
      return known
    }
    if let known {
      throw HarnessError.usage(
        "The ledger has a key, named \(known.origin). --rotate makes a new one of the same name.")
    }
    return try LedgerKeys.readOrMake(file, name: name)
  }
}

/// `ledger continue`: a new ledger after a loss.
struct LedgerContinueCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "continue",
    abstract: "Begin a new ledger after the database lost events of the old one.",
    discussion: """
      The last resort, where no backup has what is missing. A log that went on
      after a loss would sign two histories; so a new one begins, under a new name
      and key. Its first event holds the last checkpoint of the old one and your
      reason. The old files and key stay in the data home as ledger-until-….
      """)

  @Option(help: "The reason, which is published.") var why: String
  @Option(help: "Name of the new ledger. Default: the old name with a number.") var name: String?
  @OptionGroup var data: DataOptions

  func run() throws {
    let keys = try data.store().continueLedger(as: name, why: why)
    Console.print(keys.verifiers[0].vkey)
  }
}
