import Foundation

/// Checks a whole folder of submissions, as a pull request's check does.
public enum SubmissionCheck {
  public struct Outcome: Sendable, Equatable {
    public var entries = 0
    /// Entries whose predictions were read against their split.
    public var compared = 0
    public var published = 0
    /// Withdrawn entries whose predictions were taken away.
    public var withdrawn = 0
    /// Entries whose split is not in the data home.
    public var withoutSplit = 0
  }

  /// - Parameter benchmarks: the definitions that entries may name.
  /// - Throws: ``HarnessError/invalid(_:)`` with the faults of every entry.
  public static func run(
    _ folder: SubmissionFolder, home: DataHome, benchmarks: [BenchmarkDefinition]
  ) throws(HarnessError) -> Outcome {
    var outcome = Outcome()
    var faults: [Diagnostic] = []
    for entry in try folder.entries() {
      outcome.entries += 1
      let definition = try benchmarks.named(entry.metadata.benchmark)
      faults += entry.metadata.faults(file: entry.slug, targets: definition.targetNames)
      guard let file = entry.predictions else {
        if entry.metadata.kind == .published {
          outcome.published += 1
        } else {
          outcome.withdrawn += 1
        }
        continue
      }
      guard home.has(definition.id, entry.metadata.split) else {
        outcome.withoutSplit += 1
        continue
      }
      let dataset = try home.load(definition, split: entry.metadata.split)
      do throws(HarnessError) {
        let read = try PredictionReader(definition, dataset: dataset).read(file)
        outcome.compared += 1
        if let digest = entry.metadata.predictionsSHA256, digest != read.digest {
          faults.add(
            .metadata, file: file.relativePath, found: "digest \(read.digest.prefix(12))…",
            expected: "\(digest.prefix(12))… as submission.json says")
        }
      } catch {
        guard case .invalid(let more) = error else { throw error }
        faults += more
      }
    }
    if !faults.isEmpty { throw .invalid(faults) }
    return outcome
  }
}

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
