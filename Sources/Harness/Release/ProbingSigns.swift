/// A sign that a submission was made to learn hidden labels rather than to predict them: a reason
/// for the maintainer to look, not a verdict. docs/explanation/probing.md says how often honest teams
/// show each.
public enum ProbingSign: String, Codable, Sendable, CaseIterable {
  /// Releases of the team climb one step of the grid at a time.
  case smallSteps
  /// The team's first submission runs against the other teams'.
  case opposite
  /// Next to no distinct values.
  case fewValues
  /// It follows from one or two earlier submissions, all of them the team's own or not.
  case builtFromOwn, builtFromOthers

  /// In words, for the maintainer.
  public var text: String {
    switch self {
    case .smallSteps: "releases climb one grid step at a time"
    case .opposite: "first submission runs against the other teams'"
    case .fewValues: "at most \(ProbingSigns.maxFewValues) distinct values"
    case .builtFromOwn: "looks built from the team's earlier ones"
    case .builtFromOthers: "looks built from another team's"
    }
  }
}

/// Looks for signs of probing in predictions of the target whose figure is released.
public struct ProbingSigns: Sendable {
  /// Releases in a row, each one step above the one before it.
  public static let minSteps = 3
  /// Correlation of a first submission with the mean of the others below which it is opposite: a
  /// system unrelated to them falls below it once in 300 times at 83 rows.
  public static let oppositeCorrelation = -0.3
  /// Other teams without which there is no mean to be opposite to.
  public static let minOthers = 3
  /// Distinct values, or differences from an earlier submission, that are few; fewer rows than the
  /// second number show no sign.
  public static let maxFewValues = 3, minRows = 20
  /// Share of its variance that one or two earlier submissions leave of one built from them. Two runs
  /// of one model leave each other far more.
  public static let maxResidual = 1e-3
  /// Share of rows below which one that differs in them alone is built from the other.
  public static let maxChangedRows = 0.1

  /// Predictions of the team's complete earlier submissions, (n,) each.
  public var own: [[Double]]
  /// Of every other team's best, (n,) each.
  public var others: [[Double]]
  /// Released values of the team's bests in order, with that of the submission if it is one.
  public var releases: [Double]

  public init(own: [[Double]], others: [[Double]], releases: [Double]) {
    (self.own, self.others, self.releases) = (own, others, releases)
  }

  /// The signs in `predictions`, (n,), in the order of ``ProbingSign``.
  /// - Parameters:
  ///   - isNewBest: whether the last of ``releases`` is its own.
  ///   - step: of the board's grid.
  public func find(in predictions: [Double], isNewBest: Bool, step: Double) -> [ProbingSign] {
    precondition(
      (own + others).allSatisfy { $0.count == predictions.count }, "columns of different length")
    var signs: [ProbingSign] = []
    if isNewBest, climbs(by: step) { signs.append(.smallSteps) }
    guard predictions.count >= Self.minRows else { return signs }
    if own.isEmpty, isOpposite(predictions) { signs.append(.opposite) }
    if Set(predictions).count <= Self.maxFewValues { signs.append(.fewValues) }
    return signs + [sources(of: predictions)].compactMap { $0 }
  }

  private func climbs(by step: Double) -> Bool {
    guard releases.count > Self.minSteps else { return false }
    let last = releases.suffix(Self.minSteps + 1)
    return zip(last, last.dropFirst()).allSatisfy { abs(abs($1 - $0) - step) < 1e-6 }
  }

  /// Whether it correlates negatively with the mean of the others, each in units of its own spread.
  private func isOpposite(_ predictions: [Double]) -> Bool {
    let others = others.map(Self.standardised).filter { $0.contains { $0 != 0 } }
    guard others.count >= Self.minOthers else { return false }
    let mean = predictions.indices.map { row in others.reduce(0) { $0 + $1[row] } }
    return Self.product(Self.standardised(predictions), Self.standardised(mean))
      < Self.oppositeCorrelation
  }

  /// Whether it follows from earlier ones, and then whose: own ones come first.
  private func sources(of predictions: [Double]) -> ProbingSign? {
    let (all, column) = (own + others, Self.standardised(predictions))
    guard column.contains(where: { $0 != 0 }) else { return nil }
    func sign(_ last: Int) -> ProbingSign { last < own.count ? .builtFromOwn : .builtFromOthers }
    let columns = all.map(Self.standardised)
    let r = columns.map { Self.product(column, $0) }
    for (i, source) in all.enumerated() {
      if Self.isPatched(predictions, source) || 1 - r[i] * r[i] < Self.maxResidual {
        return sign(i)
      }
      for j in 0..<i where Self.residual(r[i], r[j], Self.product(columns[i], columns[j])) {
        return sign(i)
      }
    }
    return nil
  }

  /// Whether it is `source` but for few rows, or but for a pattern of two or three numbers. Of coarse
  /// predictions, such as whole numbers, any two differ by few numbers: that is no pattern.
  private static func isPatched(_ predictions: [Double], _ source: [Double]) -> Bool {
    let differences = zip(predictions, source).map { (($0 - $1) * 1e6).rounded() }
    let changed = Double(differences.count { $0 != 0 })
    return changed < maxChangedRows * Double(predictions.count)
      || (Set(differences).count <= maxFewValues && Set(predictions).count >= minRows)
  }

  /// Whether a regression on two columns leaves next to nothing, by the three correlations. Two
  /// columns that are almost one are no more than that one.
  private static func residual(_ first: Double, _ second: Double, _ mutual: Double) -> Bool {
    let rest = 1 - mutual * mutual
    guard rest > maxResidual * maxResidual else { return false }
    let explained = (first * first + second * second - 2 * first * second * mutual) / rest
    return 1 - explained < maxResidual
  }

  /// Centred and of length 1; zeros for a constant column.
  private static func standardised(_ column: [Double]) -> [Double] {
    let mean = column.reduce(0, +) / Double(column.count)
    let centred = column.map { $0 - mean }
    let length = product(centred, centred).squareRoot()
    guard length > 1e-9, let first = column.first, column.contains(where: { $0 != first }) else {
      return column.map { _ in 0 }
    }
    return centred.map { $0 / length }
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for row in a.indices { sum += a[row] * b[row] }
    return sum
  }
}
