import Foundation
public import Harness
import Reference

/// The data, labels and models of an experiment, each read once.
public final class ExperimentInputs {
  public let experiment: Experiment
  public let home: DataHome
  /// The experiment's file as the user named it.
  public let name: String
  private var datasets: [String: Dataset] = [:]
  private var rated: [String: RatedSplit] = [:]
  private var models: [String: String] = [:]
  private var folds: [String: [Int]] = [:]
  /// Told what a reader should know of labels that are joined on.
  private let say: (String) -> Void

  public init(
    _ experiment: Experiment, home: DataHome, name: String,
    say: @escaping (String) -> Void = { _ in }
  ) {
    (self.experiment, self.home, self.name, self.say) = (experiment, home, name, say)
  }

  /// A path of the file: below the data home unless absolute.
  func url(_ path: String) -> URL {
    path.hasPrefix("/") ? URL(filePath: path) : home.url.appending(path: path)
  }

  private func once<Value>(
    _ kept: ReferenceWritableKeyPath<ExperimentInputs, [String: Value]>, _ key: String,
    _ make: () throws -> Value
  ) rethrows -> Value {
    if let known = self[keyPath: kept][key] { return known }
    let made = try make()
    self[keyPath: kept][key] = made
    return made
  }

  public func dataset(_ benchmark: String, _ split: String) throws -> Dataset {
    try once(\.datasets, "\(benchmark)/\(split)") {
      try home.load(home.benchmarks.find(benchmark), split: split)
    }
  }

  /// The rows of a split that a cell predicts: all, or those of its fold.
  func evaluated(_ settings: ExperimentSettings, _ split: String, fold: Int?) throws -> Dataset {
    try evaluated(settings.benchmark, split, folds: fold.map { [$0] })
  }

  /// The rows of a split, or those of some folds.
  func evaluated(_ benchmark: String, _ split: String, folds: [Int]?) throws -> Dataset {
    let whole = try dataset(benchmark, split)
    guard let folds else { return whole }
    let places = try foldOf(benchmark)
    return whole.filtered { folds.contains(places[$0]) }
  }

  /// The fold of each row of the split that is cut into folds.
  private func foldOf(_ benchmark: String) throws -> [Int] {
    guard let cut = experiment.folds else { return [] }
    return try once(\.folds, benchmark) {
      try cut.places(of: dataset(benchmark, cut.split))
    }
  }

  /// SHA-256 of a row's pretrained model.
  func modelDigest(_ settings: ExperimentSettings) throws -> String {
    try once(\.models, settings.model) { try ModelDirectory.digest(of: url(settings.model)) }
  }

  /// The published encoder that a row's model is by its `config.json`, whatever its folder is named.
  func encoder(_ settings: ExperimentSettings) throws -> String? {
    try ModelConfiguration(contentsOf: url(settings.model).appending(path: "config.json"))
      .publishedName
  }

  /// The rows that a row of the experiment trains on, without those of `fold`. Labels are corrected
  /// by what these rows say alone.
  func training(_ settings: ExperimentSettings, fold: Int?) throws -> TrainingTable {
    let held = Set(experiment.evaluate + (settings.validation.map { [$0] } ?? [])).sorted()
    let texts = try held.flatMap { try evaluated(settings, $0, fold: fold).rows.map(\.text) }
    var table = TrainingTable(
      target: try home.benchmarks.find(settings.benchmark).mainTarget, evaluation: texts,
      overlap: settings.keepOverlap ? .keep : .refuse)
    for split in settings.train {
      let rows = try ratedSplit(settings.benchmark, split, settings.labels, settings)
      try table.add(
        essays(rows, settings.labels, settings, fold: fold), set: rows.set,
        correction: settings.correction(of: settings.labels))
    }
    for extra in settings.extra {
      for split in extra.splits {
        let rows = try ratedSplit(extra.benchmark, split, extra.labels, settings)
        try table.add(
          essays(rows, extra.labels, settings), set: rows.set,
          correction: settings.correction(of: extra.labels), portion: extra.portion,
          seed: extra.seed)
      }
    }
    return table
  }

  /// The rows of a split without those of `fold`, with the text's own prediction as a rater where
  /// labels are chosen with it: a regression on word counts.
  private func essays(
    _ rows: RatedSplit, _ labels: String, _ settings: ExperimentSettings, fold: Int? = nil
  ) throws -> [LabelledEssay] {
    var essays = rows.essays
    if let fold {
      let places = try foldOf(settings.benchmark)
      essays = essays.indices.filter { places[$0] != fold }.map { essays[$0] }
    }
    if let count = settings.persons {
      essays = LabelledEssay.keepingCrowd(
        essays, persons: count, seed: settings.personSeed, rest: settings.rest)
    }
    guard settings.readsText(for: labels) else { return essays }
    return try LabelledEssay.addingTextRater(
      essays, features: WordFeatures.extract(essays.map(\.text)),
      name: LabelledEssay.textRater(beside: settings.correct))
  }

  /// The rows of a table with the labels that they train with.
  func labelled(_ table: TrainingTable, _ settings: ExperimentSettings) throws -> LabelledRows {
    guard settings.labelsLikeCrowd else { return LabelledRows(table.rows) }
    var crowd: [[String]: Double] = [:]
    let own = settings.train.map { (settings.benchmark, $0) }
    let added = settings.extra.flatMap { extra in extra.splits.map { (extra.benchmark, $0) } }
    for (benchmark, split) in own + added {
      let target = try home.benchmarks.find(benchmark).mainTarget
      for row in try dataset(benchmark, split).rows {
        crowd[["\(benchmark)/\(split)", row.id]] = row.labels[target]
      }
    }
    let labels = table.rows.map { [Optional($0.label)] }
    let scalings = try ReferenceLabels.scalings(
      labels, like: table.rows.map { [crowd[[$0.set, $0.id]]] },
      targets: [home.benchmarks.find(settings.benchmark).mainTarget])
    return LabelledRows(
      table.rows.map { TextInput($0.text) }, labels: labels.map(scalings.apply))
  }

  /// The rows of the validation split that have a label; none where folds are trained on.
  func validation(_ settings: ExperimentSettings) throws -> LabelledRows {
    guard let split = settings.validation else { return LabelledRows([CuratedEssay]()) }
    let held = try dataset(settings.benchmark, split)
    let target = try home.benchmarks.find(settings.benchmark).mainTarget
    return try LabelledRows(held, [held.gold(target)])
  }

  /// A split with the labels of the model that chooses among its rows' labels, if one does.
  private func ratedSplit(
    _ benchmark: String, _ split: String, _ labels: String, _ settings: ExperimentSettings
  ) throws -> RatedSplit {
    let model = settings.model(for: labels)
    return try once(\.rated, "\(benchmark)/\(split) \(model ?? "")") {
      var made = RatedSplit(try home.benchmarks.find(benchmark), try dataset(benchmark, split))
      guard let model else { return made }
      let files = labelURLs(model, benchmark).map {
        LabelFile(name: model, path: $0.relativePath, column: nil)
      }
      try made.add(files, say: say)
      return made
    }
  }

  private func labelURLs(_ model: String, _ benchmark: String) -> [URL] {
    (experiment.labelFiles[model]?[benchmark] ?? []).map(url)
  }

  /// Throws with every benchmark and split that is unknown, or every input that is not there.
  public func check() throws {
    var faults: [StudyError.Diagnostic] = []
    var missing: [StudyError.Input] = []
    for row in experiment.rows {
      let validation = row.settings.validation.map { [$0] } ?? []
      let own = row.settings.train + validation + experiment.evaluate
      let needs =
        own.map { (row.settings.benchmark, $0) }
        + row.settings.extra.flatMap { extra in extra.splits.map { (extra.benchmark, $0) } }
      for (benchmark, split) in needs {
        do {
          try home.benchmarks.find(benchmark).checkSplit(split)
          _ = try dataset(benchmark, split)
        } catch HarnessError.usage(let text) {
          faults.append(.init(place: row.place, found: benchmark, expected: "known data: \(text)"))
        } catch HarnessError.missing(let path, let hint) {
          missing.append(.init(path: path, hint: hint))
        }
      }
      missing += missingFiles(row.settings)
    }
    if !faults.isEmpty { throw StudyError.invalid(path: name, faults: faults.unique) }
    if !missing.isEmpty { throw StudyError.missing(path: name, inputs: missing.unique) }
  }

  /// Rows that a row of the experiment trains on, by the definitions; nil where one leaves it open.
  func expectedRows(_ settings: ExperimentSettings) throws -> Int? {
    let own = settings.train.map { (settings.benchmark, $0, 1.0) }
    let added = settings.extra.flatMap { extra in
      extra.splits.map { (extra.benchmark, $0, extra.portion) }
    }
    var total = 0
    for (benchmark, split, portion) in own + added {
      guard let rows = try home.benchmarks.find(benchmark).expectedRows(split) else { return nil }
      total += Int((Double(rows) * portion).rounded())
    }
    return experiment.folds.map { total * ($0.count - 1) / $0.count } ?? total
  }

  private func missingFiles(_ settings: ExperimentSettings) -> [StudyError.Input] {
    let model =
      "It belongs to the pretrained model: put the Hugging Face folder of "
      + "\(URL(filePath: settings.model).lastPathComponent) there."
    let labels = settings.sources.flatMap { source, benchmark in
      settings.model(for: source).map { labelURLs($0, benchmark) } ?? []
    }
    let files =
      [(url(settings.model).appending(path: "config.json"), model)]
      + labels.map { ($0, "`invitro data fetch llmpathy` gets the published label files.") }
    return files.filter { !FileManager.default.fileExists(atPath: $0.0.path) }
      .map { .init(path: $0.0.relativePath, hint: $0.1) }
  }
}
