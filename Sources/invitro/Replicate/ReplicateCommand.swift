import ArgumentParser
import Basics
import Foundation
import Harness
import Report
import Study

struct ReplicateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replicate",
    abstract: "Compare what was measured here with the paper's figures, claim by claim.",
    discussion: """
      Prints a line for each claim of arXiv 2501.00691: the published value, ours,
      the tolerance (declared with the claim, in the program), the spread over seeds,
      the interval over the test set's persons, and a verdict: replicated (within the
      tolerance, or within the interval in which our seeds predict another run), not
      replicated, or not run, with the reason. A run of training counts only if its
      model is the paper's encoder by its config.json, its settings are the paper's
      and five seeds are finished.

      Claims that need no training are checked with the data home and the published
      label files (`invitro data fetch llmpathy`, or --llmpathy DIR). The rows of
      tables V and VI come from the folders of `invitro experiment run` (--results
      DIR; the experiments are in experiments/paper), the silhouettes from those of
      `invitro embed` (--embedded DIR). The summary.json of another experiment is
      shown on the site's page beside the claims. `invitro site build` takes the same
      options and makes a page of the report.

      With --require the command is a check: it exits with 1 if a condition does not
      hold or its claim was not run. A claim is an id from --format csv, or pcc, ccc
      or rmse for the paper's best result.

      Examples:
        invitro replicate
        invitro replicate --require 'pcc>=0.648-0.02' --require 'IX/llama-gpt/alpha>=0.79'
      """)

  @Option(
    help: .value("condition", "Condition on a claim, such as pcc>=0.648-0.02; may be repeated."))
  var require: [String] = []

  @Flag(help: "List every claim that was not run, instead of their number.") var all = false

  @Flag(
    help: "List every table and figure of the paper, and whether it is a claim; nothing is run.")
  var list = false

  @OptionGroup var evidence: EvidenceOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var result: ResultOptions

  func validate() throws { try checkingUsage { _ = try require.map(Requirement.init) } }

  func run() throws {
    if list {
      let parts = try Published.shipped().parts
      return try result.show(parts, as: PaperPart.document(parts))
    }
    let replication = try evidence.run(data.home).report()
    let findings = try require.map { try Requirement($0).finding(in: replication) }
    try result.show(
      ReplicationDocument(replication, findings),
      as: ReplicationText(replication, all: all).document)
    for finding in findings { Console.message(finding.text) }
    try end(with: .checkFailed, unless: findings.allSatisfy(\.holds))
  }
}

/// What a replication report is measured from, beside the data home.
struct EvidenceOptions: ParsableArguments {
  @Option(
    help: .value(
      "path", "A folder of `experiment run`, or a summary.json; may be given several times."),
    completion: .directory)
  var results: [String] = []

  @Option(
    help: .value(
      "dir", "A folder of `embed`, of NewsEmp24's training rows; may be given several times."),
    completion: .directory)
  var embedded: [String] = []

  @Option(
    help: .value(
      "dir", "Folder of the published label files. Default: fetched/llmpathy in the data home."),
    completion: .directory)
  var llmpathy: String?

  func run(_ home: DataHome) throws -> ReplicationRun {
    if let llmpathy {
      let hint = "`invitro data fetch llmpathy` gets the published label files."
      _ = try existing(llmpathy, hint: hint)
    }
    return ReplicationRun(
      home: home, labels: PublishedLabels(llmpathy, home: home),
      training: try TrainingResults(results, home: home),
      embeddings: try EmbeddingResults(embedded))
  }
}
