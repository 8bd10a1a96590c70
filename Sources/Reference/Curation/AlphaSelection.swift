/// Chooses a label correction by cross-validation on the training data alone.
///
/// All rows of a person are in one fold. For each fold, a ridge regression on given features learns
/// the corrected labels of the other folds, and is scored by its CCC (Lin) against the crowd's
/// uncorrected labels in the fold. Those are noisy, which limits how small a difference between
/// corrections can be seen: each candidate has the standard error of its gain over no correction. A
/// soft correction estimates its three numbers from all rows, held-out ones included; a threshold
/// estimates nothing.
public struct AlphaSelection: Sendable {
  public struct Candidate: Sendable, Equatable {
    public let correction: LabelCorrection
    /// Mean CCC over the folds.
    public let ccc: Double
    /// Mean gain in CCC over the uncorrected labels, and its standard error over the folds.
    public let gain: Double
    public let gainError: Double
    /// Training rows whose label changed.
    public let changed: Int
  }

  /// In the order of the grid.
  public let candidates: [Candidate]
  /// The candidate with the highest CCC; among equals, the one that changes the fewest labels.
  public let best: Candidate
  /// The ridge penalty, chosen beforehand for the uncorrected labels.
  public let penalty: Double
  public let folds: Int
  public let seed: UInt64

  /// The paper's grid: alpha from 0 to 6 by 0.5. At 6 no label changes.
  public static func grid(llm: String) -> [LabelCorrection] {
    stride(from: 0.0, through: 6.0, by: 0.5).map { .threshold(llm: llm, alpha: $0) }
  }

  /// - Parameters:
  ///   - essays: the training rows; those without a crowd label are not used.
  ///   - features: (n, D), one row for each essay, such as an encoder's first-token states or
  ///     `WordFeatures`.
  /// - Throws: `ReferenceError`: fewer persons than folds, an empty grid, or what a correction
  ///   throws.
  public init(
    _ essays: [LabelledEssay], features: [[Double]], grid: [LabelCorrection], folds: Int = 5,
    seed: UInt64 = 0
  ) throws(ReferenceError) {
    precondition(essays.count == features.count, "features for each essay")
    guard !grid.isEmpty else { throw .curation(.tooFew(what: "candidates", found: 0, needed: 1)) }
    let used = essays.indices.filter { essays[$0].crowd != nil }
    let rows = used.map { essays[$0] }
    let crowd = rows.compactMap(\.crowd)
    var labels: [[Double]] = []
    var changed: [Int] = []
    for correction in grid {
      let (curated, summary) = try correction.apply(rows, set: "")
      // A row that gets no label from the correction keeps the crowd's.
      let byID = Dictionary(uniqueKeysWithValues: curated.map { ($0.id, $0.label) })
      labels.append(zip(rows, crowd).map { byID[$0.id] ?? $1 })
      changed.append(summary.changed)
    }
    let trial = CrossValidation(
      features: used.map { features[$0] },
      folds: try PersonFolds(rows, count: folds, seed: seed))
    penalty = trial.bestPenalty(for: crowd)
    let scores = trial.predictions(labels + [crowd], penalty: penalty)
      .map { trial.scores($0, crowd) }
    candidates = grid.indices.map { index in
      let gains = zip(scores[index], scores[grid.count]).map { $0 - $1 }
      let gain = gains.reduce(0, +) / Double(folds)
      let squares = gains.reduce(0) { $0 + ($1 - gain) * ($1 - gain) }
      return Candidate(
        correction: grid[index], ccc: scores[index].reduce(0, +) / Double(folds), gain: gain,
        gainError: (squares / Double(folds - 1) / Double(folds)).squareRoot(),
        changed: changed[index])
    }
    best = candidates.dropFirst().reduce(candidates[0]) { best, candidate in
      let isBetter =
        candidate.ccc > best.ccc || candidate.ccc == best.ccc && candidate.changed < best.changed
      return isBetter ? candidate : best
    }
    (self.folds, self.seed) = (folds, seed)
  }
}
