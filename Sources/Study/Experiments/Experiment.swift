public import Foundation
import Reference

/// An experiment's file: settings, rows that differ from them, grids, and seeds.
///
/// A row's fields are laid over `settings`; its `grid` makes one row for each combination of
/// values, over any setting by its dotted path. `invitro experiment --help` shows a file.
public struct Experiment: Sendable, Equatable {
  public let name, title: String
  /// Splits of each row's benchmark that are predicted.
  public let evaluate: [String]
  public let seeds: [UInt64]
  /// How one split is both trained on and evaluated; nil where splits differ.
  public let folds: ExperimentFolds?
  /// The name of the row that the others are compared with; nil for none.
  public let baseline: String?
  /// A model's label files by benchmark, below the data home unless absolute.
  public let labelFiles: [String: [String: [String]]]
  public let rows: [Row]
  /// Comparisons that were decided on before the training.
  public let contrasts: [ExperimentContrast]
  /// The file as it was read.
  public let source: SettingsTree

  /// One row of the table: settings that every seed trains with.
  public struct Row: Sendable, Equatable {
    public let name: String
    public let settings: ExperimentSettings
    /// Where it stands in the file.
    public let place: String
  }

  /// - Parameter threads: taken instead of the file's, or nil.
  /// - Throws: ``StudyError/invalid(path:faults:)`` with every fault.
  public init(contentsOf file: URL, threads: Int? = nil) throws {
    guard let data = try? Data(contentsOf: file) else {
      throw StudyError.missing(
        path: "the command",
        inputs: [.init(path: file.relativePath, hint: "Give the path of an experiment's file.")])
    }
    try self.init(data, name: file.relativePath, threads: threads)
  }

  /// Reads the content of an experiment's file that the user knows as `path`.
  public init(_ data: Data, name path: String, threads: Int? = nil) throws {
    let tree: SettingsTree
    do { tree = try JSONDecoder().decode(SettingsTree.self, from: data) } catch {
      throw StudyError.invalid(
        path: path, faults: [.init(place: "", found: Self.reason(error), expected: "valid JSON")])
    }
    let faults = SettingsFields.Faults()
    let fields = SettingsFields(tree, place: "", faults: faults)
    if fields.integer("schema", in: 1...1) == nil, !fields.has("schema") {
      fields.fault("schema", "1")
    }
    source = tree
    name = fields.required("name")
    title = fields.text("title") ?? name
    folds = fields.object("folds").map(ExperimentFolds.init)
    if folds != nil, fields.has("evaluate") { fields.fault("evaluate", Self.noSplits) }
    evaluate = folds.map { [$0.split] } ?? fields.texts("evaluate") ?? ["test"]
    seeds = Self.seeds(fields)
    labelFiles = Self.labelFiles(fields)
    baseline = fields.text("baseline")
    rows = Self.rows(
      fields, over: fields.tree("settings") ?? .object([:]), threads: threads, folds: folds)
    contrasts = fields.objects("contrasts").map(ExperimentContrast.init)
    check(faults)
    fields.finish()
    guard faults.list.isEmpty else { throw StudyError.invalid(path: path, faults: faults.list) }
  }

  private static let noSplits = "no splits: `folds` names the one that is trained on and evaluated"

  private static func reason(_ error: any Error) -> String {
    guard case DecodingError.dataCorrupted(let context)? = error as? DecodingError else {
      return "\(error)"
    }
    let inner = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"] as? String
    return inner ?? context.debugDescription
  }

  private static func seeds(_ fields: SettingsFields) -> [UInt64] {
    guard fields.has("seeds") else { return [0] }
    if case .array(let items)? = fields.tree("seeds") {
      let seeds = items.compactMap { item -> UInt64? in
        if case .number(let value) = item, value < 0x1p53 { UInt64(exactly: value) } else { nil }
      }
      if seeds.count == items.count, !seeds.isEmpty, Set(seeds).count == seeds.count {
        return seeds
      }
    }
    fields.fault("seeds", "a list of different whole numbers from 0")
    return [0]
  }

  private static func labelFiles(_ fields: SettingsFields) -> [String: [String: [String]]] {
    guard let models = fields.object("labelFiles") else { return [:] }
    var files: [String: [String: [String]]] = [:]
    for model in models.keys {
      guard let sets = models.object(model) else { continue }
      for set in sets.keys { files[model, default: [:]][set] = sets.texts(set) ?? [] }
      if model == Agreement.crowd { models.fault(model, "a model's name other than crowd") }
    }
    return files
  }

  private func check(_ faults: SettingsFields.Faults) {
    let plain = name.allSatisfy("abcdefghijklmnopqrstuvwxyz0123456789-.".contains)
    if !plain || name.hasPrefix(".") {
      faults.add("name", name, "lower case letters, digits, - and .")
    }
    if evaluate.isEmpty { faults.add("evaluate", "no split", "a split") }
    if rows.isEmpty { faults.add("rows", "no row", "at least one row") }
    if let baseline, !rows.contains(where: { $0.name == baseline }) {
      faults.add("baseline", baseline, "a row's name: \(rows.map(\.name).joined(separator: ", "))")
    }
    for (place, contrast) in contrasts.enumerated() {
      for (key, name) in [("row", contrast.row), ("less", contrast.less)]
      where !rows.contains(where: { $0.name == name }) {
        faults.add("contrasts[\(place)].\(key)", name, "a row's name")
      }
    }
    for (name, same) in Dictionary(grouping: rows, by: \.name) where same.count > 1 {
      faults.add(same[1].place, "a second row named \(name)", "row names that differ")
    }
    for row in rows {
      let settings = row.settings
      for split in evaluate where folds == nil && settings.train.contains(split) {
        faults.add(row.place, "train split \(split)", "splits that are not evaluated")
      }
      var needs = settings.sources
      if let correct = settings.correct {
        needs += settings.extra.filter { $0.labels == Agreement.crowd }
          .map { (correct, $0.benchmark) }
        needs.append((correct, settings.benchmark))
      }
      if let rest = settings.rest { needs.append((rest, settings.benchmark)) }
      for (model, set) in needs
      where model != Agreement.crowd && labelFiles[model]?[set]?.isEmpty ?? true {
        faults.add(row.place, "labels by \(model)", "files of them at labelFiles.\(model).\(set)")
      }
    }
  }
}

extension Experiment {
  /// Every row of a file, those of a grid in the order of the keys' names, the last key fastest.
  private static func rows(
    _ fields: SettingsFields, over settings: SettingsTree, threads: Int?, folds: ExperimentFolds?
  ) -> [Row] {
    guard case .array(let items)? = fields.tree("rows") else {
      if fields.has("rows") { fields.fault("rows", "a list of objects") }
      return []
    }
    return items.enumerated().flatMap { index, item in
      expand(item, over: settings, threads, folds, place: "rows[\(index)]", fields.faults)
    }
  }

  private static func expand(
    _ item: SettingsTree, over settings: SettingsTree, _ threads: Int?, _ folds: ExperimentFolds?,
    place: String, _ faults: SettingsFields.Faults
  ) -> [Row] {
    guard case .object(var own) = item else {
      faults.add(place, item.brief, "an object")
      return []
    }
    let reader = SettingsFields(item, place: place, faults: faults)
    let name = reader.required("name")
    (own["name"], own["grid"]) = (nil, nil)
    let base = settings.overlaid(by: .object(own))
    return points(reader).compactMap { point in
      var tree = base
      for (path, value) in point {
        guard let next = tree.setting(path, to: value) else {
          faults.add("\(place).grid", path, "the path of a setting")
          return nil
        }
        tree = next
      }
      if let threads { tree = tree.setting("recipe.threads", to: .number(Double(threads))) ?? tree }
      let fields = SettingsFields(tree, place: place, faults: faults)
      for key in ["train", "validation"] where folds != nil && fields.has(key) {
        fields.fault(key, noSplits)
      }
      let settings = ExperimentSettings(fields)
      return Row(
        name: ([name] + point.map { "\($0)=\($1.brief)" }).joined(separator: ", "),
        settings: folds?.settings(settings) ?? settings, place: place)
    }
  }

  /// The product of the grid's axes; one empty point for none.
  private static func points(_ reader: SettingsFields) -> [[(path: String, value: SettingsTree)]] {
    guard let grid = reader.object("grid") else { return [[]] }
    return grid.keys.reduce([[]]) { points, key in
      guard case .array(let values)? = grid.tree(key), !values.isEmpty else {
        grid.fault(key, "a list of values")
        return points
      }
      return points.flatMap { point in values.map { point + [(key, $0)] } }
    }
  }
}
