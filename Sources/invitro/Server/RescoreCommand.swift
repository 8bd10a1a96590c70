import ArgumentParser
import Basics
import Foundation
import Harness
import Server

extension SubmissionCommand {
  struct Rescore: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Score a board's submissions again after a label or the scorer changed.",
      discussion: """
        When a split's labels or the version of the scorer have changed, entries that
        were scored before are superseded: they are listed without a rank, and the
        board takes no new submissions. This command scores all kept predictions again
        and releases the new reports in one transaction. Each team's best is decided
        anew; quotas do not change. --why is needed where a figure changes. It is
        published in the history of these entries, with the old figure where labels
        are open. What hidden labels tell by it is charged to their account. The
        server may run meanwhile. After an interruption the same command continues.
        Give --replicates and the like as you do to `serve`.

        With --submissions the entries of a folder are scored again, and what changes
        is recorded in their submission.json.

        Example:
          invitro submission rescore --board newsemp24/test --dry-run \\
            --why "Label of row 17 corrected"
        """)

    @Option(help: .value("benchmark/split", "The board."), completion: Completions.boards)
    var board: String
    @Option(help: "The reason, which is published.") var why: String?
    @Flag(help: "Show what would change, and change nothing.") var dryRun = false
    @Option(
      help: "Rescore the entries of this folder instead of the server's submissions.",
      completion: .directory)
    var submissions: String?
    @OptionGroup var budget: BudgetOption
    @OptionGroup var benchmarks: BenchmarkFiles
    @OptionGroup var inference: InferenceArguments
    @OptionGroup var shared: SharedOptions

    func run() throws {
      let parts = board.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      try require(parts.count == 2, "--board takes BENCHMARK/SPLIT, such as newsemp24/test.")
      let known = try benchmarks.known(shared.home)
      let definition = try known.named(parts[0])
      try definition.checkSplit(parts[1])
      let bar = ProgressBar("scoring", unit: "entries")
      let outcome =
        if let submissions {
          try FolderRescoring(
            SubmissionFolder(existing(submissions, hint: "Give the folder of submissions.")),
            definition, dataset: shared.home.load(definition, split: parts[1])
          ).run(
            why: why, day: Date().formatted(.iso8601.year().month().day()), isDry: dryRun
          ) { bar.update($0, of: $1) }
        } else {
          try Rescorer(
            shared.store(), known, home: shared.home, options: try inference.scoringOptions()
          ).run(
            BoardKey(benchmark: parts[0], split: parts[1]), why: why,
            overBudget: budget.overBudget, isDry: dryRun
          ) { bar.update($0, of: $1) }
        }
      try shared.show(outcome, as: outcome.text)
    }
  }
}
