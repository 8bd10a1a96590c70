import ArgumentParser
import Basics
import Foundation
import Ledger
import Report

struct LedgerReceiptCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receipt", abstract: "Write the receipt of an entry of a log.",
    discussion: """
      A receipt holds an entry, the proof that it is in the log, and the signed
      checkpoint. `ledger verify --receipt` checks it at any later time.

      Example:
        invitro ledger receipt https://board.example --id 7f3k2m --out predictions.receipt
      """)

  @Argument(
    help: "Address of the site, a built site, or a folder with a log.", completion: .directory)
  var place: String
  @Option(help: "The entry's place in the log, from 0.") var index: Int?
  @Option(help: "The submission whose acceptance is meant.") var id: String?
  @Option(
    help: .value("key", "Public key of the log (NAME+ID+BASE64), or a file with one a line."),
    completion: .file())
  var key: String?
  @Option(
    help: .value("file", "Where to write it. Default: entry-INDEX.receipt."), completion: .file())
  var out: String?

  func validate() throws {
    try require((index == nil) != (id == nil), "Give either --index or --id.")
    try require(index ?? 0 >= 0, "--index is 0 or more.")
  }

  func run() async throws {
    let files = try await LedgerFiles(ledgerSource(place))
    let trust = try await LogTrust(files, pinned: try key.map(verifierKeys) ?? [])
    var found = index
    if let id { found = try await files.index(of: id, by: trust) }
    guard let found else { throw LedgerError.missing("submission \(id ?? ""): its entry") }
    let receipt = try await files.receipt(of: found, by: trust)
    let file = URL(filePath: out ?? "entry-\(found).receipt")
    if let kept = try ReceiptFile.write(receipt, to: file) {
      Console.message("another receipt that stood there is now \(kept.relativePath)")
    }
    Console.print(file.relativePath)
  }
}
