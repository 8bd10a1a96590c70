/// What a column is needed for to score predictions.
public enum ColumnUse: String, CaseIterable, Sendable { case id, target, cluster, attribute }

/// What prediction files tell of the columns that they are to be scored against.
extension Guesser {
  /// Takes columns of a file of labels for what the headers of prediction files say, and for the rest as
  /// a draft does. Without a header among them rows are known by their place and need no id.
  /// - Parameters:
  ///   - headers: of each prediction file; nil for one without.
  ///   - named: targets whose column of the predictions an option names.
  ///   - usual: targets in the order that files without a header have them in.
  mutating func guess(
    beside headers: [[String]?], named: [String] = [], usual: [String], clusters wanted: Bool = true
  ) throws(HarnessError) {
    try takeWhatIsSaid()
    let known = headers.compactMap(\.self).map(Set.init)
    let shared = known.dropFirst().reduce(known.first ?? []) { $0.intersection($1) }
    guessSplitColumn()
    guessText()
    if ids.isEmpty { guessSharedID(shared, isKeyed: !known.isEmpty) }
    if targets.isEmpty && !known.isEmpty { guessSharedTargets(shared, named) }
    if targets.isEmpty && known.isEmpty { guessUsualTargets(usual) }
    if !known.isEmpty { guessIDs() }
    if wanted { guessClusters() }
    guessNamedAttributes()
    if targets.isEmpty { guessTargets() }
    guessOtherAttributes()
  }

  /// The column that names rows in both files; of files without a header a column of ids, if any.
  private mutating func guessSharedID(_ shared: Set<String>, isKeyed: Bool) {
    let both = free.filter { shared.contains($0.name) }
    let usual = ["id", "row_id"].lazy.compactMap { name in both.first { $0.name == name } }.first
    let best = usual ?? bestID(among: isKeyed ? both : free.filter(NameHint.id.fits))
    guard let best else { return }
    ids = [best.name]
    take(best.name, "id", isKeyed ? "both files have it" : "its name, and values that differ")
  }

  /// Numbers that the predictions have a column for.
  private mutating func guessSharedTargets(_ shared: Set<String>, _ named: [String]) {
    for sketch in free where mayBeLabels(sketch) {
      let name = DraftRequest.plainName(sketch.name)
      let names = PredictionColumns(targets: [name]).names(of: name) + [sketch.name]
      guard named.contains(name) || names.contains(where: shared.contains) else { continue }
      addTarget(name, sketch, "the predictions have it too")
    }
  }

  /// Those targets of a usual file without a header that are columns here, in its order.
  private mutating func guessUsualTargets(_ names: [String]) {
    for name in names {
      if let sketch = free.first(where: { $0.name == name && $0.isMostlyNumeric }) {
        addTarget(name, sketch, "its name")
      }
    }
  }

  private mutating func addTarget(_ name: String, _ sketch: ColumnSketch, _ why: String) {
    targets.append(DraftRequest.Named(name: name, column: sketch.name))
    take(sketch.name, "target \(name)", why)
  }

  /// Whole numbers in a column that is called as persons, clusters and attributes are count as these.
  private func mayBeLabels(_ sketch: ColumnSketch) -> Bool {
    let never: [NameHint] = [.id, .index, .position, .split]
    let codes: [NameHint] = [.person, .cluster, .attribute]
    return sketch.isMostlyNumeric && !never.contains { $0.fits(sketch) }
      && !(sketch.isWhole && codes.contains { $0.fits(sketch) })
  }
}

extension Guesser {
  /// The definition of the file as one split that is called like it. A target without a range takes any
  /// label, since a guessed one could refuse none and would warn of predictions beside it.
  /// - Parameter isNumbered: rows have no id but their number.
  func splitDefinition(isNumbered: Bool) throws(HarnessError) -> BenchmarkDefinition {
    var guesser = self
    guesser.splitColumn = nil
    if isNumbered { guesser.ids = ["id"] }
    var definition: BenchmarkDefinition
    do throws(HarnessError) { definition = try guesser.draft().definition } catch {
      guard case .invalid(var faults) = error else { throw error }
      for index in faults.indices { faults[index].file = table.name }
      throw .invalid(faults)
    }
    definition.targets = targets.map(Target.init)
    definition.columns.text = nil
    definition.splits = [
      BenchmarkDefinition.SplitSource(name: table.name, file: table.name, format: format)
    ]
    definition.defaultSplit = table.name
    return definition
  }

  /// The columns that were taken for what the request leaves open.
  /// - Parameter wanted: whether clusters are among it.
  func guesses(clusters wanted: Bool) -> [ColumnUse: [String]] {
    var guesses: [ColumnUse: [String]] = [:]
    if request.ids.isEmpty { guesses[.id] = ids }
    if request.targets.isEmpty { guesses[.target] = targets.map(\.column) }
    if request.clusters.isEmpty && wanted { guesses[.cluster] = clusters.map(\.column) }
    if request.attributes.isEmpty { guesses[.attribute] = attributes.map(\.column) }
    return guesses
  }

  /// Targets whose column the predictions call as this file does, and not as the target is called.
  func names(in headers: [[String]?]) -> TargetTable<String> {
    let known = headers.compactMap(\.self)
    guard !known.isEmpty else { return [:] }
    var named: TargetTable<String> = [:]
    for target in targets {
      let usual = PredictionColumns(targets: []).names(of: target.name)
      let isOther = known.allSatisfy { header in
        header.contains(target.column) && !usual.contains(where: header.contains)
      }
      if isOther { named[target.name] = target.column }
    }
    return named
  }
}
