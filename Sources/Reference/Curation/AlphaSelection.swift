/// Chooses how labels are corrected by cross-validation on training data alone.
///
/// Persons are kept together in folds. For each fold, a ridge regression on given features learns
/// from the other folds' labels as each correction leaves them, and is scored by its CCC (Lin)
/// against the crowd's uncorrected labels of the fold. The crowd's labels are noisy, so the scores
/// tell corrections apart only as far as that noise, averaged over the folds, allows: the standard
/// error of the difference to no correction stands beside each. A soft correction estimates its
/// three numbers from all rows given, held-out ones included; thresholds estimate nothing.
public struct AlphaSelection: Sendable {
  public struct Candidate: Sendable, Equatable {
    public let correction: LabelCorrection
    /// Mean CCC over the folds.
    public let ccc: Double
    /// Mean difference to the crowd's labels as they are, and its standard error over the folds.
    public let gain: Double
    public let gainError: Double
    /// Training rows whose label changed.
    public let changed: Int
  }

  /// In the order of the grid.
  public let candidates: [Candidate]
  /// The candidate with the highest CCC; of equals, the one that changes fewer labels.
  public let best: Candidate
  /// The ridge penalty, chosen beforehand with the crowd's labels as they are.
  public let penalty: Double
  public let folds: Int
  public let seed: UInt64

  /// The paper's grid: alpha from 0 to 6 by 0.5. At 6 no label changes.
  public static func grid(llm: String) -> [LabelCorrection] {
    stride(from: 0.0, through: 6.0, by: 0.5).map { .threshold(llm: llm, alpha: $0) }
  }

  /// - Parameters:
  ///   - essays: the training rows; those without a crowd label take no part.
  ///   - features: (n, D), one row for each essay, such as an encoder's first-token states or
  ///     `WordFeatures`.
  /// - Throws: `ReferenceError`: fewer persons than folds, an empty grid, or what a correction throws.
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
      // A row that the correction has no label for keeps the crowd's.
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
