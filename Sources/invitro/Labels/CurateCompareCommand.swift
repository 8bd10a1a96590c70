public import ArgumentParser
import Foundation
import Harness
public import Reference
import Report
import Study

extension CurateCommand {
  struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare ways to correct labels, on persons that none of them has seen.",
      discussion: """
        Every way and control of `curate correct` chooses labels for training rows, a
        ridge regression learns them, and predicts held-out rows: those of new persons
        (cross-validation by person), or of new persons on new articles, since an
        article's mean label predicts labels by itself. Predictions are scored against
        the crowd's labels, by what one wants to know:

          A  the report of a new person: PCC, and CCC raw and calibrated. Raw CCC
             rewards the spread of predictions, which a correction sets by the way.
          B  the ranking of a person's own essays: PCC within persons. What a person
             answers everywhere cancels; this is the primary figure for a correction.
          C  how others read the essay: needs an independent rater and is not measured.

        Differences are to the crowd's labels, with intervals and swap tests over
        persons (p, unadjusted). Three contrasts are declared: the threshold less
        flagged-mean, em less blup, and em less the crowd's labels, each on PCC within
        persons.

        The regression uses word counts or, with --states, what `invitro embed` wrote.
        It stands in for fine-tuning because it is quick; its ranking of corrections
        need not hold for an encoder.

        Example:
          invitro curate compare -b newsemp18 -s all --llm llama=LABELS.tsv --states S
        """)

    @OptionGroup var labels: CorrectionOptions

    @Option(
      help: "Threshold of all ways and controls that have one; more of them add rows of threshold.")
    var alpha: [Double] = [4]

    @Option(help: "What is new about held-out rows.")
    var heldOut: CorrectionTrial.HeldOut = .persons

    @Option(
      help: .init(
        "Number of folds of persons, and of articles. Default: 10 for persons, 5 for "
          + "persons-and-articles (25 blocks).")) var folds: Int?

    @Option(help: "Seed of the folds, the draws and the swap test.") var seed: UInt64 = 0

    @OptionGroup var data: DataOptions
    @OptionGroup var result: ResultOptions

    func validate() throws {
      try require(
        alpha.allSatisfy((0...6).contains) && !alpha.isEmpty, "--alpha must be from 0 to 6.")
      try require((2...100).contains(folds ?? 2), "--folds must be from 2 to 100.")
      try checkingUsage { _ = try model() }
    }

    private func model() throws -> LabelFile {
      guard let llm = labels.llm else {
        throw StudyError.usage("Give the model's labels with --llm NAME=FILE.")
      }
      return try LabelFile.parse([llm], option: "--llm")[0]
    }

    func run() throws {
      var rated = try RatedSplit.load(
        data.home.benchmarks.find(labels.benchmark), split: labels.split, home: data.home)
      let model = try model()
      try rated.add([model], say: Console.message)
      let bar = ProgressBar("comparing", unit: "blocks")
      let report = try CorrectionReport(
        rated, llm: model.name, alphas: alpha, features: labels.text.features, heldOut: heldOut,
        folds: folds ?? (heldOut == .persons ? 10 : 5), seed: seed
      ) { bar.update($0, of: $1) }
      try result.show(report, as: report.document)
    }
  }
}

extension CorrectionWay: ExpressibleByArgument {}
extension CorrectionTrial.HeldOut: ExpressibleByArgument {}
