import ArgumentParser
import Basics
import Foundation
import Harness
import Metrics
import Report
import Study

struct SubstituteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "substitute",
    abstract: "Tell for what a model's labels may replace people's, and for what they may not.",
    discussion: """
      Each question has a command, and each command ends with an answer in words:

        mean      the mean of a split or a group, with few persons' labels
        score     a system's PCC, with few persons' labels
        training  what the model's labels add to those of few persons
        rater     whether the model agrees with people as well as a person does
        ceiling   how high a correlation with people's labels can be

      Where the data cannot answer, the answer says so and what would. Methods and
      sources: docs/explanation/substitution.md.
      """,
    subcommands: [Mean.self, Score.self, Training.self, Rater.self, Ceiling.self])

  /// A split and the model whose labels are asked about.
  struct Model: ParsableArguments {
    @OptionGroup var split: SplitOptions

    @Option(
      help: .value(
        "name=file",
        "Labels by the model: TSV with a header and the split's ids. May be repeated for more "
          + "files of one name.")) var labels: [String] = []

    @Option(help: .value("name=column", "Column of the labels. Default: llm_TARGET, else TARGET."))
    var labelColumn: [String] = []

    @Option(help: "Nominal coverage of intervals.") var level: Double = 0.95
    @Option(help: "Seed of everything random.") var seed: UInt64 = 1

    func validate() throws {
      try require(level > 0.5 && level < 1, "--level must lie between 0.5 and 1; found \(level).")
      try checkingUsage { _ = try files() }
    }

    func files() throws -> [LabelFile] {
      try LabelFile.parse(labels, columns: labelColumn, option: "--labels")
    }

    /// - Throws: a usage error unless the files are of one model.
    func checkOne() throws {
      try require(
        try Set(files().map(\.name)).count == 1, "Give the labels of one model: --labels NAME=FILE."
      )
    }

    func load(_ home: DataHome) throws -> RatedSplit {
      let (definition, dataset) = try split.load(home)
      var rated = RatedSplit(definition, dataset)
      try rated.add(files(), say: Console.message)
      return rated
    }

    func subject(_ home: DataHome) throws -> SubstitutionSubject {
      let rated = try load(home)
      return SubstitutionSubject(rated, model: rated.names[0], level: level, seed: seed)
    }
  }

  /// How a data set with labels for everybody plays one without.
  struct RehearsalOptions: ParsableArguments {
    @Option(
      help: .value(
        "count",
        "Rehearse: keep people's labels of this many persons, drawn at random, and hide the others. "
          + "Default: the data as they are; where every person has a label, 60 or half of them."))
    var labelled: Int?

    func validate() throws {
      try require((labelled ?? 1) > 0, "--labelled must be 1 or more.")
    }
  }
}

extension SubstituteCommand {
  struct Mean: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Estimate a mean from people's labels of some persons and a model's of all.",
      discussion: """
        Prediction-powered inference (PPI++): the model's labels narrow the interval of
        the mean, and people's labels keep it honest. The independent unit is a person,
        so that a person's rows count as one mean. The multiplier says how many times
        as many labels by people would do as well without the model; no number of model
        labels takes it beyond the limit.

        Rows count as labelled where the split has a label. --labelled rehearses on a
        split with labels for everybody.

        Examples:
          invitro substitute mean -b newsemp18 -s all --labels llama=LABELS.tsv \\
            --labelled 60
          invitro substitute mean -b newsemp24 -s train --labels llama=LABELS.tsv \\
            --by gender,race
        """)

    @OptionGroup var model: Model
    @OptionGroup var rehearsal: RehearsalOptions

    @Option(help: "How often a rehearsal draws.") var draws: Int = 1000

    @Option(help: .value("gender,race,…", "Also estimate the means of these attributes' groups."))
    var by: String?

    @Flag(
      help: .init(
        "Take rows as independent even where persons wrote several. The intervals are then too "
          + "narrow.")) var rowsAreIndependent = false

    @OptionGroup var data: DataOptions
    @OptionGroup var result: ResultOptions

    func validate() throws {
      try model.checkOne()
      try require((1...100_000).contains(draws), "--draws must be from 1 to 100,000.")
    }

    func run() throws {
      let subject = try model.subject(data.home)
      let attributes = by?.split(separator: ",").map(String.init) ?? []
      try model.split.resolve(data.home).0.checkAttributes(attributes)
      let report = try MeanSubstitution(
        subject, labelled: rehearsal.labelled, draws: draws, attributes: attributes,
        byRow: rowsAreIndependent)
      try result.show(report, as: report.document)
    }
  }

  struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Score a system on people's labels of some persons and a model's of the others.",
      discussion: """
        The prediction-powered bootstrap over persons, for the PCC of a prediction
        file. It gains little where the model's labels are as noisy as the system's
        predictions, and the answer says how little.

        Example:
          invitro substitute score predictions.tsv --benchmark newsemp18 --split all \\
            --labels llama=LABELS.tsv --labelled 60
        """)

    @Argument(
      help: "The prediction file; - is standard input.", completion: Completions.predictions)
    var file: String

    @OptionGroup var model: Model
    @OptionGroup var rehearsal: RehearsalOptions

    @Option(help: "How often a rehearsal draws.") var draws: Int = 20
    @Option(help: "Number of bootstrap resamples.") var replicates: Int = 2000

    @OptionGroup var predictions: PredictionOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var result: ResultOptions

    func validate() throws {
      try model.checkOne()
      try require((1...10_000).contains(draws), "--draws must be from 1 to 10,000.")
      try require(
        (100...1_000_000).contains(replicates), "--replicates must lie between 100 and 1,000,000.")
    }

    func run() throws {
      let (definition, dataset) = try model.split.load(data.home)
      let read = try predictions.reader(definition, dataset).read(URL(filePath: file))
      FaultListing.show(read.warnings)
      let report = try ScoreSubstitution(
        model.subject(data.home), predictions: read, labelled: rehearsal.labelled, draws: draws,
        replicates: replicates)
      try result.show(report, as: report.document)
    }
  }

  struct Training: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try how much a model's labels add to training on few persons' labels.",
      discussion: """
        Draws persons whose texts people have labelled, and trains a ridge regression
        on these labels alone, and on these and the model's labels of all other
        persons, shifted to the same mean. Both predict persons that neither has seen.
        The break-even is the number of persons from which on the model's labels gain
        nothing significant.

        The regression uses word counts or, with --states, what `invitro embed` wrote.
        It stands in for fine-tuning because it is quick.

        Example:
          invitro substitute training --benchmark newsemp18 --split all \\
            --labels llama=LABELS.tsv --states DIR --svg curve.svg
        """)

    @OptionGroup var model: Model

    @Option(help: "Number of labelled persons to try; may be repeated. All are tried besides.")
    var persons: [Int] = [20, 40, 80, 160]

    @Option(help: "How often persons are drawn.") var draws: Int = 20

    @OptionGroup var text: FeatureOptions

    @Option(help: .value("file", "File to draw the curves to."), completion: .file()) var svg:
      String?

    @OptionGroup var data: DataOptions
    @OptionGroup var result: ResultOptions

    func validate() throws {
      try model.checkOne()
      try require((1...10_000).contains(draws), "--draws must be from 1 to 10,000.")
      try require(persons.allSatisfy { $0 >= 5 }, "--persons must be 5 or more.")
    }

    func run() throws {
      let bar = ProgressBar("training", unit: "draws")
      let report = try TrainingSubstitution(
        model.subject(data.home), features: text.features, sizes: persons, draws: draws
      ) { bar.update($0, of: $1) }
      if let svg {
        try AtomicFile.write(Data(report.plot.svg.utf8), to: URL(filePath: svg))
        Console.message("curves in \(svg)")
      }
      try result.show(report, as: report.document)
    }
  }

  struct Rater: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Test whether a model agrees with people as well as another person does.",
      discussion: """
        The alternative annotator test (Calderon, Reichart and Dror 2025). Each person
        in turn is compared with the model: which of the two is nearer to the other
        persons' ratings of the same item? --epsilon is what a rater's cost is worth:
        0.2 for experts, 0.15 for trained annotators, 0.1 for a crowd. The model may
        stand in where it wins over at least half of the raters.

        --ratings takes a table with a rating a line (CSV, or TSV or JSON lines by its
        name): item, rater, value and, where persons wrote several items, person. The
        model is one of the raters. With --benchmark in its place the answer is that
        one label a row cannot tell.

        Example:
          invitro substitute rater --ratings ratings.csv --model llama --epsilon 0.1
        """)

    @Option(help: .value("file", "The ratings of people and of the model."), completion: .file())
    var ratings: String?

    @Option(help: .value("name", "The rater that is the model.")) var model: String?

    @Option(help: "What a rater's cost is worth in agreement, from 0 to 1.") var epsilon: Double =
      0.1

    @Option(help: "False discovery rate over the raters.") var rate: Double = 0.05

    @OptionGroup var split: SplitOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var result: ResultOptions

    func validate() throws {
      try require(
        (ratings == nil) != (split.benchmark == nil),
        ratings == nil ? "Give --ratings." : "Give --ratings or --benchmark, not both.")
      try require(ratings == nil || model != nil, "Name the rater that is the model with --model.")
      try require((0...1).contains(epsilon), "--epsilon must be from 0 to 1.")
      try require(rate > 0 && rate < 1, "--rate must lie between 0 and 1.")
    }

    func run() throws {
      let report: RaterSubstitution
      if let ratings, let model {
        report = try RaterSubstitution(
          RatingTable(URL(filePath: ratings)), model: model, epsilon: epsilon, rate: rate)
      } else {
        let (definition, dataset) = try split.load(data.home)
        report = RaterSubstitution(
          benchmark: "\(definition.id)/\(dataset.split)", model: model ?? "a model",
          rows: dataset.rows.count, epsilon: epsilon, rate: rate)
      }
      try result.show(report, as: report.document)
    }
  }

  struct Ceiling: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Bracket the highest correlation with people's labels that any system can reach.",
      discussion: """
        Labels hold noise, and nobody predicts noise. How much there is follows only
        from assumptions: that texts do not show who wrote them, or that the errors of
        people and two other raters are independent (triple collocation). Each choice
        gives a ceiling of its own, and the answer is the lowest and the highest. The
        other raters are the models of --labels and a regression on the text that
        learned from other persons.

        Example:
          invitro substitute ceiling --benchmark newsemp18 --split all \\
            --labels llama=LLAMA.tsv --labels gpt=GPT.tsv --states DIR
        """)

    @OptionGroup var model: Model
    @OptionGroup var text: FeatureOptions
    @OptionGroup var data: DataOptions
    @OptionGroup var result: ResultOptions

    func validate() throws {
      try require(!model.labels.isEmpty, "Give at least one label file with --labels NAME=FILE.")
    }

    func run() throws {
      let report = try CeilingReport(
        model.load(data.home), features: text.features, level: model.level, seed: model.seed)
      try result.show(report, as: report.document)
    }
  }
}
