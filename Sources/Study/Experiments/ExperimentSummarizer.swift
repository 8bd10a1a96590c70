import Basics
import Foundation
public import Harness
import Metrics
import Reference

/// Reads the finished cells of an experiment and compares its rows.
public struct ExperimentSummarizer {
  private let inputs: ExperimentInputs
  private let folder: ExperimentFolder
  private let index: ExperimentIndex
  private let options: ScoringOptions

  public init(
    inputs: ExperimentInputs, folder: ExperimentFolder, index: ExperimentIndex,
    options: ScoringOptions
  ) {
    (self.inputs, self.folder) = (inputs, folder)
    (self.index, self.options) = (index, options)
  }

  private var experiment: Experiment { inputs.experiment }

  /// One row with the predictions of its finished seeds.
  private struct Runs {
    let row: Experiment.Row
    let entry: ExperimentIndex.Row
    let seeds: [UInt64]
    let predictions: [Predictions]
    /// The labels' SDs that each seed predicts; empty where its head predicts none.
    let sds: [[Double]]
  }

  public func summary() throws -> ExperimentSummary {
    let rows = try experiment.rows.map { row in
      guard let entry = index.rows.first(where: { $0.name == row.name }) else {
        throw StudyError.folder(
          path: folder.url.relativePath, problem: "index.json has no row named \(row.name)")
      }
      return (row, entry)
    }
    let splits = try rows.map(\.1.benchmark).unique.flatMap { benchmark in
      try experiment.evaluate.compactMap { split in
        try self.split(benchmark, split, rows.filter { $0.1.benchmark == benchmark })
      }
    }
    return ExperimentSummary(
      name: experiment.name, title: experiment.title, seeds: experiment.seeds,
      baseline: experiment.baseline, splits: splits,
      notes: try notes(rows.map(\.1)) + collapseNotes(splits) + calibrationNotes(splits))
  }

  /// Nil where the split has no labels or no cell is finished.
  private func split(
    _ benchmark: String, _ split: String, _ rows: [(Experiment.Row, ExperimentIndex.Row)]
  ) throws -> ExperimentSummary.Split? {
    let finished = try finished(rows.map(\.1), split)
    let dataset = try inputs.evaluated(benchmark, split, folds: finished.folds)
    guard dataset.hasGold, !dataset.rows.isEmpty else { return nil }
    let definition = try inputs.home.benchmarks.find(benchmark)
    let scorer = try Scorer(definition, dataset: dataset, options: options)
    let reader = PredictionReader(definition, dataset: dataset)
    let runs = try rows.map { row, entry in
      try self.runs(row, entry, dataset, finished, reader)
    }
    .filter { !$0.seeds.isEmpty }
    guard let first = runs.first, let mean = Predictions.mean(of: first.predictions) else {
      return nil
    }
    let shape = ReleaseRule.open.release(try scorer.score(mean))
    let baseline = runs.first { $0.row.name == experiment.baseline }
    var made = ExperimentSummary.Split(
      benchmark: benchmark, split: split, n: shape.n, clusters: shape.clusters,
      rows: try runs.map { runs in
        var row = try figures(runs, baseline, scorer)
        row.calibration = calibration(
          runs, of: definition.mainTarget, dataset.gold(definition.mainTarget))
        return row
      }, signature: shape.signature)
    adjust(&made.rows)
    made.contrasts = contrasts(runs, scorer)
    made.sweeps = ExperimentSweeps(rows: runs.map(\.row), split: made).sweeps
    return made
  }

  /// What can be compared: of folds, those that every row that is begun has with every seed that counts.
  private struct Finished {
    let seeds: [UInt64]
    let folds: [Int]?
  }

  /// A row without a finished cell holds the others back nowhere. A seed counts if every other row has
  /// a fold in common with it; without folds each row has its own seeds.
  private func finished(_ entries: [ExperimentIndex.Row], _ split: String) throws -> Finished {
    guard let cut = experiment.folds else { return Finished(seeds: experiment.seeds, folds: nil) }
    func isDone(_ entry: ExperimentIndex.Row, _ seed: UInt64, _ fold: Int) throws -> Bool {
      try record(entry, seed, fold, split) != nil
    }
    let begun = try entries.filter { entry in
      try experiment.seeds.contains { seed in
        try (0..<cut.count).contains { try isDone(entry, seed, $0) }
      }
    }
    func isDone(_ seed: UInt64, _ fold: Int) throws -> Bool {
      try !begun.isEmpty && begun.allSatisfy { try isDone($0, seed, fold) }
    }
    let seeds = try experiment.seeds.filter { seed in
      try (0..<cut.count).contains { try isDone(seed, $0) }
    }
    let folds = try (0..<cut.count).filter { fold in
      try !seeds.isEmpty && seeds.allSatisfy { try isDone($0, fold) }
    }
    return Finished(seeds: seeds, folds: folds)
  }

  /// The cell of a row and what it did on `split`; nil where it is not finished.
  private func record(
    _ entry: ExperimentIndex.Row, _ seed: UInt64, _ fold: Int?, _ split: String
  ) throws -> (cell: String, split: ExperimentFolder.Done.Split)? {
    guard let cell = entry.cell(seed, fold), let done = try folder.done(cell) else { return nil }
    return done.splits.first { $0.split == split }.map { (cell, $0) }
  }

  private func runs(
    _ row: Experiment.Row, _ entry: ExperimentIndex.Row, _ dataset: Dataset, _ finished: Finished,
    _ reader: PredictionReader
  ) throws -> Runs {
    var seeds: [UInt64] = []
    var predictions: [Predictions] = []
    var sds: [[Double]] = []
    for seed in finished.seeds {
      let folds = finished.folds.map { $0.map { $0 as Int? } } ?? [nil]
      let records = try folds.compactMap { try record(entry, seed, $0, dataset.split) }
      guard records.count == folds.count, !records.isEmpty else { continue }
      let files = try records.map { try folder.verified($0.cell, $0.split) }
      predictions.append(try pooled(files, reader))
      try PredictionFormat.sds(in: files, of: dataset).map { sds.append($0) }
      seeds.append(seed)
    }
    return Runs(row: row, entry: entry, seeds: seeds, predictions: predictions, sds: sds)
  }

  /// The calibration of a row all of whose seeds predict SDs, by the rows that have a label.
  private func calibration(
    _ runs: Runs, of target: String, _ gold: [Double?]
  ) -> ExperimentSummary.CalibrationFigures? {
    let means = runs.predictions.compactMap { $0.columns[target]?.values }
    guard !means.isEmpty, means.count == runs.sds.count else { return nil }
    let places = gold.indices.filter { gold[$0] != nil }
    let labels = places.compactMap { gold[$0] }
    func figures(_ predictions: ModelPredictions) -> Calibration? {
      Calibration(
        means: places.map { Double(predictions.means[$0][0]) },
        sds: places.map { Double(predictions.sds?[$0][0] ?? 0) }, labels: labels)?.published
    }
    let seeds = zip(means, runs.sds).map { means, sds in
      ModelPredictions(
        means: means.map { [Float($0)] }, sds: sds.map { [Float($0)] }, spread: .label)
    }
    let each = seeds.compactMap(figures)
    guard each.count == seeds.count else { return nil }
    return ExperimentSummary.CalibrationFigures(
      seeds: each, mixture: seeds.count > 1 ? figures(ModelPredictions(averaging: seeds)) : nil)
  }

  /// The predictions of folds as those of one file.
  private func pooled(_ files: [URL], _ reader: PredictionReader) throws -> Predictions {
    guard let first = files.first, files.count > 1 else { return try reader.read(files[0]) }
    var text = try String(contentsOf: first, encoding: .utf8)
    for file in files.dropFirst() {
      let rows = try String(contentsOf: file, encoding: .utf8)
      text += rows[(rows.firstIndex(of: "\n") ?? rows.endIndex)...].dropFirst()
    }
    return try reader.read(Data(text.utf8), name: first.relativePath)
  }

  private func figures(
    _ runs: Runs, _ baseline: Runs?, _ scorer: Scorer
  ) throws -> ExperimentSummary.Row {
    var made = ExperimentSummary.Row(
      name: runs.row.name, trainingRows: runs.entry.rows, replaced: runs.entry.replaced,
      seeds: runs.seeds)
    guard let mean = Predictions.mean(of: runs.predictions) else { return made }
    let collapsed = zip(runs.seeds, runs.predictions).filter { scorer.isCollapsed($1) }.map(\.0)
    made.collapsed = collapsed.isEmpty ? nil : collapsed
    let isBaseline = baseline?.row.name == runs.row.name
    let other = isBaseline ? nil : baseline
    let overSeeds = RunsReport(
      scorer, runs.predictions, named: runs.row.name, other?.predictions ?? runs.predictions,
      named: other?.row.name ?? runs.row.name)
    let target = scorer.definition.mainTarget
    let averaged = ReleaseRule.open.release(try scorer.score(mean)).targets[target]
    let pair = try other.flatMap { other in
      try Predictions.mean(of: other.predictions).map {
        try scorer.compare(mean, named: runs.row.name, $0, named: other.row.name)
      }
    }?.targets[target]
    for metric in Metric.all {
      guard var comparison = overSeeds.metrics[metric] else { continue }
      let summary = comparison.first
      (comparison.first, comparison.second) = (nil, nil)
      made.metrics[metric] = ExperimentSummary.Figures(
        values: scorer.values(of: metric, in: runs.predictions).compactMap(Rounding.published),
        overSeeds: summary, seedTest: other == nil ? nil : comparison, averaged: averaged?[metric],
        rowTest: pair?.metrics[metric].map {
          .init(
            difference: $0.difference, low: $0.low, high: $0.high, p: $0.p, undefined: $0.undefined)
        })
    }
    made.pccWithin = ExperimentYardstick.pccWithin.figures(
      runs.predictions, against: other?.predictions, scorer)
    made.cccCalibrated = ExperimentYardstick.cccCalibrated.figures(
      runs.predictions, against: other?.predictions, scorer)
    made.biasFactor = scorer.rows(target, of: mean).flatMap {
      let moments = PairedMoments(predictions: $0.predictions, gold: $0.sample.gold)
      return Rounding.published(moments.biasFactor.value)
    }
    return made
  }

  private func collapseNotes(_ splits: [ExperimentSummary.Split]) -> [String] {
    splits.flatMap { split in
      split.rows.compactMap { row in
        row.collapsed.map { seeds in
          let names = seeds.map { "\($0)" }.joined(separator: ", ")
          return "\(split.benchmark)/\(split.split), \(row.name): collapsed with seed \(names) "
            + "(predictions have \(PairedMoments.collapseMeaning))."
        }
      }
    }
  }

  private func calibrationNotes(_ splits: [ExperimentSummary.Split]) -> [String] {
    splits.flatMap { split in
      split.rows.compactMap { row in
        row.calibration.map { calibration in
          let count = calibration.seeds.count
          let own =
            "\(Calibration.mean(of: calibration.seeds)) (mean over "
            + "\(count == 1 ? "one seed" : "\(count) seeds"))"
          let mixture = calibration.mixture.map { "; the mixture of the seeds: \($0)" } ?? ""
          return "\(split.benchmark)/\(split.split), \(row.name), predicted SDs: \(own)\(mixture)."
        }
      }
    }
  }

  /// The declared contrasts of rows that are both here, with the seeds that both have.
  private func contrasts(_ runs: [Runs], _ scorer: Scorer) -> [ExperimentSummary.Contrast]? {
    var made = experiment.contrasts.compactMap { declared -> ExperimentSummary.Contrast? in
      guard let one = runs.first(where: { $0.row.name == declared.row }),
        let other = runs.first(where: { $0.row.name == declared.less })
      else { return nil }
      let pairs = zip(one.seeds, one.predictions).compactMap { seed, predictions in
        other.seeds.firstIndex(of: seed).map { (predictions, other.predictions[$0]) }
      }
      guard !pairs.isEmpty else { return nil }
      return declared.yardstick.contrast(declared, pairs.map(\.0), pairs.map(\.1), scorer)
    }
    let tested = made.indices.filter { made[$0].p != nil }
    for (place, p) in zip(tested, Adjustment.holm.adjust(tested.compactMap { made[$0].p })) {
      made[place].adjusted = Rounding.p(p)
    }
    return made.isEmpty ? nil : made
  }

  /// Holm's adjustment of the tests over persons, over the rows of each metric.
  private func adjust(_ rows: inout [ExperimentSummary.Row]) {
    func adjust(_ figures: WritableKeyPath<ExperimentSummary.Row, ExperimentSummary.Figures?>) {
      let tested = rows.indices.filter { rows[$0][keyPath: figures]?.rowTest?.p != nil }
      let adjusted = Adjustment.holm.adjust(
        tested.compactMap { rows[$0][keyPath: figures]?.rowTest?.p })
      for (place, p) in zip(tested, adjusted) {
        rows[place][keyPath: figures]?.rowTest?.adjusted = Rounding.p(p)
      }
    }
    for metric in Metric.all { adjust(\.metrics[metric]) }
    adjust(\.pccWithin)
    adjust(\.cccCalibrated)
  }

  private func notes(_ entries: [ExperimentIndex.Row]) throws -> [String] {
    var notes: [String] = []
    let names = Set(entries.flatMap { $0.cells.values })
    let done = try names.compactMap { try folder.done($0) }
    if done.count < names.count {
      notes.append("\(names.count - done.count) of \(names.count) cells are not finished.")
    }
    let kernels = Set(done.map(\.kernel)).sorted()
    if kernels.count > 1 {
      notes.append(
        "Cells were computed with different OpenBLAS kernels (\(kernels.joined(separator: ", "))): "
          + "the same cell may have other bits on another machine.")
    }
    let overlap = entries.filter { $0.overlap > 0 }
    if let most = overlap.map(\.overlap).max() {
      let kept = experiment.rows.contains { $0.settings.keepOverlap }
      notes.append(
        "Up to \(most) rows that also stand in the validation or an evaluated split were "
          + (kept ? "kept where the file asks for it." : "left out of training."))
    }
    if let cut = experiment.folds {
      notes.append(
        "Predictions of \(cut.count) folds of persons are pooled: each row is predicted by a model "
          + "that saw none of its person's rows. Only folds that every row here has finished count."
      )
      let open = try entries.filter { entry in
        try entry.cells.values.allSatisfy { try folder.done($0) == nil }
      }
      if !open.isEmpty {
        notes.append("Nothing is finished yet of: \(open.map(\.name).joined(separator: "; ")).")
      }
    }
    if experiment.seeds.count < 3 {
      notes.append("Fewer than 3 seeds: nothing can be said over seeds.")
    }
    return notes
  }
}

extension Calibration {
  /// As it may stand in a summary.
  fileprivate var published: Calibration {
    var rounded = self
    for figure in Self.figures {
      rounded[keyPath: figure] = Rounding.published(self[keyPath: figure]) ?? 0
    }
    return rounded
  }
}
