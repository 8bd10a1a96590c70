/// Essays of the evaluated split that also stand in a training set which a submission declares.
public struct SplitOverlap: Codable, Sendable, Equatable {
  public var slug: String
  /// `benchmark/split` as declared.
  public var trainingSet: String
  /// Rows of the evaluated split whose essay stands there too; nil where the set is not here.
  public var rows: Int?

  public var text: String {
    guard let rows else { return "\(slug): \(trainingSet) is not in the data home; not compared" }
    return "\(slug): \(rows) rows of this split have an essay of its training set \(trainingSet)"
  }

  /// Looks for the essays of `evaluated` in the training sets that `entry` declares as
  /// `benchmark/split`; other declarations can't be looked up. Sets without overlap are left out.
  public static func find(
    _ entry: SubmissionFolder.Entry, evaluated: Dataset, home: DataHome,
    benchmarks: [BenchmarkDefinition]
  ) throws(HarnessError) -> [SplitOverlap] {
    var found: [SplitOverlap] = []
    for name in entry.metadata.trainingData ?? [] {
      let parts = name.split(separator: "/").map(String.init)
      guard parts.count == 2, let definition = benchmarks.first(where: { $0.id == parts[0] }),
        definition.splitNames.contains(parts[1])
      else { continue }
      guard home.has(parts[0], parts[1]) else {
        found.append(SplitOverlap(slug: entry.slug, trainingSet: name, rows: nil))
        continue
      }
      let training = try home.load(definition, split: parts[1])
      let essays = Set(training.rows.map(\.normalisedText))
      let rows = evaluated.rows.count { essays.contains($0.normalisedText) }
      if rows > 0 { found.append(SplitOverlap(slug: entry.slug, trainingSet: name, rows: rows)) }
    }
    return found
  }
}
