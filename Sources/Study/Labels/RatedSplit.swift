import Basics
import Foundation
public import Harness
public import Reference

/// A split with what models say about its essays.
public struct RatedSplit: Sendable {
  public let definition: BenchmarkDefinition
  public let dataset: Dataset
  /// In the split's order.
  public private(set) var essays: [LabelledEssay]
  /// The models' names in the order they were given.
  public private(set) var names: [String] = []

  /// `benchmark/split`.
  public var set: String { "\(definition.id)/\(dataset.split)" }

  /// - Parameter repaired: places of rows whose crowd label is not the imported one.
  public init(_ definition: BenchmarkDefinition, _ dataset: Dataset, repaired: Set<Int> = []) {
    (self.definition, self.dataset) = (definition, dataset)
    let person = definition.clusters.first ?? ""
    let article = definition.clusters.dropFirst().first ?? ""
    var groups = dataset.rows.map { _ in [String: String]() }
    for group in DemographicGroups.all(of: dataset, definition: definition) {
      for row in group.rows { groups[row][group.attribute] = group.name }
    }
    essays = dataset.rows.enumerated().map { place, row in
      LabelledEssay(
        id: row.id, text: row.text, person: row.clusters[person],
        article: row.clusters[article], crowd: row.labels[definition.mainTarget],
        crowdSource: repaired.contains(place) ? "crowd:repaired" : Agreement.crowd,
        groups: groups[place])
    }
  }

  /// The split as it is imported or, where `repair` asks for it and the split is NewsEmp24's train,
  /// with its empathy labels repaired; how many is told to `say`.
  public static func load(
    _ definition: BenchmarkDefinition, split: String, home: DataHome, repair: Bool = false,
    say: (String) -> Void = { _ in }
  ) throws -> RatedSplit {
    guard repair, "\(definition.id)/\(split)" == repairable else {
      return RatedSplit(definition, try home.load(definition, split: split))
    }
    let (dataset, repaired, report) = try LabelRepair.newsEmp24(in: home)
    let target = definition.mainTarget
    let changed = dataset.rows.indices.filter {
      dataset.rows[$0].labels[target] != repaired.rows[$0].labels[target]
    }
    say(
      "repair: \(changed.count) of \(report.rows) rows have another \(target) label than imported, "
        + "by \(Rounding.text(report.changes[target]?.mean ?? 0, decimals: 3)) on average; "
        + "\(report.inconsistent) break the identity and \(report.ambiguous) are ambiguous")
    return RatedSplit(definition, repaired, repaired: Set(changed))
  }

  /// The split whose labels can be repaired.
  public static let repairable = "newsemp24/train"

  /// The columns that make an id in the split's own files.
  public static func idColumns(_ definition: BenchmarkDefinition, split: String) -> [String] {
    let own = definition.splits.first { $0.name == split }?.columns?.id
    return own ?? definition.columns.id ?? ["id"]
  }

  /// Joins the labels of `files` on. Labels of other rows are passed over, and their number is told
  /// to `say`; several files of one name together make one rater. Throws where it has no label for
  /// any row.
  public mutating func add(_ files: [LabelFile], say: (String) -> Void) throws {
    let ids = Set(essays.map(\.id))
    let target = try definition.target(orPrimary: nil)
    for name in files.map(\.name).unique where !names.contains(name) {
      let own = files.filter { $0.name == name }
      var joined: [String: Double?] = [:]
      for file in own {
        let read = try file.read(idColumns: idColumns, target: target)
        let known = read.filter { ids.contains($0.key) }
        if read.count > known.count {
          say("\(file.path): \(read.count - known.count) rows are not of \(set) and not used")
        }
        joined.merge(known) { $1 ?? $0 }
      }
      let labelled = joined.values.count { $0 != nil }
      guard labelled > 0 else {
        throw Self.foreign(
          own, found: "no label for any row",
          expected: "ids of \(set), in \(idColumns.joined(separator: " and "))")
      }
      if labelled < essays.count {
        say("\(name): \(essays.count - labelled) rows of \(set) have no label")
      }
      essays = essays.map { $0.adding(name, from: joined, key: $0.id) }
      names.append(name)
    }
  }

  private var idColumns: [String] { Self.idColumns(definition, split: dataset.split) }

  private static func foreign(
    _ files: [LabelFile], found: String, expected: String
  ) -> HarnessError {
    let paths = files.map(\.path).joined(separator: ", ")
    return .invalid([Diagnostic(.unknownID, file: paths, found: found, expected: expected)])
  }

  /// Joins the labels of those `files` that have some for the split; a file of another split's
  /// labels is passed over.
  public mutating func addKnown(_ files: [LabelFile]) throws {
    let ids = Set(essays.map(\.id))
    let target = try definition.target(orPrimary: nil)
    let own = try files.filter { file in
      guard try idColumns.allSatisfy(file.table().header.contains) else { return false }
      return try file.read(idColumns: idColumns, target: target).keys.contains(
        where: ids.contains)
    }
    try add(own) { _ in }
  }

  /// Joins the labels that `rater` gave to the same essays in other splits, as a rater `name`.
  mutating func addByEssay(_ name: String, from others: [RatedSplit], rater: String) {
    if !names.contains(name) { names.append(name) }
    essays = LabelledEssay.addingByText(
      essays, name: name, from: others.flatMap(\.essays), rater: rater)
  }

  /// Joins the labels that models gave to the same essays in other splits, as one more rater for
  /// each name of `files`; how many essays stand there too is told to `say`. Throws where a rater has
  /// no label for any essay of this split.
  public mutating func addAgain(
    _ files: [LabelFile], labelling sets: [String], home: DataHome, say: (String) -> Void
  ) throws {
    let sets = try sets.map { set in
      let parts = set.split(separator: "/").map(String.init)
      guard parts.count == 2 else {
        throw StudyError.usage("--again-in takes BENCHMARK/SPLIT, not '\(set)'.")
      }
      return try RatedSplit.load(home.benchmarks.find(parts[0]), split: parts[1], home: home)
    }
    for name in files.map(\.name).unique {
      let own = files.filter { $0.name == name }
      var others = sets
      for place in others.indices { try others[place].addKnown(own) }
      addByEssay(name, from: others, rater: name)
      let joined = essays.count { $0.labels[name] != nil }
      guard joined > 0 else {
        let names = others.map(\.set).joined(separator: " or ")
        throw Self.foreign(
          own, found: "no label for any essay of \(set)",
          expected: "labels of \(names), which hold some of its essays")
      }
      say("\(name): \(joined) of \(essays.count) essays of \(set) stand there too")
    }
  }
}

extension Array where Element: Hashable {
  /// Each element once, in the order of its first place.
  var unique: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}

/// One label file as the user named it.
public struct LabelFile: Sendable, Equatable {
  /// The model's name.
  public let name: String
  public let path: String
  /// The column named by the user, or nil.
  public let column: String?

  /// The files of `name=file` pairs, with the columns of `name=column` pairs.
  public static func parse(
    _ pairs: [String], columns: [String] = [], option: String
  ) throws -> [LabelFile] {
    func split(_ pair: String, _ option: String, _ second: String) throws -> (String, String) {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw StudyError.usage("\(option) takes NAME=\(second), not '\(pair)'.")
      }
      return (parts[0], parts[1])
    }
    let named = try columns.map { try split($0, "--label-column", "COLUMN") }
    let files = try pairs.map { pair -> LabelFile in
      let (name, path) = try split(pair, option, "FILE")
      guard name != Agreement.crowd else {
        throw StudyError.usage("'crowd' is the crowd's own name; call the model something else.")
      }
      return LabelFile(name: name, path: path, column: named.last { $0.0 == name }?.1)
    }
    for (name, _) in named where !files.contains(where: { $0.name == name }) {
      throw StudyError.usage("--label-column names \(name), which has no \(option).")
    }
    return files
  }

  func table() throws -> LabelTable {
    guard FileManager.default.fileExists(atPath: path) else {
      throw HarnessError.missing(
        path: path, hint: "`invitro data fetch llmpathy` gets the published label files.")
    }
    return try LabelTable.read(URL(filePath: path))
  }

  /// The label for `target`, or nil, of each row of the file under the id that a split's row has.
  /// Unless the user named a column, it is `llm_` and the target, else the target.
  public func read(idColumns: [String], target: Target) throws -> [String: Double?] {
    let table = try table()
    let name = target.name
    let column = column ?? (table.header.contains("llm_\(name)") ? "llm_\(name)" : name)
    let keys =
      idColumns.allSatisfy(table.header.contains) || !table.header.contains("id")
      ? idColumns : ["id"]
    let labels = try table.labels(column, by: keys, in: target.range)
    let pairs = labels.map { key, label in
      (key.split(separator: " ").map(Self.identifier).joined(separator: ":"), label)
    }
    return Dictionary(pairs) { first, _ in first }
  }

  /// A part of an id as data sets write it: `1.0` is 1.
  private static func identifier(_ part: Substring) -> String {
    guard part.hasSuffix(".0"), let number = Int(part.dropLast(2)) else { return String(part) }
    return String(number)
  }
}
