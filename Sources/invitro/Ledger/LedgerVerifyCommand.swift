import ArgumentParser
import Basics
import Foundation
import Harness
import Report

struct LedgerVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Verify a leaderboard's log, and that its boards are what the log says.",
    discussion: """
      Reads the log from its tiles, checks every entry against the signed root, and
      compares the boards beside it. It needs no access to labels. Exits with 1 where
      something is wrong, and lists all of it; 69 where no answer comes.

      Without --key the key comes from the log itself: that shows a log that agrees
      with itself, not whose log it is.

      Example:
        invitro ledger verify https://board.example --key board.key \\
          --since last.checkpoint --receipt predictions.tsv.receipt
      """)

  @Argument(
    help: "Address of the site, a built site, or a folder with a log.", completion: .directory)
  var place: String
  @Option(
    help: .value("key", "Public key of the log (NAME+ID+BASE64), or a file with one a line."),
    completion: .file())
  var key: String?
  @Option(
    help: .value("file", "A receipt that the log must agree with; may be repeated."),
    completion: .file())
  var receipt: [String] = []
  @Option(
    help: .value("file", "An older checkpoint that the log must go on from."), completion: .file())
  var since: String?
  @Option(
    help: .value("key", "Public key of a witness, or a file with one a line; may be repeated."),
    completion: .file())
  var witness: [String] = []
  @Option(help: "How many of the witnesses must have cosigned. Default: all of them.")
  var quorum: Int?
  @Option(
    help: .value("file", "A checkpoint that a witness has cosigned; may be repeated."),
    completion: .file())
  var checkpoint: [String] = []
  @Option(
    help: .value("benchmark/split", "A board to compare. Default: all that the log names."),
    completion: Completions.boards)
  var board: [String] = []
  @Option(
    help: .value(
      "home", "Data home with the labels, to check the commitments of phases whose key is known."),
    completion: .directory)
  var data: String?
  @OptionGroup var benchmarks: BenchmarkFiles
  @Option(help: "text or json.") var format = OutputFormat.text

  enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

  func validate() throws {
    try require(quorum ?? 0 >= 0, "--quorum is 0 or more.")
    try require(
      !witness.isEmpty || (checkpoint.isEmpty && quorum == nil),
      "Give the key of each witness with --witness.")
  }

  func run() async throws {
    var verifier = LedgerVerifier()
    verifier.keys = try key.map(verifierKeys) ?? []
    verifier.receipts = try receipt.map { try namedFile($0, hint: "Give the file of a receipt.") }
    verifier.since = try since.map { try namedFile($0, hint: "Give a checkpoint of this log.") }
    verifier.witnesses = try witness.flatMap(verifierKeys)
    verifier.quorum = quorum
    verifier.cosigned = try checkpoint.map {
      try namedFile($0, hint: "Give a checkpoint that a witness has cosigned.")
    }
    verifier.boards = board.isEmpty ? nil : board
    verifier.home = data.map { DataHome(URL(filePath: $0, directoryHint: .isDirectory)) }
    verifier.benchmarks = try benchmarks.known(verifier.home ?? .usual)
    let verdict = try await verifier.verdict(of: ledgerSource(place))
    if format == .json { try Console.json(verdict) } else { Console.print(verdict.text) }
    if !verdict.pinned {
      Console.message(
        "The key was not pinned: it came from the log itself. Compare it with what the organiser "
          + "publishes elsewhere, keep it in a file, and give --key FILE from then on.")
    }
    try end(with: .checkFailed, unless: verdict.holds)
  }
}
