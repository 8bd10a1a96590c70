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
    var faults: [Fault] = []
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
          faults.append(
            Fault(
              .metadata, file: file.relativePath, found: "digest \(read.digest.prefix(12))…",
              expected: "\(digest.prefix(12))… as submission.json says"))
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
