import Basics
import Foundation
public import Harness
import Metrics
import Reference

/// Finished runs of experiments, by the row of the paper's tables that they repeat: it follows from
/// an experiment's settings and the model's `config.json`, not from names. A run counts only with
/// the paper's recipe and five seeds.
public struct TrainingResults {
  private var runs: [String: Runs] = [:]
  /// Rows whose runs were trained otherwise than the paper's, and how.
  private var refused: [String: String] = [:]
  public let summaries: [ExperimentSummary]
  private let home: DataHome

  /// The seeds of one row.
  private struct Runs {
    var benchmark, schedule: String
    /// A prediction file by split, seed by seed.
    var files: [[String: URL]]
  }

  /// - Parameter paths: folders that `invitro experiment run` made, and summaries of experiments
  ///   (`summary.json`).
  public init(_ paths: [String], home: DataHome) throws {
    self.home = home
    summaries = try paths.compactMap { path in
      let isSummary = path.hasSuffix(".json")
      let file = URL(filePath: isSummary ? path : "\(path)/summary/summary.json")
      if FileManager.default.fileExists(atPath: file.path) {
        return try Documents.decode(ExperimentSummary.self, from: file)
      }
      guard !isSummary else {
        throw HarnessError.missing(path: path, hint: "`invitro experiment summary` makes it.")
      }
      return nil
    }
    for path in paths where !path.hasSuffix(".json") {
      let folder = ExperimentFolder(URL(filePath: path))
      let (experiment, index) = (try folder.experiment(), try folder.index())
      for row in experiment.rows {
        guard let entry = index.rows.first(where: { $0.name == row.name }) else { continue }
        let (settings, recipe) = (row.settings, row.settings.recipe)
        let found = try experiment.seeds.compactMap { seed in
          try Self.files(folder, entry.cells["\(seed)"])
        }
        let named = entry.encoder ?? URL(filePath: settings.model).lastPathComponent
        for id in Self.publishedRows(settings, encoder: named) where !found.isEmpty {
          if let why = Self.otherRecipe(recipe, for: id, entry.encoder, seeds: found.count) {
            refused[id] = why
          } else {
            runs[id] = Runs(
              benchmark: settings.benchmark, schedule: recipe.configuration.schedule.rawValue,
              files: found)
          }
        }
      }
    }
  }

  /// Prediction files of a finished cell by split; nil where it is not finished.
  private static func files(_ folder: ExperimentFolder, _ cell: String?) throws -> [String: URL]? {
    guard let cell, let done = try folder.done(cell) else { return nil }
    return try Dictionary(
      uniqueKeysWithValues: done.splits.map { ($0.split, try folder.verified(cell, $0)) })
  }

  /// That of Giorgi et al. 2024 as the paper's authors ran it again for table VIII: after Omitaomu et
  /// al. 2022, and what these leave open as PyTorch has it (the authors' `Giorgi2024Findings.yaml`).
  static var giorgi: TrainingConfiguration {
    var recipe = TrainingConfiguration()
    (recipe.learningRate, recipe.schedule, recipe.warmUpRatio) = (1e-5, .constant, 0)
    (recipe.optimizer.beta2, recipe.optimizer.epsilon) = (0.999, 1e-8)
    (recipe.optimizer.weightDecay, recipe.batchSize) = (0.01, 32)
    (recipe.epochs, recipe.earlyStopping) = (30, nil)
    return recipe
  }

  /// How a run differs from that of the published row `id`; nil where it does not.
  private static func otherRecipe(
    _ recipe: ExperimentRecipe, for id: String, _ encoder: String?, seeds: Int
  ) -> String? {
    guard encoder != nil else {
      return "other recipe: by its config.json the model is not the paper's encoder"
    }
    let configuration = recipe.configuration
    let follows =
      id.hasSuffix("/giorgi") ? configuration.follows(giorgi) : configuration.followsPaper
    guard follows, recipe.maxLength == 512, recipe.checkpoint == .last else {
      return "other recipe: the settings of training are not the paper's"
    }
    let least = Replication.SeedSpread.least
    return seeds < least ? "other recipe: \(seeds) of \(least) seeds" : nil
  }

  /// Ids of the published rows with these settings: tables V, VI and VIII may share one. A share of
  /// added data, as figure 3 has it, is named behind `@`.
  public static func publishedRows(_ settings: ExperimentSettings, encoder: String) -> [String] {
    guard settings.labels == Agreement.crowd, settings.way ?? .threshold == .threshold,
      settings.extra.allSatisfy({ Set($0.splits) == ["train", "dev"] })
    else { return [] }
    if settings.train.isEmpty, settings.benchmark == "newsemp23", settings.correct == nil,
      settings.extra.map(\.benchmark) == ["newsemp24"], settings.extra[0].portion == 1,
      settings.extra[0].labels == Agreement.crowd
    {
      return ["IV-A/newsemp24/\(encoder)/crowd"]
    }
    guard settings.train == ["train"] else { return [] }
    let base = "VI/\(settings.benchmark)/\(encoder)/crowd"
    if settings.correct == nil, let only = settings.extra.first, only.portion < 1 {
      return settings.extra.count == 1
        ? ["\(base)/\(only.benchmark):\(only.labels)@\(only.portion)"] : []
    }
    guard settings.extra.allSatisfy({ $0.portion == 1 }) else { return [] }
    var ids: [String] = []
    if settings.extra.allSatisfy({ $0.labels == Agreement.crowd }) {
      let sets = [settings.benchmark] + settings.extra.map(\.benchmark).sorted(by: >)
      let labels = settings.correct ?? Agreement.crowd
      let correction = settings.alpha.map { "\(labels):\($0)" } ?? labels
      ids.append("V/\(sets.joined(separator: "+"))/\(encoder)/\(correction)")
      if settings.correct == nil {
        ids.append("VIII/\(sets.joined(separator: "+"))/\(encoder)/giorgi")
      }
    }
    if settings.correct == nil, settings.extra.count < 2 {
      ids.append(settings.extra.first.map { "\(base)/\($0.benchmark):\($0.labels)" } ?? base)
    }
    return ids
  }

  /// A metric of every seed of a row.
  private struct Figures {
    var values: [Double] = []
    /// The interval over the test set's persons, seed by seed.
    var intervals: [Interval?] = []
    /// Seeds whose predictions have collapsed.
    var collapsed = 0
    let schedule: String
  }

  /// The figures of `row`, on the split that the paper scores it on.
  private func figures(_ row: String, _ metric: Metric) throws -> Figures {
    guard let runs = runs[row] else {
      throw NotRun(
        refused[row] ?? "no runs of training were given")
    }
    // NewsEmp22's test labels were never released; the paper has CCC and RMSE of dev.
    let split = runs.benchmark == "newsemp22" ? "dev" : "test"
    guard runs.benchmark != "newsemp22" || metric != .pcc else {
      throw NotRun("the test labels of NewsEmp22 were never released")
    }
    let definition = try home.benchmarks.find(runs.benchmark)
    guard home.has(definition.id, split) else {
      throw NotRun("\(definition.title) \(split) is not in the data home, to score the runs with")
    }
    let dataset = try home.load(definition, split: split)
    guard dataset.hasGold else {
      throw NotRun("\(definition.title) \(split) has no gold labels here")
    }
    let scorer = try Scorer(definition, dataset: dataset)
    let reader = PredictionReader(definition, dataset: dataset)
    var figures = Figures(schedule: runs.schedule)
    for file in runs.files.compactMap({ $0[split] }) {
      guard let rows = scorer.rows("empathy", of: try reader.read(file)) else { continue }
      if rows.isCollapsed { figures.collapsed += 1 }
      let inference = SystemInference(
        rows.sample, predictions: rows.predictions, options: InferenceOptions(form: .sample))
      guard let value = inference.figure(metric).value else { continue }
      figures.values.append(value)
      figures.intervals.append(inference.interval(metric).value)
    }
    guard !figures.values.isEmpty else {
      throw NotRun("the runs given have no defined \(metric.title) on \(split)")
    }
    return figures
  }

  /// Median or peak of a row with the spread over its seeds, and the interval of the run that it
  /// is the figure of (for the median of an even number, of the run just below it).
  func measurement(
    _ row: String, _ metric: Metric, _ statistic: Published.Statistic
  ) throws -> Replication.Measurement {
    let figures = try figures(row, metric)
    guard let seeds = SeedSummary.of(metric, figures.values).value else {
      throw NotRun("the runs given have no finite \(metric.title)")
    }
    let order = figures.values.indices.sorted { figures.values[$0] < figures.values[$1] }
    let place =
      switch statistic {
      case .peak: metric.higherIsBetter ? order[seeds.count - 1] : order[0]
      case .median: order[(seeds.count - 1) / 2]
      }
    let interval = figures.intervals[place]
    let collapsed =
      figures.collapsed > 0
      ? "; \(figures.collapsed) of \(seeds.count) seeds collapsed (predictions have "
        + "\(PairedMoments.collapseMeaning))" : ""
    return Replication.Measurement(
      statistic == .peak ? seeds.peak : seeds.median,
      seeds: .init(count: seeds.count, mean: seeds.mean, sd: seeds.deviation.value),
      low: interval?.low, high: interval?.high, note: "schedule by \(figures.schedule)" + collapsed)
  }

  /// Student's two-sided p over the seeds of two rows.
  func significance(
    _ row: String, _ baseline: String, _ metric: Metric
  ) throws -> Replication.Measurement {
    let (own, other) = (try figures(row, metric).values, try figures(baseline, metric).values)
    let p = StandardTests.student(own, other).map(\.p)
    return .init(
      try p.measured("the t-test is undefined"), note: "\(own.count) and \(other.count) seeds")
  }

  /// Ours over the threshold, for the plot of table V, and over the share of added data, for that of
  /// figure 3; and the sweeps of the summaries given.
  func sweeps(_ published: Published) throws -> [Sweep] {
    let thresholds = published.training.compactMap { row in
      row.table == "V" && row.train == ["newsemp24", "newsemp22"] && runs[row.id] != nil
        ? row.alpha.map { (x: $0, id: row.id) } : nil
    }
    let shares = Published.sharesOfAddedData.filter { runs[$0.id] != nil }
    let alpha = try Published.Statistic.allCases.compactMap {
      try series("ours, \($0.rawValue)", thresholds, .pcc, $0)
    }
    let share = try [Metric.pcc, .ccc].compactMap {
      try series("ours, \($0.title)", shares, $0, .median)
    }
    let own = [
      Sweep(title: Published.alphaSweepTitle, variable: "alpha", metric: "PCC", series: alpha),
      Sweep(
        title: Published.shareSweepTitle, variable: ExperimentSummary.portionVariable,
        metric: "PCC and CCC, medians", series: share),
    ]
    return ([try significanceBars(published)] + own).filter { !$0.series.isEmpty }
      + summaries.flatMap { summary in
        summary.splits.flatMap { split in
          split.sweeps.map { sweep in
            var sweep = sweep
            let metric = Metric(named: sweep.metric)?.title ?? sweep.metric
            sweep.title = "\(summary.title): \(metric), \(split.benchmark)/\(split.split)"
            return sweep
          }
        }
      }
  }
}

extension TrainingResults {
  /// Figure 1 with ours: mean ± SD over seeds of each metric, with crowd labels alone and with the
  /// rows that are tested against them. Empty where none was run.
  private func significanceBars(_ published: Published) throws -> Sweep {
    let rows =
      [(id: Published.crowdRow, name: "crowd labels")]
      + published.significance.map { (id: $0.id, name: $0.settings) }
    let series = try rows.compactMap { row -> Sweep.Series? in
      guard runs[row.id] != nil else { return nil }
      let points = try Published.metrics.enumerated().compactMap { place, metric in
        do {
          let values = try figures(row.id, metric).values
          guard let seeds = SeedSummary.of(metric, values).value else { return nil as Sweep.Point? }
          let sd = seeds.deviation.value
          return Sweep.Point(
            x: Double(place), y: seeds.mean, low: sd.map { seeds.mean - $0 },
            high: sd.map { seeds.mean + $0 })
        } catch is NotRun { return nil }
      }
      return points.isEmpty ? nil : Sweep.Series(name: "ours, \(row.name)", points: points)
    }
    return Sweep(
      title: "Figure 1: RoBERTa on NewsEmp24, mean ± SD over seeds", variable: "metric",
      metric: "mean over seeds", categories: Published.metrics.map(\.title), series: series)
  }

  /// A figure of the rows that were run, over a variable; nil where none was.
  private func series(
    _ name: String, _ rows: [(x: Double, id: String)], _ metric: Metric,
    _ statistic: Published.Statistic
  ) throws -> Sweep.Series? {
    let points = try rows.compactMap { row -> Sweep.Point? in
      do {
        let ours = try measurement(row.id, metric, statistic)
        return Sweep.Point(x: row.x, y: ours.value, low: ours.low, high: ours.high)
      } catch is NotRun { return nil }
    }
    return points.isEmpty ? nil : Sweep.Series(name: name, points: points)
  }
}

/// Silhouettes that `invitro embed` measured, by whose labels the bins are of.
public struct EmbeddingResults {
  private var reports: [String: EmbeddingReport] = [:]

  /// - Parameter folders: folders that `invitro embed` wrote.
  public init(_ folders: [String]) throws {
    for folder in folders {
      let file = URL(filePath: folder).appending(path: EmbeddingReport.name)
      guard FileManager.default.fileExists(atPath: file.path) else {
        throw HarnessError.missing(path: file.relativePath, hint: "`invitro embed` makes it.")
      }
      let report = try Documents.decode(EmbeddingReport.self, from: file)
      // The paper's rows are NewsEmp24's, with NewsEmp22's where a model's labels are added.
      guard report.sets.contains("newsemp24/train") else { continue }
      reports[report.labels] = report
    }
  }

  /// - Parameter labels: `crowd`, `llm` or `crowd+llm`.
  func measurement(_ labels: String) throws -> Replication.Measurement {
    guard let report = reports[labels] else {
      throw NotRun("no states of NewsEmp24's training rows with labels by \(labels) were given")
    }
    guard report.followsPaper == true else {
      throw NotRun(
        "other recipe: the states are not of roberta-base trained by the paper's settings")
    }
    guard let value = report.silhouette else {
      throw NotRun("undefined: \(report.undefined ?? "no value")")
    }
    return .init(value, note: "\(report.rows) rows, \(report.model)")
  }
}
