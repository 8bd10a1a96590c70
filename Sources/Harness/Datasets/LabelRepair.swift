/// Recovers labels whose questionnaire items were put under the wrong target, as in NewsEmp24
/// train.
/// There one distress item was scored as empathy. For every essay that also stands in NewsEmp23, `7
/// e24 + 7 d24 = 6 e23 + 8 d23`: items times label add up to the same, and the earlier labels are
/// right.
public enum LabelRepair {
  public struct Report: Codable, Sendable, Equatable {
    public var rows: Int
    /// Rows whose text was found in the earlier set.
    public var matched = 0
    /// Rows that have the earlier set's labels already.
    public var alreadyRight = 0
    /// Rows whose text was found, but with labels that break the identity; they are left alone.
    public var inconsistent = 0
    /// Rows whose text stands in the earlier set with several labels that all satisfy the
    /// identity; they are left alone.
    public var ambiguous = 0
    /// Rows whose labels changed.
    public var changed = 0
    /// Of the changed rows, by target.
    public var changes: TargetTable<Change>

    /// Sizes of the changes of one target's labels.
    public struct Change: Codable, Sendable, Equatable {
      public var mean = 0.0
      public var largest = 0.0

      public init(mean: Double = 0, largest: Double = 0) {
        (self.mean, self.largest) = (mean, largest)
      }
    }
  }

  /// Labels are printed with 3 decimals or more: with 14 items in all either side may be off by
  /// 14·0.0005.
  static let tolerance = 0.015
  /// Labels that differ by less are the same.
  static let precision = 0.0005

  /// NewsEmp24 train as it is imported, and with the labels of NewsEmp23; both come from `home`.
  public static func newsEmp24(
    in home: DataHome
  ) throws(HarnessError) -> (imported: Dataset, repaired: Dataset, report: Report) {
    let definition = try BenchmarkRegistry(folder: nil).find("newsemp24")
    let earlier = try BenchmarkRegistry(folder: nil).find("newsemp23")
    let train = try home.load(definition, split: "train")
    let sources = try ["train", "dev"].map { split throws(HarnessError) in
      try home.load(earlier, split: split)
    }
    let (repaired, report) = try repair(train, of: definition, from: sources)
    return (train, repaired, report)
  }

  /// Puts the repaired labels in the place of the imported ones.
  /// - Parameter isDry: writes nothing.
  public static func run(in home: DataHome, isDry: Bool) throws(HarnessError) -> Report {
    let (_, repaired, report) = try newsEmp24(in: home)
    guard !isDry, report.changed > 0 else { return report }
    let definition = try BenchmarkRegistry(folder: nil).find("newsemp24")
    let datasets = try home.loadAll(definition).map { $0.split == "train" ? repaired : $0 }
    let manifest = try home.manifest(definition.id)
    _ = try home.save(
      datasets, of: definition.id, sources: manifest?.sources ?? [:],
      repairs: (manifest?.repairs ?? [])
        + ["\(report.changed) rows of train have the 6 and 8 item labels of NewsEmp23"],
      definition: manifest?.definition)
    return report
  }

  /// `train` with the labels of `earlier` wherever the texts match and the identity holds.
  /// - Throws: ``HarnessError/usage(_:)`` where `definition` does not say how many items the labels
  ///   of the split and of each target have.
  public static func repair(
    _ train: Dataset, of definition: BenchmarkDefinition, from earlier: [Dataset]
  ) throws(HarnessError) -> (dataset: Dataset, report: Report) {
    let targets = definition.targetNames
    let given = definition.splits.first { $0.name == train.split }?.items ?? [:]
    let items = targets.compactMap { target in
      given[target].flatMap { own in definition.target(target)?.items.map { (own, $0) } }
    }
    guard items.count == targets.count else {
      throw .usage(
        "The definition of \(definition.id) gives no numbers of items for \(train.split): "
          + "its labels need no repair.")
    }
    func labels(_ row: DatasetRow) -> [Double]? {
      let labels = targets.compactMap { row.labels[$0] }
      return labels.count == targets.count ? labels : nil
    }
    var known: [String: [[Double]]] = [:]
    for row in earlier.flatMap(\.rows) {
      if let labels = labels(row) { known[row.normalisedText, default: []].append(labels) }
    }
    var repaired = train
    var report = Report(
      rows: train.rows.count,
      changes: Dictionary(uniqueKeysWithValues: targets.map { ($0, Report.Change()) }))
    for (index, row) in train.rows.enumerated() {
      guard let own = labels(row), let candidates = known[row.normalisedText] else { continue }
      report.matched += 1
      func isOwn(_ candidate: [Double]) -> Bool {
        zip(candidate, own).allSatisfy { ($0 - $1).magnitude <= precision }
      }
      if candidates.contains(where: isOwn) {
        report.alreadyRight += 1
        continue
      }
      let sum = zip(items, own).reduce(0) { $0 + Double($1.0.0) * $1.1 }
      let fitting = candidates.filter { candidate in
        zip(items, candidate).reduce(sum) { $0 - Double($1.0.1) * $1.1 }.magnitude < tolerance
      }
      guard let found = fitting.first else {
        report.inconsistent += 1
        continue
      }
      guard fitting.allSatisfy({ $0 == found }) else {
        report.ambiguous += 1
        continue
      }
      report.changed += 1
      for (place, target) in targets.enumerated() {
        repaired.rows[index].labels[target] = found[place]
        let size = (found[place] - own[place]).magnitude
        let before = report.changes[target] ?? Report.Change()
        report.changes[target] = .init(mean: before.mean + size, largest: max(before.largest, size))
      }
    }
    for target in targets { report.changes[target]?.mean /= Double(max(1, report.changed)) }
    return (repaired, report)
  }
}
