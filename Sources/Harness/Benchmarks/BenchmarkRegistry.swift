import Basics
public import Foundation
import Metrics

/// Finds benchmark definitions: the shipped ones and those that a data home keeps by id, others by
/// file.
public struct BenchmarkRegistry: Sendable {
  private let folder: URL?

  /// - Parameter folder: the data home's; nil for the shipped definitions alone.
  public init(folder: URL?) { self.folder = folder }

  /// Where the data home in `folder` keeps the definition of the benchmark `id`.
  package static func definitionURL(_ id: String, in folder: URL) -> URL {
    folder.appending(path: "\(id)/benchmark.json")
  }

  /// The definitions that are compiled into the program, in the order they are listed.
  public static func shipped() throws(HarnessError) -> [BenchmarkDefinition] {
    let resources = [
      PackageResources.newsemp24_json, PackageResources.newsemp23_json,
      PackageResources.newsemp22_json, PackageResources.newsemp18_json,
      PackageResources.wassa24_convd_json, PackageResources.wassa24_convt_json,
      PackageResources.wassa24_per_json, PackageResources.sample24_json,
      PackageResources.sample24_convd_json, PackageResources.sample24_convt_json,
      PackageResources.sample24_per_json,
    ]
    return try resources.map { bytes throws(HarnessError) in
      try decode(Data(bytes), name: "a shipped definition")
    }
  }

  /// Whether a shipped benchmark has the id of `definition` and is defined otherwise.
  public static func isTaken(_ definition: BenchmarkDefinition) throws(HarnessError) -> Bool {
    try shipped().contains { $0.id == definition.id && $0 != definition }
  }

  /// The first shipped definition: its targets and clusters name the columns of files that come
  /// without a benchmark.
  public static func standard() throws(HarnessError) -> BenchmarkDefinition {
    guard let first = try shipped().first else {
      throw .usage("No benchmark is compiled into this program.")
    }
    return first
  }

  /// What the data home keeps, by id.
  public struct Kept: Sendable {
    public var definitions: [BenchmarkDefinition] = []
    /// Those that cannot be used: only a command that names one fails.
    public var broken: [(id: String, error: HarnessError)] = []
  }

  /// The definitions that the data home keeps.
  public func kept() throws(HarnessError) -> Kept {
    var kept = Kept()
    guard let folder else { return kept }
    let shipped = try Self.shipped()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names.sorted() {
      do throws(HarnessError) {
        guard let definition = try keptDefinition(name) else { continue }
        var all = shipped
        try Self.add(definition, of: Self.definitionURL(name, in: folder).relativePath, to: &all)
        if all.count > shipped.count { kept.definitions.append(definition) }
      } catch {
        kept.broken.append((name, error))
      }
    }
    return kept
  }

  private func keptDefinition(_ id: String) throws(HarnessError) -> BenchmarkDefinition? {
    guard let folder, !id.contains("/"), !id.hasPrefix(".") else { return nil }
    let file = Self.definitionURL(id, in: folder)
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    let definition = try Self.decode(SourceText.read(file), name: file.relativePath)
    guard definition.id == id else {
      throw .fault(
        .metadata, file: file.relativePath, found: "id \(definition.id)",
        expected: "\(id), as the folder is named")
    }
    return definition
  }

  /// The definition named `name`: a shipped or a kept id, or the path of a JSON file.
  public func find(_ name: String) throws(HarnessError) -> BenchmarkDefinition {
    let shipped = try Self.shipped()
    if let definition = shipped.first(where: { $0.id == name }) { return definition }
    if name.hasSuffix(".json") {
      let url = URL(filePath: name)
      return try Self.decode(SourceText.read(url), name: url.relativePath)
    }
    if let definition = try keptDefinition(name) { return definition }
    throw [BenchmarkDefinition].unknown(
      name, among: (shipped + (try kept().definitions)).map(\.id))
  }

  /// The shipped and the kept definitions and those of the files `names`, in this order; without kept
  /// ones that cannot be used.
  /// - Throws: ``HarnessError/conflict(what:hint:)`` where a file takes an id that another
  ///   definition has: entries name their benchmark by its id alone.
  public func known(adding names: [String] = []) throws(HarnessError) -> [BenchmarkDefinition] {
    var all = try Self.shipped() + kept().definitions
    for name in names { try Self.add(try find(name), of: name, to: &all) }
    return all
  }

  private static func add(
    _ definition: BenchmarkDefinition, of source: String, to all: inout [BenchmarkDefinition]
  ) throws(HarnessError) {
    guard let known = all.first(where: { $0.id == definition.id }) else {
      return all.append(definition)
    }
    guard known == definition else {
      throw .conflict(
        what: "\(source) defines \(definition.id), which is defined otherwise already",
        hint: "Give the definition an id of its own.")
    }
  }

  private static func decode(
    _ data: Data, name: String
  ) throws(HarnessError) -> BenchmarkDefinition {
    let (read, faults) = DefinitionCheck.read(data, name: name)
    guard let definition = read, faults.isEmpty else { throw .invalid(faults) }
    return definition
  }
}

extension [BenchmarkDefinition] {
  /// The definition with the id that an entry names.
  package func named(_ id: String) throws(HarnessError) -> BenchmarkDefinition {
    if let definition = first(where: { $0.id == id }) { return definition }
    throw Self.unknown(id, among: map(\.id))
  }

  /// What is said of an id that no definition has.
  static func unknown(_ id: String, among known: [String]) -> HarnessError {
    let near = Spelling.nearest(id, among: known).map { "Did you mean \($0)? " } ?? ""
    return .usage(
      "There is no benchmark named '\(id)'. " + near
        + "Known: \(known.joined(separator: ", ")); `invitro data import FILE.json --from DIR` "
        + "brings in one of your own, or give the path of its definition, ending in .json.")
  }
}

extension BenchmarkDefinition {
  /// The sources and derived splits by name, in order.
  public var splitNames: [String] { splits.map(\.name) + (derived?.splits.map(\.name) ?? []) }

  /// Rows a split should have; nil where the definition leaves it open.
  public func expectedRows(_ split: String) -> Int? {
    splits.first { $0.name == split }?.rows ?? derived?.splits.first { $0.name == split }?.rows
  }

  /// What a user should know of a benchmark without a cluster column.
  public var clusterNote: String? {
    guard clusters.isEmpty else { return nil }
    return "There is no cluster column: each \(rowNoun) counts as a cluster of its own."
  }

  /// The target named `name`.
  public func target(_ name: String) -> Target? { targets.first { $0.name == name } }

  /// The target that stands for the benchmark where one is needed: the primary one; of an average the
  /// one of the greatest weight, the first of equals.
  public var mainTarget: String {
    guard let weights = primary.weights else { return primary.target }
    return targetNames.max { (weights[$0] ?? 0) < (weights[$1] ?? 0) } ?? primary.target
  }

  /// What a report has figures of: the average that a board orders by, if any, and the targets.
  public var shownTargets: [Target] {
    guard primary.weights != nil else { return targets }
    return [Target(name: primary.target, title: "Average", low: 0, high: 0)] + targets
  }

  /// The target named `name`, or the main one where no name is given.
  public func target(orPrimary name: String?) throws(HarnessError) -> Target {
    if let known = target(name ?? mainTarget) { return known }
    throw .usage(
      "\(id) has no target '\(name ?? mainTarget)'. It has: "
        + targetNames.joined(separator: ", ") + ".")
  }

  /// The title of the target named `name`; the name itself where there is no such target.
  public func targetTitle(_ name: String) -> String {
    shownTargets.first { $0.name == name }?.title ?? name
  }

  public var targetNames: [String] { targets.map(\.name) }

  /// Whether some split has a column of second texts.
  public var hasPairs: Bool {
    ([columns] + splits.compactMap(\.columns)).contains { $0.pair != nil }
  }

  /// Every attribute that some split has a column for: grouped ones in their order, then the others.
  public var attributeNames: [String] {
    let mapped = ([columns] + splits.compactMap(\.columns)).reduce(into: Set<String>()) {
      $0.formUnion(($1.attributes ?? [:]).keys)
    }
    let grouped = groups.map(\.attribute).filter(mapped.contains)
    return grouped + mapped.subtracting(grouped).sorted()
  }

  /// - Throws: ``HarnessError/usage(_:)`` with the known attributes where one is unknown.
  public func checkAttributes(_ attributes: [String]) throws(HarnessError) {
    let known = groups.map(\.attribute)
    guard let unknown = attributes.first(where: { !known.contains($0) }) else { return }
    throw .usage(
      "\(id) has no attribute '\(unknown)'. It has: "
        + "\(known.isEmpty ? "none" : known.joined(separator: ", ")).")
  }

  /// Throws where `split` is not one of this benchmark's.
  public func checkSplit(_ split: String) throws(HarnessError) {
    guard !splitNames.contains(split) else { return }
    throw .usage(
      "Benchmark \(id) has no split named '\(split)'. It has: "
        + splitNames.joined(separator: ", ") + ".")
  }

  /// The columns of one source split: the benchmark's, with the split's own laid over them.
  package func columns(for split: SplitSource) -> ColumnMap {
    guard let own = split.columns else { return columns }
    func laid(_ own: [String: String]?, over base: [String: String]?) -> [String: String] {
      (base ?? [:]).merging(own ?? [:]) { $1 }
    }
    return ColumnMap(
      id: own.id ?? columns.id, text: own.text ?? columns.text, pair: own.pair ?? columns.pair,
      targets: laid(own.targets, over: columns.targets),
      clusters: laid(own.clusters, over: columns.clusters),
      attributes: laid(own.attributes, over: columns.attributes),
      references: own.references ?? columns.references,
      numberRepeats: own.numberRepeats ?? columns.numberRepeats)
  }
}
