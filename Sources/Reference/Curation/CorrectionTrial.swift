/// Chooses a label correction by cross-validation on the training data alone: for each fold of
/// persons, a ridge regression learns the corrected labels of the others, and is scored by its CCC
/// (Lin) against the crowd's labels.
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
  ///   - features: (n, D), a row for each essay.
  /// - Throws: `ReferenceError`: fewer persons than folds, an empty grid, a correction's.
  public init(
    _ essays: [LabelledEssay], features: [[Double]], grid: [LabelCorrection], folds: Int = 5,
    seed: UInt64 = 0
  ) throws(ReferenceError) {
    guard !grid.isEmpty else { throw .curation(.tooFew(what: "candidates", found: 0, needed: 1)) }
    let (rows, points) = LabelledEssay.ofCrowd(essays, features)
    let crowd = rows.compactMap(\.crowd)
    var choices: [(labels: [Double], used: String, changed: Int)] = []
    for correction in grid { choices.append(try correction.labels(rows)) }
    let trial = try CrossValidation(rows, features: points, folds: folds, seed: seed)
    let penalty = trial.bestPenalty(for: crowd)
    let scores = trial.predictions(choices.map(\.labels) + [crowd], penalty: penalty).map {
      trial.scores($0, crowd)
    }
    candidates = grid.indices.map { index in
      let gains = zip(scores[index], scores[grid.count]).map(-)
      let gain = gains.reduce(0, +) / Double(folds)
      let squares = gains.reduce(0) { $0 + ($1 - gain) * ($1 - gain) }
      return Candidate(
        correction: grid[index], ccc: scores[index].reduce(0, +) / Double(folds), gain: gain,
        gainError: (squares / Double(folds - 1) / Double(folds)).squareRoot(),
        changed: choices[index].changed)
    }
    best = candidates.dropFirst().reduce(candidates[0]) { best, other in
      (other.ccc, best.changed) > (best.ccc, other.changed) ? other : best
    }
    (self.penalty, self.folds, self.seed) = (penalty, folds, seed)
  }
}

/// Compares methods of choosing labels on persons whom neither the method nor the model has seen.
/// For each fold of persons, every method uses the other folds alone, and a ridge regression learns
/// its labels and predicts the fold; the penalty is chosen there for the crowd's labels.
public struct CorrectionTrial: Sendable {
  /// A method of choosing labels.
  public enum Way: Sendable, Equatable {
    case fixed(LabelCorrection)
    /// A threshold that `AlphaSelection` chooses from its grid.
    case chosenAlpha(llm: String)
    /// `LabelCorrection.soft` with a rating of the text as the third rater; where reliabilities
    /// cannot be estimated, the crowd's labels are kept.
    case soft(llm: String)

    public var name: String {
      switch self {
      case .fixed(let correction): correction.name
      case .chosenAlpha(let llm): "llm:\(llm):alpha=auto"
      case .soft(let llm): "llm:\(llm):soft:text"
      }
    }

    /// A label for each row, and the correction that chose it.
    fileprivate func labels(_ rows: [LabelledEssay], _ features: [[Double]], _ seed: UInt64)
      throws(ReferenceError) -> (labels: [Double], used: String, changed: Int)
    {
      switch self {
      case .fixed(let correction): return try correction.labels(rows)
      case .chosenAlpha(let llm):
        let choice = try AlphaSelection(
          rows, features: features, grid: AlphaSelection.grid(llm: llm),
          folds: CorrectionTrial.innerFolds, seed: seed)
        return try choice.best.correction.labels(rows)
      case .soft(let llm):
        let third = llm == "text" ? "text rater" : "text"
        let essays = try LabelledEssay.addingTextRater(
          rows, features: features, name: third, seed: seed)
        do { return try LabelCorrection.soft(llm: llm, third: third).labels(essays) } catch {
          guard case .curation(.unrelated) = error else { throw error }
          return (rows.compactMap(\.crowd), "crowd: reliabilities not estimable", 0)
        }
      }
    }
  }

  /// The outcome of one method.
  public struct Result: Sendable, Equatable {
    public let way: Way
    /// (n,), of the rows with a crowd label in their order.
    public let predictions: [Double]
    /// The correction used in each fold, such as `llm:llama:alpha=4.5`.
    public let used: [String]
    /// The mean number of labels per fold that were changed.
    public let changed: Double
  }

  public let results: [Result]
  /// The crowd's labels and the persons of the compared rows, (n,) each.
  public let crowd: [Double]
  public let persons: [String]
  public let folds: Int
  public let seed: UInt64

  private static let innerFolds = 5

  /// - Parameters:
  ///   - essays: rows without a crowd label are not used.
  ///   - features: (n, D), a row for each essay.
  /// - Throws: `ReferenceError`: fewer persons than folds, or what a method throws.
  public init(
    _ essays: [LabelledEssay], features: [[Double]], ways: [Way], folds: Int = 10, seed: UInt64 = 0,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws(ReferenceError) {
    let (rows, points) = LabelledEssay.ofCrowd(essays, features)
    let outer = try PersonFolds(rows, count: folds, seed: seed)
    var predictions = ways.map { _ in Array(repeating: 0.0, count: rows.count) }
    var choices: [[(labels: [Double], used: String, changed: Int)]] = ways.map { _ in [] }
    for fold in 0..<folds {
      let (training, held) = (outer.training(fold), outer.held(fold))
      let (known, features) = (training.map { rows[$0] }, training.map { points[$0] })
      let inner = try CrossValidation(known, features: features, folds: Self.innerFolds, seed: seed)
      let penalty = inner.bestPenalty(for: known.compactMap(\.crowd))
      let ridge = RidgeRegression(FeatureMoments(features), penalty: penalty)
      let heldPoints = held.map { points[$0] }
      for (index, way) in ways.enumerated() {
        let choice = try way.labels(known, features, seed)
        choices[index].append(choice)
        let found = ridge.predict(heldPoints, trainedOn: choice.labels)
        for (row, prediction) in zip(held, found) { predictions[index][row] = prediction }
      }
      progress(fold + 1, folds)
    }
    results = ways.indices.map {
      Result(
        way: ways[$0], predictions: predictions[$0], used: choices[$0].map(\.used),
        changed: Double(choices[$0].reduce(0) { $0 + $1.changed }) / Double(folds))
    }
    crowd = rows.compactMap(\.crowd)
    persons = rows.map { $0.person ?? $0.id }
    (self.folds, self.seed) = (folds, seed)
  }
}
