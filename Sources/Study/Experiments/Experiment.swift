public import Foundation
import Reference

/// An experiment's file: settings, rows that differ from them, grids, and seeds.
///
/// ```json
/// {"schema": 1, "name": "alpha", "title": "…", "evaluate": ["dev", "test"], "seeds": [0, 42],
///  "baseline": "crowd", "labelFiles": {"llama": {"newsemp18": ["fetched/…/labels.tsv"]}},
///  "settings": {"model": "models/minilm", "benchmark": "newsemp18", "recipe": {"epochs": 20}},
///  "rows": [{"name": "crowd"},
///           {"name": "llama", "correct": "llama", "grid": {"alpha": [3.5, 4, 4.5]}}]}
/// ```
/// A row's fields are laid over `settings`; its `grid` makes one row for each combination of
/// values, over any setting by its dotted path.
public struct Experiment: Sendable, Equatable {
  public let name: String
  public let title: String
  /// Splits of each row's benchmark that are predicted.
  public let evaluate: [String]
  public let seeds: [UInt64]
  /// The name of the row that the others are compared with; nil for none.
  public let baseline: String?
  /// A model's label files by benchmark, below the data home unless absolute.
  public let labelFiles: [String: [String: [String]]]
  public let rows: [Row]
  /// The file as it was read.
  public let source: SettingsTree

  /// One row of the table: settings that every seed trains with.
  public struct Row: Sendable, Equatable {
    public let name: String
    public let settings: ExperimentSettings
    /// Where it stands in the file.
    public let place: String
  }

  /// Reads an experiment's file.
  ///
  /// - Parameter threads: taken instead of the file's, or nil.
  /// - Throws: ``StudyError/invalid(path:faults:)`` with every fault.
  public init(contentsOf file: URL, threads: Int? = nil) throws {
    let data: Data
    do { data = try Data(contentsOf: file) } catch {
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
        path: path,
        faults: [.init(place: "", found: Self.reason(error), expected: "valid JSON")])
    }
    let faults = SettingsFields.Faults()
    let fields = SettingsFields(tree, place: "", faults: faults)
    if fields.integer("schema", in: 1...1) == nil, !fields.has("schema") {
      fields.fault("schema", "1")
    }
    source = tree
    name = fields.required("name")
    title = fields.text("title") ?? name
    evaluate = fields.texts("evaluate") ?? ["test"]
    seeds = Self.seeds(fields)
    labelFiles = Self.labelFiles(fields)
    baseline = fields.text("baseline")
    rows = ExperimentGrid.rows(
      fields, over: fields.tree("settings") ?? .object([:]), threads: threads)
    Self.check(fields, name, evaluate, labelFiles, baseline, rows)
    fields.finish()
    guard faults.list.isEmpty else {
      throw StudyError.invalid(path: path, faults: faults.list)
    }
  }

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

  private static func check(
    _ fields: SettingsFields, _ name: String, _ evaluate: [String],
    _ labelFiles: [String: [String: [String]]], _ baseline: String?, _ rows: [Row]
  ) {
    func fault(_ place: String, _ found: String, _ expected: String) {
      fields.faults.list.append(.init(place: place, found: found, expected: expected))
    }
    let plain = name.utf8.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E
    }
    if !plain || name.hasPrefix(".") {
      fault("name", name, "lower case letters, digits, - and .")
    }
    if evaluate.isEmpty { fault("evaluate", "no split", "a split") }
    if rows.isEmpty { fault("rows", "no row", "at least one row") }
    if let baseline, !rows.contains(where: { $0.name == baseline }) {
      fault("baseline", baseline, "a row's name: \(rows.map(\.name).joined(separator: ", "))")
    }
    for (name, same) in Dictionary(grouping: rows, by: \.name) where same.count > 1 {
      fault(same[1].place, "a second row named \(name)", "row names that differ")
    }
    for row in rows {
      let settings = row.settings
      for split in evaluate where settings.train.contains(split) {
        fault(row.place, "train split \(split)", "splits that are not evaluated")
      }
      var needs = settings.extra.map { ($0.labels, $0.benchmark) }
      needs.append((settings.labels, settings.benchmark))
      if let correct = settings.correct {
        needs += settings.extra.filter { $0.labels == Agreement.crowd }
          .map { (correct, $0.benchmark) }
        needs.append((correct, settings.benchmark))
      }
      for (model, set) in needs
      where model != Agreement.crowd && labelFiles[model]?[set]?.isEmpty ?? true {
        fault(row.place, "labels by \(model)", "files of them at labelFiles.\(model).\(set)")
      }
    }
  }
}

/// The rows that an experiment's file stands for.
enum ExperimentGrid {
  /// Every row of `fields`, those of a grid in the order of the keys' names, the last key fastest.
  ///
  /// - Parameter threads: set in every row whatever the file says; nil for the file's.
  static func rows(
    _ fields: SettingsFields, over settings: SettingsTree, threads: Int?
  ) -> [Experiment.Row] {
    guard case .array(let items)? = fields.tree("rows") else {
      if fields.has("rows") { fields.fault("rows", "a list of objects") }
      return []
    }
    return items.enumerated().flatMap { index, item in
      expand(
        item, over: settings, threads: threads, place: "rows[\(index)]", faults: fields.faults)
    }
  }

  private static func expand(
    _ item: SettingsTree, over settings: SettingsTree, threads: Int?, place: String,
    faults: SettingsFields.Faults
  ) -> [Experiment.Row] {
    guard case .object(var own) = item else {
      faults.list.append(.init(place: place, found: item.brief, expected: "an object"))
      return []
    }
    let reader = SettingsFields(item, place: place, faults: faults)
    let name = reader.required("name")
    let axes = axes(reader)
    own["name"] = nil
    own["grid"] = nil
    let base = settings.overlaid(by: .object(own))
    return points(axes).compactMap { point in
      var tree = base
      for (path, value) in point {
        guard let next = tree.setting(path, to: value) else {
          faults.list.append(
            .init(place: "\(place).grid", found: path, expected: "the path of a setting"))
          return nil
        }
        tree = next
      }
      if let threads {
        tree = tree.setting("recipe.threads", to: .number(Double(threads))) ?? tree
      }
      let label = ([name] + point.map { "\($0.path)=\($0.value.brief)" }).joined(separator: ", ")
      return Experiment.Row(
        name: label,
        settings: ExperimentSettings(SettingsFields(tree, place: place, faults: faults)),
        place: place)
    }
  }

  private static func axes(_ reader: SettingsFields) -> [(path: String, values: [SettingsTree])] {
    guard let grid = reader.object("grid") else { return [] }
    return grid.keys.compactMap { key in
      guard case .array(let values)? = grid.tree(key), !values.isEmpty else {
        grid.fault(key, "a list of values")
        return nil
      }
      return (key, values)
    }
  }

  /// The product of all axes; one empty point for none.
  private static func points(
    _ axes: [(path: String, values: [SettingsTree])]
  ) -> [[(path: String, value: SettingsTree)]] {
    axes.reduce([[]]) { points, axis in
      points.flatMap { point in axis.values.map { point + [(axis.path, $0)] } }
    }
  }
}
