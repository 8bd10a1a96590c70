import Metrics

/// Chooses how labels are corrected by cross-validation on training data alone.
///
/// Persons are kept together in folds. For each fold, a ridge regression on given features learns
/// from the other folds' labels as each correction leaves them, and is scored by its CCC (Lin)
/// against the crowd's uncorrected labels of the fold. The crowd's labels are noisy, so the scores
/// tell corrections apart only as far as that noise, averaged over the folds, allows: the standard
/// error of the difference to no correction stands beside each.
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
  /// - Throws: `CurationError`: fewer persons than folds, an empty grid, or what a correction throws.
  public init(
    _ essays: [LabelledEssay], features: [[Double]], grid: [LabelCorrection], folds: Int = 5,
    seed: UInt64 = 0
  ) throws(CurationError) {
    precondition(essays.count == features.count, "features for each essay")
    let used = essays.indices.filter { essays[$0].crowd != nil }
    let rows = used.map { essays[$0] }
    guard !grid.isEmpty, folds > 1 else {
      throw .tooFew(what: "candidates or folds", found: min(grid.count, folds), needed: 2)
    }
    let foldOf = try Self.assign(rows, folds, seed)
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
    let trial = Trial(
      features: used.map { features[$0] }, foldOf: foldOf, folds: folds, gold: crowd)
    var (penalty, top) = (1.0, -Double.infinity)
    for candidate in [0.1, 1, 10, 100] {
      let scores = trial.scores([crowd], penalty: candidate)[0]
      let mean = scores.reduce(0, +) / Double(folds)
      if mean > top { (penalty, top) = (candidate, mean) }
    }
    let scores = trial.scores(labels + [crowd], penalty: penalty)
    let reference = scores[grid.count]
    let candidates = grid.indices.map { index in
      let gains = zip(scores[index], reference).map { $0 - $1 }
      let gain = gains.reduce(0, +) / Double(folds)
      let squares = gains.reduce(0) { $0 + ($1 - gain) * ($1 - gain) }
      return Candidate(
        correction: grid[index], ccc: scores[index].reduce(0, +) / Double(folds), gain: gain,
        gainError: (squares / Double(folds - 1) / Double(folds)).squareRoot(),
        changed: changed[index])
    }
    var best = candidates[0]
    for candidate in candidates.dropFirst()
    where candidate.ccc > best.ccc
      || candidate.ccc == best.ccc && candidate.changed < best.changed
    { best = candidate }
    (self.candidates, self.best, self.penalty) = (candidates, best, penalty)
    (self.folds, self.seed) = (folds, seed)
  }

  /// A fold for each row: persons in a seeded order, each into the fold that is smallest so far. A
  /// row without a person is a person of its own.
  private static func assign(
    _ rows: [LabelledEssay], _ folds: Int, _ seed: UInt64
  ) throws(CurationError) -> [Int] {
    let persons = rows.map { $0.person ?? "\u{0}\($0.id)" }
    let members = Dictionary(grouping: rows.indices) { persons[$0] }
    guard members.count >= folds else {
      throw .tooFew(what: "persons", found: members.count, needed: folds)
    }
    var generator = SeededGenerator(seed: seed)
    var sizes = Array(repeating: 0, count: folds)
    var foldOf = Array(repeating: 0, count: rows.count)
    for person in members.keys.sorted().shuffled(using: &generator) {
      let smallest = sizes.indices.min { sizes[$0] < sizes[$1] } ?? 0
      for row in members[person] ?? [] { foldOf[row] = smallest }
      sizes[smallest] += members[person]?.count ?? 0
    }
    return foldOf
  }

  /// One way of cutting the rows into folds.
  private struct Trial {
    let features: [[Double]]
    let foldOf: [Int]
    let folds: Int
    let gold: [Double]

    /// The CCC of each fold, for each set of training labels. An undefined CCC counts as 0.
    func scores(_ labels: [[Double]], penalty: Double) -> [[Double]] {
      var scores = Array(repeating: [Double](), count: labels.count)
      for fold in 0..<folds {
        let train = features.indices.filter { foldOf[$0] != fold }
        let test = features.indices.filter { foldOf[$0] == fold }
        let ridge = RidgeRegression(features: train.map { features[$0] }, penalty: penalty)
        let held = test.map { features[$0] }
        for (index, set) in labels.enumerated() {
          let predictions = ridge.predict(held, trainedOn: train.map { set[$0] })
          let moments = PairedMoments(predictions: predictions, gold: test.map { gold[$0] })
          scores[index].append(moments.ccc().value ?? 0)
        }
      }
      return scores
    }
  }
}
