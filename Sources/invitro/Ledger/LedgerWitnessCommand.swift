import ArgumentParser
import Basics
import Foundation
import Ledger
import Report

struct LedgerWitnessCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "witness",
    abstract: "Check that a log has only grown since the last time, and cosign it.",
    discussion: """
      One round, as a cron job runs it. The state folder remembers the log's key and
      the last checkpoint; the cosigned checkpoint stands there as `checkpoint`, for
      you to publish anywhere. Exits with 1, and keeps both checkpoints in
      `evidence`, where the log is shorter than it was or does not go on from what
      was seen.

      Example:
        invitro ledger witness https://board.example --key witness.key --state witness
      """)

  @Argument(
    help: "Address of the site, a built site, or a folder with a log.", completion: .directory)
  var place: String
  @Option(
    help: .value("file", "The witness's private key, from `ledger witness-key`."),
    completion: .file())
  var key: String
  @Option(help: .value("folder", "What the witness remembers of this log."), completion: .directory)
  var state: String
  @Option(
    help: .value(
      "key", "Public key of the log, or a file with one a line. Default: the one seen first."),
    completion: .file())
  var logKey: String?
  @Option(help: .value("file", "A further place for the cosigned checkpoint."), completion: .file())
  var out: String?

  func run() async throws {
    let text = try String(
      contentsOf: existing(key, hint: "Make it with `invitro ledger witness-key`."), encoding: .utf8
    )
    let signing = try SigningKey(privateText: text.trimmingCharacters(in: .whitespacesAndNewlines))
    let folder = WitnessFolder(URL(filePath: state, directoryHint: .isDirectory))
    let outcome = try await folder.round(
      of: ledgerSource(place), by: signing, logKeys: try logKey.map(verifierKeys) ?? [])
    switch outcome {
    case .refused(let finding, let evidence):
      Console.message("NOT COSIGNED (\(finding.kind.rawValue)) \(finding)")
      Console.message("Keep as evidence: \(evidence.map(\.relativePath).joined(separator: ", "))")
      throw ExitCode(ExitStatus.checkFailed.rawValue)
    case .cosigned(let note, let old, let new):
      if let out { try AtomicFile.write(note, to: URL(filePath: out)) }
      let before = old.size == 0 ? "" : "; it goes on from \(old.size)"
      Console.print("\(signing) cosigned \(new.size) entries, root \(new.root)\(before)")
    }
  }
}

struct LedgerWitnessKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "witness-key", abstract: "Make a witness's key and print its public part.",
    discussion: """
      The file is readable by its owner alone. Whoever trusts the witness gives the
      printed line to `ledger verify --witness`.

      Example:
        invitro ledger witness-key witness.example --out witness.key
      """)

  @Argument(help: "The witness's name, such as its address without a scheme.") var name: String
  @Option(help: .value("file", "Where to write the private key."), completion: .file()) var out:
    String

  func run() throws {
    let file = URL(filePath: out)
    guard !FileManager.default.fileExists(atPath: file.path) else {
      throw ValidationError("\(out) is there already. Remove it, or name another file.")
    }
    let key = try SigningKey(name: name, kind: .cosignature)
    try AtomicFile.write(Data("\(key.privateText)\n".utf8), to: file, permissions: 0o600)
    Console.print(key.verifier.vkey)
  }
}
