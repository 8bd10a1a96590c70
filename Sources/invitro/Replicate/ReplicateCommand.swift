import ArgumentParser
import Basics
import Foundation
import Harness
import Report

struct ReplicateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replicate",
    abstract: "Compare what is measured here with the figures that the paper prints.",
    discussion: HelpText.reflow(
      """
      A line a claim of arXiv 2501.00691: the published value, ours, the tolerance (declared with
      the claim, in the program), the spread over seeds, the interval over the test set's persons,
      and a verdict: replicated (within the tolerance), within test-set noise only (outside it, but
      the published value lies in our interval), not replicated, or not run, with the reason.

      Claims that need no training are checked from what the data home holds and from the published
      label files (`invitro data fetch llmpathy`, or --llmpathy DIR). The rows of tables V and VI are
      measured from the folders that `invitro experiment run` filled (--results DIR; the experiments
      stand in experiments/paper), the silhouettes from those of `invitro embed` (--embedded DIR). A
      summary.json of another experiment is shown on the page beside the claims. `invitro site build`
      takes the same options and makes a page of the report.

      --require makes the command a check: it ends with 1 where a condition does not hold or its
      claim was not run. The claim is an id of --json, or pcc, ccc or rmse for the paper's best
      result.

      Examples:
        invitro replicate
        invitro replicate --require 'pcc>=0.648-0.02' --require 'IX/llama-gpt/alpha>=0.79'
      """))

  @Option(
    help: ArgumentHelp(
      "Conditions on claims, such as pcc>=0.648-0.02; may be given several times.",
      valueName: "condition"))
  var require: [String] = []

  @Flag(help: "List every claim that was not run, not only how many.")
  var all = false

  @OptionGroup var evidence: EvidenceOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func validate() throws { _ = try require.map(Requirement.init) }

  func run() throws {
    let replication = try evidence.run(data.home).report()
    let findings = try require.map { try Requirement($0).finding(in: replication) }
    if output.json {
      try Console.json(ReplicationText.Document(replication, findings))
    } else {
      Console.print(ReplicationText(replication, all: all).text)
    }
    for finding in findings {
      let ours = finding.ours.map { "ours is \($0)" } ?? finding.why ?? "not run"
      Console.message(
        "\(finding.claim) \(finding.required): \(finding.holds ? "holds" : "does not hold"), \(ours)"
      )
    }
    guard findings.allSatisfy(\.holds) else {
      throw ExitCode(ExitStatus.checkFailed.rawValue)
    }
  }
}

/// What a replication report is measured from, beside the data home.
struct EvidenceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A folder of `experiment run`, or a summary.json; may be given several times.",
      valueName: "path"))
  var results: [String] = []

  @Option(
    help: ArgumentHelp(
      "A folder of `embed`, of NewsEmp24's training rows; may be given several times.",
      valueName: "dir"))
  var embedded: [String] = []

  @Option(
    help: ArgumentHelp(
      "Folder of the published label files. Default: fetched/llmpathy in the data home.",
      valueName: "dir"))
  var llmpathy: String?

  func run(_ home: DataHome) throws -> ReplicationRun {
    if let llmpathy, !FileManager.default.fileExists(atPath: llmpathy) {
      throw HarnessError.missing(
        path: llmpathy, hint: "`invitro data fetch llmpathy` gets the published label files.")
    }
    return ReplicationRun(
      home: home, labels: PublishedLabels(llmpathy, home: home),
      training: try TrainingResults(results, home: home),
      embeddings: try EmbeddingResults(embedded))
  }
}
