import ArgumentParser
import Basics
import Foundation
import Ledger
import Report
import Server

struct LedgerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger",
    abstract: "Verify the log of a leaderboard, keep its key and receipts, or be a witness to it.",
    subcommands: [
      LedgerVerifyCommand.self, LedgerReceiptCommand.self, LedgerKeyCommand.self,
      LedgerContinueCommand.self,
      LedgerWitnessCommand.self,
      LedgerWitnessKeyCommand.self,
    ])
}

/// The source that `place` names: an http or https address, or a folder.
func ledgerSource(_ place: String) throws -> any LedgerSource {
  if place.hasPrefix("http://") || place.hasPrefix("https://") { return try WebSource(place) }
  return FolderSource(
    try existing(
      place, hint: "Give the address of a leaderboard, a built site, or a folder with a log."))
}

/// The public keys that `text` holds, or the file of that name, a key a line.
func verifierKeys(_ text: String) throws -> [VerifierKey] {
  guard FileManager.default.fileExists(atPath: text) else { return [try VerifierKey(vkey: text)] }
  return try VerifierKey.list(Data(contentsOf: URL(filePath: text)))
}

func namedFile(_ path: String, hint: String) throws -> LedgerVerifier.NamedFile {
  LedgerVerifier.NamedFile(name: path, bytes: try Data(contentsOf: existing(path, hint: hint)))
}
