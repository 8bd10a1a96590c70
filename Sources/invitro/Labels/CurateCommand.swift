import ArgumentParser
import Foundation
import Harness
import Reference
import Report
import Study

struct CurateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curate",
    abstract: "Make a training table from crowd labels, corrected or extended by a model's.",
    discussion: """
      The result is a CSV with the columns set, id, person, empathy, provenance,
      essay, readable by its owner only, with a manifest of digests and counts beside
      it. Rows whose essay also occurs in the evaluation split are left out and
      counted (--keep-overlap keeps them); near duplicates are counted.

      `invitro train --table FILE` trains on the result.
      """, subcommands: [Correct.self, Augment.self, Compare.self])

  /// Where a training table goes, and what must not be in it.
  struct TableOptions: ParsableArguments {
    @Option(help: .value("file", "The table; its manifest goes beside it."), completion: .file())
    var out: String

    @Flag(help: "Keep rows whose essay also occurs in the evaluation split; they are counted.")
    var keepOverlap = false

    @Flag(
      help: .init(
        "Use the 6- and 8-item labels of NewsEmp24 train where NewsEmp23 has them (see `invitro "
          + "data repair`); the imported labels stay, the provenance of such a row is "
          + "crowd:repaired.")) var repair = false

    /// - Parameter sets: what is loaded, as `benchmark/split`.
    func checkRepair(_ sets: [String]) throws {
      try require(
        !repair || sets.contains(RatedSplit.repairable),
        "--repair: only \(RatedSplit.repairable) has labels to repair.")
    }

    func request(
      _ benchmark: String, _ split: String, evaluation: [String], seed: UInt64
    ) -> CurationRequest {
      CurationRequest(
        benchmark: benchmark, split: split, evaluation: evaluation,
        overlap: keepOverlap ? .keep : .refuse, repair: repair, seed: seed)
    }

    func show(_ made: CuratedTable, _ output: JSONOption) throws {
      let file = URL(filePath: out)
      try made.write(to: file)
      Console.message(
        "\(made.table.rows.count) rows in \(file.relativePath), manifest in "
          + "\(file.relativePath).manifest.json; both are for this machine")
      try output.show(made.report, as: made.report.text)
    }
  }

  /// The labels that are corrected, and by whose.
  struct CorrectionOptions: ParsableArguments {
    @Option(
      name: [.short, .long], help: "The benchmark whose labels are corrected.",
      completion: Completions.benchmarks)
    var benchmark: String

    @Option(name: [.short, .long], help: "The split.", completion: Completions.splits) var split:
      String = "train"
    @Option(help: .value("name=file", "The model's labels, TSV.")) var llm: String?

    @OptionGroup var text: FeatureOptions
  }
}

extension CurateCommand {
  struct Correct: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Correct crowd labels by a model's, or by what the writer's labels have in common.",
      discussion: """
        --way names how a label is chosen from the crowd's label y and the model's l:

          threshold  l where the two differ by more than --alpha (arXiv 2501.00691).
          centred    the same on differences from each person's own means; the
                     person's level stays the crowd's.
          mean       the mean of y and l, with l moved to the crowd's mean.
          em         the true score that both labels predict, in a model of two
                     raters with effects of persons (REML).
          blup       y less the person's predicted effect; needs no --llm.
          soft       the mean of y and l weighted by their reliability, which a
                     third rater estimates: a regression on the text that learned
                     from other persons, or --third NAME=FILE. Refused where the
                     third rater agrees with the crowd no better than chance.
                     Another model is a poor third rater: models share errors.
          replace    l in every row.

        Controls show what a threshold does without its point:

          random        l in as many rows, drawn at random.
          same-persons  l in as many rows of the same persons, drawn at random.
          flagged-mean  the crowd's mean label where the threshold would take l.
          flagged-text  the text's own prediction, learned from other persons, there.

        Labels are kept within the scale. The provenance column names the way of each
        label. `invitro curate compare` compares all of them;
        docs/explanation/curation.md has the formulas, their sources and what came out.

        Examples:
          invitro curate correct -b newsemp18 --llm llama=LABELS.tsv --out train.csv
          invitro curate correct -b newsemp18 --llm llama=LABELS.tsv --way em \\
            --out train.csv
          invitro train --model data/models/minilm -b newsemp18 --table train.csv \\
            --out runs/a
        """)

    @OptionGroup var labels: CorrectionOptions

    @Option(help: "How labels are chosen.") var way: CorrectionWay = .threshold

    @Option(help: "Threshold of threshold, centred and the controls, from 0 to 6. Default: 4.0.")
    var alpha: Double?

    @Option(
      help: .value("name=file", "The third rater of soft, instead of a regression on the text."))
    var third: String?

    @Option(
      help: .value(
        "split",
        "Split to evaluate on later; may be repeated. Default: dev and test, where they "
          + "are imported and not part of --split.")) var evaluation: [String] = []

    @Option(help: "Seed of random and same-persons, and of the folds of the text's rating.")
    var seed: UInt64 = 0

    @OptionGroup var table: TableOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
      try table.checkRepair(["\(labels.benchmark)/\(labels.split)"])
      try checkingUsage {
        let choice = try choice()
        try require(
          labels.text.states == nil || choice.readsText,
          "--states belongs to --way soft and flagged-text.")
      }
    }

    private func choice() throws -> CurationRequest.Choice {
      try CurationRequest.Choice(way, by: labels.llm, alpha: alpha, third: third)
    }

    func run() throws {
      let made = try table.request(
        labels.benchmark, labels.split, evaluation: evaluation, seed: seed
      ).correct(choice(), features: labels.text.features, home: shared.home, say: Console.message)
      try table.show(made, shared.output)
    }
  }

  struct Augment: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add another year's essays to a benchmark's own, with labels of your choice.",
      discussion: """
        The table holds the rows of --split with crowd labels (or corrected: --correct
        NAME=FILE with --alpha), then those of the splits of --with. Their labels are
        the crowd's, or the model's that --labels names, from the files given by --llm.
        --portion draws a random share of each added split, without replacement; --seed
        seeds the draw.

        Example:
          invitro curate augment -b newsemp24 --with newsemp22 --labels llama \\
            --llm llama=TRAIN_LABELS.tsv --llm llama=DEV_LABELS.tsv --evaluation dev --out train.csv
        """)

    @Option(
      name: [.short, .long], help: "The benchmark that is extended.",
      completion: Completions.benchmarks) var benchmark: String
    @Option(
      name: [.short, .long], help: "The split that is extended.", completion: Completions.splits)
    var split: String = "train"
    @Option(
      help: .value("benchmark", "A benchmark that is added; may be repeated."),
      completion: Completions.benchmarks)
    var with: [String]

    @Option(
      help: .value(
        "split",
        "Splits to add of each; may be given several times. Default: train and dev, where "
          + "they are imported.")) var withSplit: [String] = []

    @Option(help: "Labels of the added rows: crowd, or a name of --llm.")
    var labels: String = "crowd"

    @Option(
      help: .value("name=file", "A model's labels of the added rows, TSV; repeated for each file."))
    var llm: [String] = []

    @Option(help: .value("name=file", "Correct the benchmark's own labels with these."))
    var correct: String?

    @Option(help: "--correct replaces a label that differs by more than this from the model's.")
    var alpha: Double = 4

    @Option(help: "Share of each added split to draw, above 0 and at most 1.")
    var portion: Double = 1

    @Option(help: "Seed of the draw.") var seed: UInt64 = 0

    @Option(help: .value("split", "Split of --benchmark to evaluate on later; may be repeated."))
    var evaluation: [String] = []

    @OptionGroup var table: TableOptions
    @OptionGroup var shared: SharedOptions

    private func additions() throws -> [CurationRequest.Addition] {
      let files = try LabelFile.parse(llm, option: "--llm")
      return with.map {
        CurationRequest.Addition(
          benchmark: $0, splits: withSplit, labels: labels, files: files, portion: portion)
      }
    }

    func validate() throws {
      try checkingUsage {
        let additions = try additions()
        try require(Set(with).count == with.count, "--with names a benchmark twice.")
        try table.checkRepair(
          ["\(benchmark)/\(split)"]
            + additions.flatMap { added in added.named.map { "\(added.benchmark)/\($0)" } })
        try require(portion > 0 && portion <= 1, "--portion must be above 0 and at most 1.")
        try require((0...6).contains(alpha), "--alpha must be from 0 to 6.")
        try require(
          !evaluation.isEmpty, "Give the split that will be evaluated on with --evaluation.")
        try require(
          labels == Agreement.crowd
            || additions.allSatisfy { $0.files.contains { $0.name == labels } },
          "--labels \(labels) needs a file: --llm \(labels)=FILE.")
      }
    }

    func run() throws {
      let made = try table.request(benchmark, split, evaluation: evaluation, seed: seed).augment(
        with: additions(),
        correctingBy: correct.map { try LabelFile.parse([$0], option: "--correct")[0] },
        alpha: alpha, home: shared.home, say: Console.message)
      try table.show(made, shared.output)
    }
  }
}
