/// Compares methods of choosing labels on persons whom neither the method nor the model has seen.
///
/// Persons are divided into folds. For each fold, every method uses the other folds alone, also to
/// choose a threshold or to estimate reliabilities. A ridge regression on given features learns the
/// resulting labels and predicts the fold; its penalty is chosen on the other folds too, for the
/// crowd's labels, and is the same for all methods. The predictions of all folds together are then
/// compared with the crowd's labels.
public struct CorrectionTrial: Sendable {
  /// A method of choosing labels.
  public enum Way: Sendable, Equatable {
    case fixed(LabelCorrection)
    /// A threshold that `AlphaSelection` chooses from its grid.
    case chosenAlpha(llm: String)
    /// `LabelCorrection.soft` with a rating of the text as the third rater. Where the raters of a
    /// fold do not agree enough for reliabilities to be estimated, the crowd's labels are kept.
    case soft(llm: String)

    public var name: String {
      switch self {
      case .fixed(let correction): correction.name
      case .chosenAlpha(let llm): "llm:\(llm):alpha=auto"
      case .soft(let llm): "llm:\(llm):soft:text"
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
    _ essays: [LabelledEssay], features: [[Double]], ways: [Way], folds: Int = 10,
    seed: UInt64 = 0, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws(ReferenceError) {
    precondition(essays.count == features.count, "features for each essay")
    let used = essays.indices.filter { essays[$0].crowd != nil }
    let rows = used.map { essays[$0] }
    let points = used.map { features[$0] }
    let outer = try PersonFolds(rows, count: folds, seed: seed)
    var predictions = ways.map { _ in Array(repeating: 0.0, count: rows.count) }
    var names: [[String]] = ways.map { _ in [] }
    var changed = ways.map { _ in 0 }
    for fold in 0..<folds {
      let (training, held) = (outer.training(fold), outer.held(fold))
      let known = Fold(
        rows: training.map { rows[$0] }, features: training.map { points[$0] }, seed: seed)
      let penalty = CrossValidation(
        features: known.features,
        folds: try PersonFolds(known.rows, count: Self.innerFolds, seed: seed)
      ).bestPenalty(for: known.rows.compactMap(\.crowd))
      let ridge = RidgeRegression(FeatureMoments(known.features), penalty: penalty)
      let heldPoints = held.map { points[$0] }
      for (index, way) in ways.enumerated() {
        let choice = try known.labels(way)
        names[index].append(choice.used)
        changed[index] += choice.changed
        let found = ridge.predict(heldPoints, trainedOn: choice.labels)
        for (row, prediction) in zip(held, found) { predictions[index][row] = prediction }
      }
      progress(fold + 1, folds)
    }
    results = ways.indices.map {
      Result(
        way: ways[$0], predictions: predictions[$0], used: names[$0],
        changed: Double(changed[$0]) / Double(folds))
    }
    crowd = rows.compactMap(\.crowd)
    persons = rows.map { $0.person ?? $0.id }
    (self.folds, self.seed) = (folds, seed)
  }

  /// The rows that a method may use.
  private struct Fold {
    let rows: [LabelledEssay]
    let features: [[Double]]
    let seed: UInt64

    /// A label for each row: the crowd's where the model has none.
    func labels(
      _ way: Way
    ) throws(ReferenceError) -> (labels: [Double], used: String, changed: Int) {
      var essays = rows
      let correction: LabelCorrection
      switch way {
      case .fixed(let fixed): correction = fixed
      case .chosenAlpha(let llm):
        correction = try AlphaSelection(
          rows, features: features, grid: AlphaSelection.grid(llm: llm),
          folds: CorrectionTrial.innerFolds,
          seed: seed
        ).best.correction
      case .soft(let llm):
        let third = llm == "text" ? "text rater" : "text"
        essays = try LabelledEssay.addingTextRater(
          rows, features: features, name: third, seed: seed)
        correction = .soft(llm: llm, third: third)
      }
      let (curated, summary): ([CuratedEssay], LabelCorrection.Summary)
      do {
        (curated, summary) = try correction.apply(essays, set: "")
      } catch {
        guard case .soft = way, case .curation(.outOfRange) = error else { throw error }
        return (rows.map { $0.crowd ?? 0 }, "crowd: reliabilities not estimable", 0)
      }
      let byID = Dictionary(curated.map { ($0.id, $0.label) }) { first, _ in first }
      return (
        rows.map { byID[$0.id] ?? $0.crowd ?? 0 }, correction.name, summary.changed
      )
    }
  }
}
