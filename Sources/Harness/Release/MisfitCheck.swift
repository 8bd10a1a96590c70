import Basics
import Metrics

/// Whether predictions fit the labels better with their columns swapped or their rows in another order.
///
/// Every answer tells of the labels. It is given to whoever holds them, and under no rule that holds
/// anything back: there is then no such check.
public struct MisfitCheck {
  private let scorer: Scorer

  /// - Returns: nil unless `rule` is ``ReleaseRule/open``.
  public init?(_ scorer: Scorer, under rule: ReleaseRule) {
    guard rule == .open else { return nil }
    self.scorer = scorer
  }

  /// So many standard errors make a difference one that is told. Where several orders or pairs of columns
  /// are tried, more are needed: a false alarm is worse than none.
  private static let (ofOne, ofSeveral) = (2.5, 3.5)
  /// Rows and clusters under which nothing is told, and rows over which it would take long.
  private static let (fewest, most) = (20, 100_000)

  /// A warning about the file that is called `file` here; nil where nothing fits clearly better.
  /// Predictions that leave rows out are not looked at.
  public func warning(on predictions: Predictions, file: String) -> Diagnostic? {
    let parts = predictions.attempted.compactMap { scorer.rows($0, of: predictions) }
    guard predictions.missingCount == 0, let rows = parts.first?.rows,
      (Self.fewest...Self.most).contains(rows.count),
      parts.allSatisfy({ $0.rows == rows && $0.sample.clusterCount >= Self.fewest })
    else { return nil }
    let all = parts.compactMap {
      FittedTarget($0, all: predictions.columns[$0.target]?.values ?? [])
    }
    guard all.count == parts.count else { return nil }
    return swapped(all, file) ?? reordered(all, rows, file) ?? unrelated(all, file)
  }

  private func swapped(_ targets: [FittedTarget], _ file: String) -> Diagnostic? {
    let threshold = targets.count == 2 ? Self.ofOne : Self.ofSeveral
    for (place, a) in targets.enumerated() {
      for b in targets[(place + 1)...] {
        // With z-scores p and g: mean of (p_a - p_b)(g_b - g_a) is what swapping adds to both PCCs.
        let gains = a.gold.indices.map {
          (a.predictions[$0] - b.predictions[$0]) * (b.gold[$0] - a.gold[$0])
        }
        guard a.isClear(gains, by: threshold), a.fit(b.predictions) > a.fit(a.predictions),
          b.fit(a.predictions) > b.fit(b.predictions)
        else { continue }
        let (x, y) = (a.name, b.name)
        return Diagnostic(
          .order, severity: .warning, file: file, field: "\(x), \(y)",
          found: "PCC \(text(a.fit(a.predictions))) and \(text(b.fit(b.predictions)))",
          expected: "each target's own column: your \(x) column fits \(y) better (PCC "
            + "\(text(b.fit(a.predictions)))), and your \(y) column fits \(x) better "
            + "(\(text(a.fit(b.predictions)))). Are the columns swapped?")
      }
    }
    return nil
  }

  private func reordered(
    _ targets: [FittedTarget], _ rows: [Int], _ file: String
  ) -> Diagnostic? {
    let own = targets.map { $0.fit($0.predictions) }
    for (order, title) in orders {
      let moved = targets.map { $0.reordered(order, rows) }
      let gains = rows.indices.map { row in
        zip(targets, moved).reduce(0) { $0 + ($1.1[row] - $1.0.predictions[row]) * $1.0.gold[row] }
      }
      let fits = zip(targets, moved).map { $0.fit($1) }
      guard let first = targets.first, first.isClear(gains, by: Self.ofSeveral),
        zip(fits, own).allSatisfy({ $0 > $1 })
      else { continue }
      return Diagnostic(
        .order, severity: .warning, file: file,
        found: "PCC \(own.map(text).joined(separator: " and "))",
        expected: "the rows in the split's order: they fit better \(title) (PCC "
          + "\(fits.map(text).joined(separator: " and "))). Write each row beside its own id")
    }
    return nil
  }

  private func unrelated(_ targets: [FittedTarget], _ file: String) -> Diagnostic? {
    let chance = targets.allSatisfy { $0.fit($0.predictions) < 1.5 * $0.standardError }
    guard chance else { return nil }
    return Diagnostic(
      .order, severity: .warning, file: file,
      found: "PCC \(targets.map { text($0.fit($0.predictions)) }.joined(separator: " and "))",
      expected:
        "more than rows in a random order have. If you expected more, the rows may have been "
        + "shuffled: write each row beside its own id")
  }

  /// Orders that programs put rows in: for each place the row of the split that stands there.
  private var orders: [(rows: [Int], title: String)] {
    let rows = scorer.dataset.rows
    let places = Array(rows.indices)
    func sorted(_ isBefore: (DatasetRow, DatasetRow) -> Bool) -> [Int] {
      places.sorted { a, b in
        if isBefore(rows[a], rows[b]) { return true }
        return isBefore(rows[b], rows[a]) ? false : a < b
      }
    }
    let byLength = sorted { $0.text.utf8.count < $1.text.utf8.count }
    let all: [([Int], String)] = [
      (places.reversed(), "in reverse order"),
      (Array(places.dropFirst()) + places.prefix(1), "one row further down"),
      (places.suffix(1) + Array(places.dropLast()), "one row further up"),
      (sorted { $0.id < $1.id }, "in the order of the ids as text"),
      (sorted { Int($0.id) ?? 0 < Int($1.id) ?? 0 }, "in the order of the ids as numbers"),
      (byLength, "in the order of the texts' length"),
      (byLength.reversed(), "in the order of the texts' length, the longest first"),
    ]
    return all.filter { $0.0 != places }
  }

  private func text(_ figure: Double) -> String { Rounding.text(figure, decimals: 2) }
}

/// Predictions and labels of a target as z-scores.
private struct FittedTarget {
  let name: String
  /// Of the rows that are scored, (n,).
  let predictions, gold: [Double]
  /// Of all rows of the split.
  private let all: [Double]
  private let clusters: [Int]
  private let clusterCount: Int

  /// nil where either is constant.
  init?(_ part: Scorer.TargetRows, all: [Double]) {
    guard let predictions = Self.standardised(part.predictions),
      let gold = Self.standardised(part.sample.gold), let whole = Self.standardised(all)
    else { return nil }
    (name, self.predictions, self.gold, self.all) = (part.target, predictions, gold, whole)
    (clusters, clusterCount) = (part.sample.clusterOfRow, part.sample.clusterCount)
  }

  /// PCC of z-scores `x` with the labels.
  func fit(_ x: [Double]) -> Double {
    zip(x, gold).reduce(0) { $0 + $1.0 * $1.1 } / Double(x.count)
  }

  /// Of a PCC of rows without a relation, by clusters.
  var standardError: Double { 1 / Double(clusterCount).squareRoot() }

  /// The scored rows' predictions where the file has the rows in `order`.
  func reordered(_ order: [Int], _ rows: [Int]) -> [Double] {
    var moved = all
    for (place, row) in order.enumerated() { moved[row] = all[place] }
    return rows.map { moved[$0] }
  }

  /// Whether the mean of `gains` lies clearly above zero: by the standard error of sums of clusters.
  func isClear(_ gains: [Double], by threshold: Double) -> Bool {
    let mean = gains.reduce(0, +) / Double(gains.count)
    var sums = [Double](repeating: 0, count: clusterCount)
    for (gain, cluster) in zip(gains, clusters) { sums[cluster] += gain - mean }
    let error = sums.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(gains.count)
    return mean > 0.1 && mean > threshold * error
  }

  private static func standardised(_ values: [Double]) -> [Double]? {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let sd = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()
    return sd > 0 ? values.map { ($0 - mean) / sd } : nil
  }
}
