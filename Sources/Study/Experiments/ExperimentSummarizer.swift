import Basics
import Foundation
public import Harness
import Metrics

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
      notes: try notes(rows.map(\.1)) + collapseNotes(splits))
  }

  /// Nil where the split has no labels or no cell is finished.
  private func split(
    _ benchmark: String, _ split: String, _ rows: [(Experiment.Row, ExperimentIndex.Row)]
  ) throws -> ExperimentSummary.Split? {
    let dataset = try inputs.dataset(benchmark, split)
    guard dataset.hasGold else { return nil }
    let definition = try inputs.home.benchmarks.find(benchmark)
    let scorer = try Scorer(definition, dataset: dataset, options: options)
    let reader = PredictionReader(definition, dataset: dataset)
    let runs = try rows.map { row, entry in try self.runs(row, entry, split, reader) }
      .filter { !$0.seeds.isEmpty }
    guard let first = runs.first, let mean = Predictions.mean(of: first.predictions) else {
      return nil
    }
    let shape = ReleaseRule.open.release(try scorer.score(mean))
    let baseline = runs.first { $0.row.name == experiment.baseline }
    var made = ExperimentSummary.Split(
      benchmark: benchmark, split: split, n: shape.n, clusters: shape.clusters,
      rows: try runs.map { try figures($0, baseline, scorer) }, signature: shape.signature)
    adjust(&made.rows)
    made.sweeps = ExperimentSweeps(rows: runs.map(\.row), split: made).sweeps
    return made
  }

  private func runs(
    _ row: Experiment.Row, _ entry: ExperimentIndex.Row, _ split: String, _ reader: PredictionReader
  ) throws -> Runs {
    var seeds: [UInt64] = []
    var predictions: [Predictions] = []
    for seed in experiment.seeds {
      guard let cell = entry.cells["\(seed)"], let done = try folder.done(cell),
        let record = done.splits.first(where: { $0.split == split })
      else { continue }
      predictions.append(try reader.read(folder.verified(cell, record)))
      seeds.append(seed)
    }
    return Runs(row: row, entry: entry, seeds: seeds, predictions: predictions)
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
    if experiment.seeds.count < 3 {
      notes.append("Fewer than 3 seeds: nothing can be said over seeds.")
    }
    return notes
  }
}
