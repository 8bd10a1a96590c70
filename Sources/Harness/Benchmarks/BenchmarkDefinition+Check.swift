import Metrics

/// What a definition contradicts itself in.
extension BenchmarkDefinition {
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
    if rowNoun.isEmpty { fault("an empty rowNoun", "what a row is called, as essay or turn") }
    checkColumns(fault)
    checkTargets(fault)
    checkSplits(fault)
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
    if target(primary.target) == nil { fault("primary target \(primary.target)", known) }
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
