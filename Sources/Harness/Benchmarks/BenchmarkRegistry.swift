import Foundation
import Metrics

/// Finds benchmark definitions: the shipped ones by id, one's own by file.
public enum BenchmarkRegistry {
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

  /// The first shipped definition: its targets and clusters name the columns of files that come
  /// without a benchmark.
  public static func standard() throws(HarnessError) -> BenchmarkDefinition {
    guard let first = try shipped().first else {
      throw .usage("No benchmark is compiled into this program.")
    }
    return first
  }

  /// The definition named `name`: a shipped id, or the path of a JSON file.
  public static func find(_ name: String) throws(HarnessError) -> BenchmarkDefinition {
    let all = try shipped()
    if let definition = all.first(where: { $0.id == name }) { return definition }
    let url = URL(filePath: name)
    if name.hasSuffix(".json") {
      return try decode(SourceText.read(url), name: url.relativePath)
    }
    throw .usage(
      "There is no benchmark named '\(name)'. Known: \(all.map(\.id).joined(separator: ", ")); "
        + "or give the path of a definition ending in .json.")
  }

  /// The shipped definitions and those of the files `names`, in this order.
  /// - Throws: ``HarnessError/conflict(what:hint:)`` where a file takes an id that another
  ///   definition has: entries name their benchmark by its id alone.
  public static func known(adding names: [String]) throws(HarnessError) -> [BenchmarkDefinition] {
    var all = try shipped()
    for name in names {
      let definition = try find(name)
      guard let known = all.first(where: { $0.id == definition.id }) else {
        all.append(definition)
        continue
      }
      guard known == definition else {
        throw .conflict(
          what: "\(name) defines \(definition.id), which is defined otherwise already",
          hint: "Give the definition an id of its own.")
      }
    }
    return all
  }

  private static func decode(
    _ data: Data, name: String
  ) throws(HarnessError) -> BenchmarkDefinition {
    let definition = try Documents.decode(BenchmarkDefinition.self, data, name: name)
    let faults = definition.faults(file: name)
    if !faults.isEmpty { throw .invalid(faults) }
    return definition
  }
}

extension [BenchmarkDefinition] {
  /// The definition with the id that an entry names.
  package func named(_ id: String) throws(HarnessError) -> BenchmarkDefinition {
    if let definition = first(where: { $0.id == id }) { return definition }
    throw .usage(
      "There is no benchmark named '\(id)'. Known: \(map(\.id).joined(separator: ", ")); "
        + "give a definition of your own with --benchmark FILE.json.")
  }
}

extension BenchmarkDefinition {
  /// The sources and derived splits by name, in order.
  public var splitNames: [String] { splits.map(\.name) + (derived?.splits.map(\.name) ?? []) }

  /// Rows a split should have; nil where the definition leaves it open.
  public func expectedRows(_ split: String) -> Int? {
    splits.first { $0.name == split }?.rows ?? derived?.splits.first { $0.name == split }?.rows
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
      id: own.id ?? columns.id, text: own.text ?? columns.text,
      targets: laid(own.targets, over: columns.targets),
      clusters: laid(own.clusters, over: columns.clusters),
      attributes: laid(own.attributes, over: columns.attributes),
      references: own.references ?? columns.references,
      numberRepeats: own.numberRepeats ?? columns.numberRepeats)
  }
}

/// What a definition contradicts itself in.
extension BenchmarkDefinition {
  /// The folder of the boards' log beside those of benchmarks: no id of one.
  static let ledgerName = "ledger"

  func faults(file: String) -> [Diagnostic] {
    var faults: [Diagnostic] = []
    func fault(_ found: String, _ expected: String) {
      faults.add(.metadata, file: file, found: found, expected: expected)
    }
    if schema != 1 { fault("schema \(schema)", "schema 1") }
    let plain = id.utf8.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
    }
    if id.isEmpty || !plain { fault("id '\(id)'", "lower case letters, digits and -") }
    if id == Self.ledgerName {
      fault("id '\(id)'", "another one: it names the folder of the boards' log")
    }
    if rowNoun.isEmpty { fault("an empty rowNoun", "what a row is called, as essay or turn") }
    checkColumns(fault)
    checkTargets(fault)
    checkSplits(fault)
    for paper in papers ?? [] {
      let scheme = paper.url.map { URL(string: $0)?.scheme?.lowercased() ?? "" }
      if paper.authors.isEmpty { fault("paper '\(paper.title)' without authors", "its authors") }
      if let scheme, scheme != "http" && scheme != "https" {
        fault("paper '\(paper.title)' at '\(paper.url ?? "")'", "an http or https address")
      }
    }
    for group in groups {
      let bins = (group.edges?.count ?? 0) - 1
      let coded = group.codes != nil && group.edges == nil
      let binned = group.codes == nil && bins >= 1 && group.labels?.count == bins
      if !coded && !binned {
        fault("group \(group.attribute)", "codes, or edges with one label a bin")
      }
      if !attributeNames.contains(group.attribute) {
        fault("group \(group.attribute)", "an attribute that columns.attributes names")
      }
    }
    return faults
  }

  /// Keys that a score report has beside those of targets, and columns of the data home.
  private static let reservedNames: Set<String> = [
    "id", "text", "row", "attribute", "group", "n", "clusters", "suppressed", "averaged",
    "official", "rows",
  ]

  private func checkColumns(_ fault: (String, String) -> Void) {
    if columns.id?.isEmpty ?? true { fault("no columns.id", "the columns that make a row's id") }
    if clusters.count > 2 {
      fault("clusters \(clusters.joined(separator: ", "))", "at most two cluster columns")
    }
    for name in clusters where columns.clusters?[name] == nil {
      fault("cluster \(name)", "a column of columns.clusters")
    }
    for name in (columns.clusters ?? [:]).keys.sorted() where !clusters.contains(name) {
      fault("columns.clusters.\(name)", "one of clusters")
    }
    var seen: Set<String> = []
    for name in targetNames + clusters + attributeNames {
      let isPlain =
        !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
      if !isPlain { fault("name '\(name)'", "letters, digits and _") }
      if Self.reservedNames.contains(name) {
        fault("name \(name)", "none of \(Self.reservedNames.sorted().joined(separator: ", "))")
      }
      if !seen.insert(name).inserted {
        fault("name \(name) twice", "targets, clusters and attributes with names that differ")
      }
    }
  }

  private func checkTargets(_ fault: (String, String) -> Void) {
    if targets.isEmpty { fault("no targets", "at least one target with its range") }
    for target in targets where !(target.low < target.high) {
      fault("range \(target.low) to \(target.high)", "a low below the high")
    }
    let known = "one of the targets (\(targetNames.joined(separator: ", ")))"
    if let weights = primary.weights {
      if weights.isEmpty || target(primary.target) != nil
        || Self.reservedNames.contains(primary.target)
      {
        fault("primary target \(primary.target) with weights", "a name of its own for the average")
      }
      for (name, weight) in weights.sorted(by: { $0.key < $1.key }) {
        if target(name) == nil { fault("primary.weights.\(name)", known) }
        if !(weight > 0 && weight.isFinite) { fault("weight \(weight) of \(name)", "more than 0") }
      }
    } else if target(primary.target) == nil {
      fault("primary target \(primary.target)", known)
    }
    let maps = [columns.targets] + splits.flatMap { [$0.columns?.targets] }
    for name in maps.flatMap({ ($0 ?? [:]).keys.sorted() }) where target(name) == nil {
      fault("columns.targets.\(name)", known)
    }
    for name in splits.flatMap({ ($0.gold?.positions ?? [:]).keys.sorted() })
    where target(name) == nil { fault("gold.positions.\(name)", known) }
    if !Metric.ranking.contains(primary.metric) {
      fault(
        "primary metric \(primary.metric)",
        "one of \(Metric.ranking.map(\.id).joined(separator: ", "))")
    }
  }

  private func checkSplits(_ fault: (String, String) -> Void) {
    if Set(splitNames).count != splitNames.count { fault("repeated splits", "names that differ") }
    if !splitNames.contains(defaultSplit) {
      fault("defaultSplit \(defaultSplit)", "a split's name")
    }
    for split in splits {
      guard let official = split.officialRows else { continue }
      let most = split.rows ?? official
      if official < 1 || official > most {
        fault("officialRows \(official) of split \(split.name)", "1 to its \(most) rows")
      }
    }
    for split in splits where split.attributes != nil && clusters.isEmpty {
      fault("split \(split.name) with a file of attributes", "a cluster to join it by")
    }
    guard let derived else { return }
    if !splits.contains(where: { $0.name == derived.from }) {
      fault("derived.from \(derived.from)", "the name of a source split")
    }
    if !clusters.contains(derived.by) { fault("derived.by \(derived.by)", "one of clusters") }
    if derived.buckets < 1 { fault("derived.buckets \(derived.buckets)", "at least 1") }
  }
}
