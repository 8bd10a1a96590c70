public import Foundation
public import Harness
public import Reference

/// The data, labels and models of an experiment, each read once.
public final class ExperimentInputs {
  public let experiment: Experiment
  public let home: DataHome
  /// The experiment's file as the user named it.
  public let name: String
  private var definitions: [String: BenchmarkDefinition] = [:]
  private var datasets: [String: Dataset] = [:]
  private var rated: [String: RatedSplit] = [:]
  private var models: [String: String] = [:]

  /// Told what a reader should know of labels that are joined on.
  private let say: (String) -> Void

  public init(
    _ experiment: Experiment, home: DataHome, name: String,
    say: @escaping (String) -> Void = { _ in }
  ) {
    (self.experiment, self.home, self.name, self.say) = (experiment, home, name, say)
  }

  /// A path of the file: below the data home unless absolute.
  public func url(_ path: String) -> URL {
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

  public func definition(_ benchmark: String) throws -> BenchmarkDefinition {
    try once(\.definitions, benchmark) { try BenchmarkRegistry.find(benchmark) }
  }

  public func dataset(_ benchmark: String, _ split: String) throws -> Dataset {
    try once(\.datasets, "\(benchmark)/\(split)") {
      try home.load(definition(benchmark), split: split)
    }
  }

  /// SHA-256 of a row's pretrained model.
  public func modelDigest(_ settings: ExperimentSettings) throws -> String {
    try once(\.models, settings.model) { try ModelDirectory.digest(of: url(settings.model)) }
  }

  /// The published encoder that a row's model is by its `config.json`, whatever its folder is named.
  func encoder(_ settings: ExperimentSettings) throws -> String? {
    try ModelConfiguration(contentsOf: url(settings.model).appending(path: "config.json"))
      .publishedName
  }

  /// The rows that a row of the experiment trains on.
  public func training(_ settings: ExperimentSettings) throws -> TrainingTable {
    let texts = try Set([settings.validation] + experiment.evaluate).sorted().flatMap {
      try dataset(settings.benchmark, $0).rows.map(\.text)
    }
    var table = TrainingTable(
      target: try definition(settings.benchmark).primary.target, evaluation: texts,
      overlap: settings.keepOverlap ? .keep : .refuse)
    for split in settings.train {
      let rows = try ratedSplit(settings.benchmark, split, settings.labels, settings)
      try table.add(
        rows.essays, set: rows.set, correction: settings.correction(of: settings.labels))
    }
    for extra in settings.extra {
      for split in extra.splits {
        let rows = try ratedSplit(extra.benchmark, split, extra.labels, settings)
        try table.add(
          rows.essays, set: rows.set, correction: settings.correction(of: extra.labels),
          portion: extra.portion, seed: extra.seed)
      }
    }
    return table
  }

  /// The rows of the validation split that have a label.
  public func validation(_ settings: ExperimentSettings) throws -> LabelledRows {
    let held = try dataset(settings.benchmark, settings.validation)
    let target = try definition(settings.benchmark).primary.target
    let rows = held.rows.filter { $0.labels[target] != nil }
    return LabelledRows(rows.map(\.text), labels: rows.compactMap { $0.labels[target] })
  }

  /// A split with the labels of the model that chooses among its rows' labels, if one does.
  private func ratedSplit(
    _ benchmark: String, _ split: String, _ labels: String, _ settings: ExperimentSettings
  ) throws -> RatedSplit {
    let model = Self.model(labels, settings)
    return try once(\.rated, "\(benchmark)/\(split) \(model ?? "")") {
      var made = RatedSplit(try definition(benchmark), try dataset(benchmark, split))
      guard let model else { return made }
      let files = labelPaths(model, benchmark).map {
        LabelFile(name: model, path: url($0).relativePath, column: nil)
      }
      try made.add(files, say: say)
      return made
    }
  }

  /// The model whose labels rows labelled by `labels` need.
  private static func model(_ labels: String, _ settings: ExperimentSettings) -> String? {
    labels == Agreement.crowd ? settings.correct : labels
  }

  private func labelPaths(_ model: String, _ benchmark: String) -> [String] {
    experiment.labelFiles[model]?[benchmark] ?? []
  }
}

extension ExperimentInputs {
  /// Names every benchmark and split that is unknown, then every input that is not there.
  ///
  /// - Throws: ``StudyError``.
  public func check() throws {
    var faults: [StudyError.Diagnostic] = []
    var missing: [StudyError.Input] = []
    for row in experiment.rows {
      for (benchmark, splits) in Self.needs(row.settings, experiment) {
        for split in splits {
          do {
            let definition = try definition(benchmark)
            try definition.checkSplit(split)
            _ = try dataset(benchmark, split)
          } catch HarnessError.usage(let text) {
            faults.append(
              .init(place: row.place, found: benchmark, expected: "known data: \(text)"))
          } catch HarnessError.missing(let path, let hint) {
            missing.append(.init(path: path, hint: hint))
          }
        }
      }
      missing += missingFiles(row.settings)
    }
    if !faults.isEmpty { throw StudyError.invalid(path: name, faults: faults.unique) }
    if !missing.isEmpty { throw StudyError.missing(path: name, inputs: missing.unique) }
  }

  private static func needs(
    _ settings: ExperimentSettings, _ experiment: Experiment
  ) -> [(String, [String])] {
    let own = settings.train + [settings.validation] + experiment.evaluate
    return [(settings.benchmark, own)] + settings.extra.map { ($0.benchmark, $0.splits) }
  }

  private func missingFiles(_ settings: ExperimentSettings) -> [StudyError.Input] {
    let manager = FileManager.default
    var missing: [StudyError.Input] = []
    let configuration = url(settings.model).appending(path: "config.json")
    if !manager.fileExists(atPath: configuration.path) {
      missing.append(
        .init(
          path: configuration.relativePath,
          hint: "It belongs to the pretrained model: put the Hugging Face folder of "
            + "\(URL(filePath: settings.model).lastPathComponent) there."))
    }
    var wanted = settings.extra.map { ($0.benchmark, $0.labels) }
    wanted.append((settings.benchmark, settings.labels))
    for (benchmark, labels) in wanted {
      guard let model = Self.model(labels, settings) else { continue }
      for path in labelPaths(model, benchmark)
      where !manager.fileExists(atPath: url(path).path) {
        missing.append(
          .init(
            path: url(path).relativePath,
            hint: "`invitro data fetch llmpathy` gets the published label files."))
      }
    }
    return missing
  }
}
