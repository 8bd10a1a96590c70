import Basics
public import Foundation
import Harness
public import Reference

/// A training table with what was done to make it.
public struct CuratedTable: Sendable {
  public let table: TrainingTable
  public let evaluation: EvaluationTexts
  public internal(set) var reliability: LabelReliability?
  public internal(set) var choice: AlphaSelection?

  /// Writes the table and its manifest.
  public func write(to file: URL) throws {
    try AtomicFile.createFolder(file.deletingLastPathComponent())
    try table.write(to: file)
  }

  public var report: CurationReport { CurationReport(self) }
}

/// What `invitro curate` says of the table that it writes; figures rounded to 4 decimals.
public struct CurationReport: Encodable, Sendable {
  public var schema = 1
  public let manifest: TrainingTable.Manifest
  /// The splits whose essays the table must not hold.
  public let evaluation: [String]
  public let reliability: Reliability?
  public let selection: Selection?

  public struct Reliability: Encodable, Sendable, Equatable {
    public let crowd: Double?
    public let model: Double?
    public let weight: Double?
    /// Rows that it was estimated from.
    public let rows: Int

    private enum CodingKeys: CodingKey { case crowd, model, weight }
  }

  public struct Selection: Encodable, Sendable, Equatable {
    public let seed: UInt64
    public let folds: Int
    public let chosen: String
    public let candidates: [Candidate]
    /// The gain of the chosen one in units of its standard error; nil without an error.
    public let gainInErrors: Double?

    private enum CodingKeys: CodingKey { case seed, folds, chosen, candidates }
  }

  public struct Candidate: Encodable, Sendable, Equatable {
    public let correction: String
    public let ccc: Double?
    public let gain: Double?
    public let gainError: Double?
    public let changed: Int
  }

  init(_ curated: CuratedTable) {
    func round(_ value: Double) -> Double? { Rounding.published(value) }
    manifest = curated.table.manifest
    evaluation = curated.evaluation.splits
    reliability = curated.reliability.map {
      Reliability(
        crowd: round($0.crowd), model: round($0.model), weight: round($0.weight), rows: $0.rows)
    }
    selection = curated.choice.map { choice in
      let best = choice.best
      return Selection(
        seed: choice.seed, folds: choice.folds, chosen: best.correction.name,
        candidates: choice.candidates.map {
          Candidate(
            correction: $0.correction.name, ccc: round($0.ccc), gain: round($0.gain),
            gainError: round($0.gainError), changed: $0.changed)
        },
        gainInErrors: best.gainError > 0 ? best.gain / best.gainError : nil)
    }
  }
}
