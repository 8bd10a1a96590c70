import Basics
import ArgumentParser
import Foundation
import Harness
import Report

struct CodabenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "codabench", abstract: "Score a submission as a scoring program of Codabench.",
    discussion: """
      Reads the labels from INPUT/ref and one prediction file from INPUT/res, plain
      or in a zip. INPUT/ref holds a benchmark's folder of a data home, whose persons
      are the clusters of intervals, or one file of labels such as
      goldstandard_EMP.tsv.

      Writes to OUTPUT: scores.json, a flat object of numbers (empathy_pcc,
      empathy_pcc_low, distress_rmse, …; an undefined figure is absent), and
      detailed_results.html, which needs nothing beside it. An invalid submission
      writes neither, lists its faults on standard error and ends with 65. Under 4
      decimals, what a leaderboard does not need is left out, and a number more than
      1 outside the labels' range is an error: see docs/explanation/probing.md.

      The tracks of WASSA 2024 in one go:
        input/ref  goldstandard_CONVD.tsv, _CONVT.tsv, _EMP.tsv, _PER.tsv, any of them
        input/res  predictions_CONVD.tsv and so on, any of them, plain or in one zip
        output     scores.txt as the organisers' script writes it, byte for byte;
                   scores.json with the track before each name (convt_emotion_pcc)
      The script scores every track on as many rows as the shortest file of labels
      has: convt_wassa_official_averaged is its figure, convt_wassa_averaged that of
      all rows. docs/explanation/official-script.md says why.

      Examples:
        invitro codabench /app/input /app/output --decimals 2
        invitro codabench input output --compat wassa
      """)

  /// Whose scores are written beside ours.
  enum Compatibility: String, ExpressibleByArgument, CaseIterable { case wassa }

  @Argument(help: "The folder with ref and res.", completion: .directory) var input: String
  @Argument(
    help: "The folder to write to; it is made if it does not exist.", completion: .directory)
  var output: String

  @OptionGroup var split: SplitOptions

  @Option(help: "Decimals of every figure, 1 to 4.") var decimals = 4

  @Option(
    help: .init(
      "Write scores.txt too, with the lines of this task's own script: wassa (2024), which has "
        + "4 decimals whatever --decimals says.")) var compat: Compatibility?

  @OptionGroup var inference: InferenceArguments

  func validate() throws {
    try require((1...4).contains(decimals), "--decimals must lie between 1 and 4.")
  }

  func run() throws {
    let folder = URL(filePath: output, directoryHint: .isDirectory)
    try AtomicFile.createFolder(folder)
    // Codabench takes whatever scores lie there, however the program ended.
    for name in ["scores.json", "scores.txt", "detailed_results.html"] {
      try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
    // With labels to guard, a number far outside would let its row outweigh all others.
    let rule = decimals < 4 ? ReleaseRule.rounded(decimals: decimals) : .open
    let home = DataHome(URL(filePath: input, directoryHint: .isDirectory).appending(path: "ref"))
    let outcome = try ScoringProgram(
      input: URL(filePath: input, directoryHint: .isDirectory),
      options: try inference.scoringOptions(), rule: rule,
      definition: try split.benchmark.map { try home.benchmarks.find($0) }, split: split.split
    ).run()
    FaultListing.show(outcome.warnings)
    let isOpen = rule.isOpen && outcome.tracks.contains { $0.name != nil }
    if compat == .wassa || isOpen {
      try AtomicFile.write(Data(outcome.wassa.utf8), to: folder.appending(path: "scores.txt"))
    }
    try AtomicFile.write(
      Data(DetailedResults(outcome.tracks, decimals: decimals).html.utf8),
      to: folder.appending(path: "detailed_results.html"))
    try AtomicFile.write(
      CanonicalJSON.document(outcome.flatScores), to: folder.appending(path: "scores.json"))
    let texts = outcome.tracks.map { track in
      (track.title.map { $0 + "\n\n" } ?? "")
        + ScoreText(track.report, targets: track.targets.map(\.name)).document.text
    }
    Console.print(texts.joined(separator: "\n\n"))
  }
}
