import Foundation

/// Finds benchmark definitions: the shipped ones by id, one's own by file.
public enum BenchmarkRegistry {
  /// The definitions that are compiled into the program, in the order they are listed.
  public static func shipped() throws(HarnessError) -> [BenchmarkDefinition] {
    let resources: [(String, [UInt8])] = [
      ("newsemp24.json", PackageResources.newsemp24_json),
      ("newsemp23.json", PackageResources.newsemp23_json),
      ("newsemp22.json", PackageResources.newsemp22_json),
      ("newsemp18.json", PackageResources.newsemp18_json),
      ("sample24.json", PackageResources.sample24_json),
    ]
    var definitions: [BenchmarkDefinition] = []
    for (name, bytes) in resources {
      definitions.append(try decode(Data(bytes), name: name))
    }
    return definitions
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
  ///
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
    let definition: BenchmarkDefinition
    do {
      definition = try JSONDecoder().decode(BenchmarkDefinition.self, from: data)
    } catch {
      throw .invalid([JSONFault.fault(error, file: name)])
    }
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
  public var splitNames: [String] {
    splits.map(\.name) + (derived?.splits.map(\.name) ?? [])
  }

  /// Rows a split should have; nil where the definition leaves it open.
  public func expectedRows(_ split: String) -> Int? {
    splits.first { $0.name == split }?.rows ?? derived?.splits.first { $0.name == split }?.rows
  }

  public func range(of target: Target) -> ClosedRange<Double>? {
    targets.first { $0.name == target }.map { $0.low...$0.high }
  }

  /// Throws where `split` is not one of this benchmark's.
  public func checkSplit(_ split: String) throws(HarnessError) {
    guard !splitNames.contains(split) else { return }
    throw .usage(
      "Benchmark \(id) has no split named '\(split)'. It has: "
        + splitNames.joined(separator: ", ") + ".")
  }

  /// The columns of one source split: the benchmark's, with the split's own laid over them.
  func columns(for split: SplitSource) -> ColumnMap {
    guard let own = split.columns else { return columns }
    return ColumnMap(
      id: own.id ?? columns.id, person: own.person ?? columns.person,
      article: own.article ?? columns.article, essay: own.essay ?? columns.essay,
      empathy: own.empathy ?? columns.empathy, distress: own.distress ?? columns.distress,
      demographics: own.demographics ?? columns.demographics)
  }

  /// What the definition contradicts itself in.
  func faults(file: String) -> [Fault] {
    var faults: [Fault] = []
    func fault(_ found: String, _ expected: String) {
      faults.append(Fault(.metadata, file: file, found: found, expected: expected))
    }
    if schema != 1 { fault("schema \(schema)", "schema 1") }
    let plain = id.utf8.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
    }
    if id.isEmpty || !plain { fault("id '\(id)'", "lower case letters, digits and -") }
    if columns.id?.isEmpty ?? true { fault("no columns.id", "the columns that make a row's id") }
    if targets.isEmpty { fault("no targets", "at least one target with its range") }
    for target in targets where !(target.low < target.high) {
      fault("range \(target.low) to \(target.high)", "a low below the high")
    }
    if !targets.contains(where: { $0.name == primary.target }) {
      fault("primary target \(primary.target.rawValue)", "one of the targets")
    }
    if !["pcc", "ccc", "rmse", "mae"].contains(primary.metric) {
      fault("primary metric \(primary.metric)", "pcc, ccc, rmse or mae")
    }
    if Set(splitNames).count != splitNames.count { fault("repeated splits", "names that differ") }
    if !splitNames.contains(defaultSplit) {
      fault("defaultSplit \(defaultSplit)", "a split's name")
    }
    if let derived {
      if !splits.contains(where: { $0.name == derived.from }) {
        fault("derived.from \(derived.from)", "the name of a source split")
      }
      if derived.by != "person" { fault("derived.by \(derived.by)", "person") }
      if derived.buckets < 1 { fault("derived.buckets \(derived.buckets)", "at least 1") }
    }
    for group in groups {
      let bins = (group.edges?.count ?? 0) - 1
      let coded = group.codes != nil && group.edges == nil
      let binned = group.codes == nil && bins >= 1 && group.labels?.count == bins
      if !coded && !binned {
        fault("group \(group.attribute)", "codes, or edges with one label a bin")
      }
    }
    return faults
  }
}
