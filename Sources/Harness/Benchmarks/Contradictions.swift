import Basics
import Metrics

extension BenchmarkDefinition {
  /// The folder of the boards' log beside those of benchmarks: no id of one.
  static let ledgerName = "ledger"

  /// What a definition that keeps to its schema contradicts itself in, by path.
  func contradictions(file: String) -> [Diagnostic] {
    var search = ContradictionSearch(definition: self, file: file)
    search.run()
    return search.faults
  }
}

struct ContradictionSearch {
  let definition: BenchmarkDefinition
  let file: String
  var faults: [Diagnostic] = []

  /// Keys that a score report has beside those of targets, and columns of the data home.
  static let reservedNames: Set<String> = [
    "id", "text", "row", "attribute", "group", "n", "clusters", "suppressed", "averaged",
    "official",
    "rows",
  ]

  init(definition: BenchmarkDefinition, file: String) {
    (self.definition, self.file) = (definition, file)
  }

  mutating func run() {
    if definition.id == BenchmarkDefinition.ledgerName {
      add("id", definition.id, "another id: this one names the folder of the boards' log")
    }
    checkNames()
    checkTargets()
    checkColumns(definition.columns, at: "columns")
    checkReferences(definition.columns, of: definition.splits, at: "columns")
    for index in definition.splits.indices { checkSplit(index) }
    checkSplitNames()
    checkDerived()
    checkGroups()
  }

  private mutating func add(_ path: String, _ found: String, _ expected: String) {
    faults.add(.metadata, file: file, field: path, found: found, expected: expected)
  }

  /// Adds a fault unless `name` is one of `known`.
  private mutating func expect(
    _ name: String, oneOf known: [String], _ what: String, at path: String
  ) {
    guard !known.contains(name) else { return }
    let list = known.isEmpty ? "none" : known.joined(separator: ", ")
    add(path, name, "\(what) (\(list))" + Spelling.hint(name, among: known))
  }

  private mutating func checkNames() {
    let named =
      definition.targets.enumerated().map { ("targets[\($0)].name", $1.name) }
      + definition.clusters.enumerated().map { ("clusters[\($0)]", $1) }
      + definition.attributeNames.map { ("columns.attributes.\($0)", $0) }
    var seen: [String: String] = [:]
    for (path, name) in named {
      if Self.reservedNames.contains(name) {
        add(path, name, "another name than \(Self.reservedNames.sorted().joined(separator: ", "))")
      } else if name == "pair", definition.hasPairs {
        add(path, name, "another name: the column of second texts has it")
      }
      if let first = seen[name] {
        add(
          path, name,
          "a name that differs from those of all targets, clusters and attributes; "
            + "\(first) has it")
      }
      seen[name] = seen[name] ?? path
    }
    for (index, name) in definition.clusters.enumerated()
    where definition.columns.clusters?[name] == nil {
      add("clusters[\(index)]", name, "a cluster whose column columns.clusters names")
    }
    let mapped = (definition.columns.clusters ?? [:]).keys.sorted()
    for name in mapped {
      expect(name, oneOf: definition.clusters, "one of clusters", at: "columns.clusters.\(name)")
    }
    guard let ids = definition.columns.id else {
      add("columns.id", "no such key", "the columns that make a row's id")
      return
    }
    for (index, column) in ids.enumerated() where ids.prefix(index).contains(column) {
      add("columns.id[\(index)]", column, "each column once")
    }
  }

  private mutating func checkTargets() {
    let names = definition.targetNames
    for (index, target) in definition.targets.enumerated() {
      if !(target.low < target.high) {
        add("targets[\(index)].low", "\(target.low)", "less than high, which is \(target.high)")
      }
      if let ceiling = target.ceiling, !(ceiling.low < ceiling.high) {
        add(
          "targets[\(index)].ceiling.low", "\(ceiling.low)",
          "less than high, which is \(ceiling.high)")
      }
      let hasColumn = definition.splits.contains {
        definition.columns(for: $0).targets?[target.name] != nil
          || $0.gold?.positions[target.name] != nil
      }
      if !hasColumn {
        add("targets[\(index)]", target.name, "a target whose column columns.targets names")
      }
    }
    let primary = definition.primary
    if let weights = primary.weights {
      if names.contains(primary.target) || Self.reservedNames.contains(primary.target) {
        add("primary.target", primary.target, "a name of its own for the average of the weights")
      }
      for name in weights.keys.sorted() {
        expect(name, oneOf: names, "a target", at: "primary.weights.\(name)")
      }
    } else {
      expect(primary.target, oneOf: names, "a target", at: "primary.target")
    }
  }

  private mutating func checkColumns(_ columns: BenchmarkDefinition.ColumnMap, at path: String) {
    for name in (columns.targets ?? [:]).keys.sorted() {
      expect(name, oneOf: definition.targetNames, "a target", at: "\(path).targets.\(name)")
    }
    checkDiffer(columns.targets, at: "\(path).targets")
    checkDiffer(columns.clusters, at: "\(path).clusters")
    guard path != "columns" else { return }
    for name in (columns.clusters ?? [:]).keys.sorted() {
      expect(name, oneOf: definition.clusters, "one of clusters", at: "\(path).clusters.\(name)")
    }
  }

  /// Two targets are never one column, nor two clusters.
  private mutating func checkDiffer(_ columns: [String: String]?, at path: String) {
    var seen: [String: String] = [:]
    for (name, column) in (columns ?? [:]).sorted(by: { $0.key < $1.key }) {
      if let first = seen[column] {
        add("\(path).\(name)", column, "another column than that of \(first)")
      }
      seen[column] = seen[column] ?? name
    }
  }

  /// Files lie in the folder that is imported.
  private mutating func checkFile(_ file: String?, at path: String) {
    guard let file, file.hasPrefix("/") || file.split(separator: "/").contains("..") else { return }
    add(path, file, "a file in the folder that is given to the import, or below it")
  }

  /// References are for columns that one of `splits` takes a cluster from.
  private mutating func checkReferences(
    _ columns: BenchmarkDefinition.ColumnMap, of splits: [BenchmarkDefinition.SplitSource],
    at path: String
  ) {
    let known = Set(splits.flatMap { (definition.columns(for: $0).clusters ?? [:]).values })
    for column in (columns.references ?? [:]).keys.sorted() {
      expect(
        column, oneOf: known.sorted(), "a column that clusters names",
        at: "\(path).references.\(column)")
    }
  }

  private mutating func checkSplit(_ index: Int) {
    let (split, path) = (definition.splits[index], "splits[\(index)]")
    checkFile(split.file, at: "\(path).file")
    checkFile(split.gold?.file, at: "\(path).gold.file")
    checkFile(split.attributes?.file, at: "\(path).attributes.file")
    if let columns = split.columns {
      checkColumns(columns, at: "\(path).columns")
      checkReferences(columns, of: [split], at: "\(path).columns")
    }
    if let official = split.officialRows, let rows = split.rows, official > rows {
      add("\(path).officialRows", "\(official)", "at most rows, which is \(rows)")
    }
    let targets = definition.targetNames
    for name in (split.items ?? [:]).keys.sorted() {
      expect(name, oneOf: targets, "a target", at: "\(path).items.\(name)")
    }
    if split.attributes != nil && definition.clusters.isEmpty {
      add("\(path).attributes", "a file of attributes", "a cluster to join it by, in clusters")
    }
    for (place, name) in (split.optional ?? []).enumerated() {
      expect(
        name, oneOf: targets + definition.attributeNames, "a target or an attribute",
        at: "\(path).optional[\(place)]")
    }
    guard let gold = split.gold else { return }
    if split.only != nil {
      add("\(path).only", "a part of a file", "all of it, since \(path).gold goes by row order")
    }
    var places: [Int: String] = [:]
    for (name, place) in gold.positions.sorted(by: { $0.key < $1.key }) {
      expect(name, oneOf: targets, "a target", at: "\(path).gold.positions.\(name)")
      if let other = places[place] {
        add("\(path).gold.positions.\(name)", "\(place)", "another column than that of \(other)")
      }
      places[place] = name
    }
  }

  private mutating func checkSplitNames() {
    let named =
      definition.splits.enumerated().map { ("splits[\($0)].name", $1.name) }
      + (definition.derived?.splits ?? []).enumerated().map {
        ("derived.splits[\($0)].name", $1.name)
      }
    var seen: [String: String] = [:]
    for (path, name) in named {
      if let first = seen[name] { add(path, name, "a name that \(first) does not have already") }
      seen[name] = seen[name] ?? path
    }
    expect(
      definition.defaultSplit, oneOf: definition.splitNames, "a split", at: "defaultSplit")
  }

  private mutating func checkDerived() {
    guard let derived = definition.derived else { return }
    expect(
      derived.from, oneOf: definition.splits.map(\.name), "a split with a file",
      at: "derived.from")
    if let by = derived.by {
      expect(
        by, oneOf: definition.clusters,
        "one of clusters; without `by` rows are told apart by their ids",
        at: "derived.by")
    }
    let ranges = derived.splits.enumerated().sorted { $0.element.from < $1.element.from }
    var next = 0
    for (index, range) in ranges {
      let path = "derived.splits[\(index)]"
      if range.from >= range.to {
        add("\(path).to", "\(range.to)", "more than from, which is \(range.from)")
      }
      if range.from != next {
        add(
          "\(path).from", "\(range.from)",
          "\(next): each bucket belongs to one split, without a gap")
      }
      if range.to > derived.buckets {
        add("\(path).to", "\(range.to)", "at most buckets, which is \(derived.buckets)")
      }
      next = max(next, range.to)
    }
    if next < derived.buckets {
      add(
        "derived.buckets", "\(derived.buckets)", "\(next): no split has the buckets from there on")
    }
  }

  private mutating func checkGroups() {
    var seen: Set<String> = []
    for (index, group) in definition.groups.enumerated() {
      let path = "groups[\(index)]"
      expect(
        group.attribute, oneOf: definition.attributeNames,
        "an attribute whose column columns.attributes names", at: "\(path).attribute")
      if !seen.insert(group.attribute).inserted {
        add("\(path).attribute", group.attribute, "each attribute once")
      }
      switch (group.codes, group.edges) {
      case (_?, _?): add(path, "codes and edges", "codes, or edges with labels")
      case (nil, nil): add(path, "neither codes nor edges", "codes, or edges with labels")
      case (_?, nil):
        if group.labels != nil {
          add("\(path).labels", "labels of codes", "labels beside edges only")
        }
      case (nil, let edges?):
        if group.labels?.count != edges.count - 1 {
          add(
            "\(path).labels", "\(group.labels?.count ?? 0)",
            "\(edges.count - 1), one between each two edges")
        }
        if zip(edges, edges.dropFirst()).contains(where: { !($0 < $1) }) {
          add("\(path).edges", edges.map { "\($0)" }.joined(separator: ", "), "edges that increase")
        }
        let labels = group.labels ?? []
        for (place, label) in labels.enumerated() where labels.prefix(place).contains(label) {
          add("\(path).labels[\(place)]", label, "a label that no bin before it has")
        }
      }
    }
  }
}
