/// A linear change after which labels of one target have the mean and the SD of others:
/// y' = m' + (y - m)·s'/s, with SDs over n - 1.
///
/// Labels that a model corrected or made have less spread than the crowd's, and a model trained on
/// them predicts with less spread, which CCC and RMSE count against it. A rescaled label may lie
/// outside the target's range.
public struct LabelScaling: Codable, Equatable, Sendable {
  public let target: String
  /// m and s, of the labels that are rescaled.
  public let mean, sd: Double
  /// m' and s', of those that they are to be like.
  public let newMean, newSD: Double
  /// Rows with both labels, which the four are taken over.
  public let rows: Int

  /// The change that makes `labels` like `reference`, of the same rows, nil where a row has none. Nil
  /// where fewer than two rows have both, or either is the same number on all of these.
  public init?(target: String, _ labels: [Double?], like reference: [Double?]) {
    precondition(labels.count == reference.count, "two labels, or none, for each row")
    let both = labels.indices.filter { labels[$0] != nil && reference[$0] != nil }
    guard both.count > 1 else { return nil }
    guard let own = Self.moments(both.compactMap { labels[$0] }),
      let other = Self.moments(both.compactMap { reference[$0] })
    else { return nil }
    (self.target, rows) = (target, both.count)
    (mean, sd, newMean, newSD) = (own.mean, own.sd, other.mean, other.sd)
  }

  /// The rescaled label.
  public func apply(_ label: Double) -> Double { newMean + (label - mean) * (newSD / sd) }

  /// Nil for values that are all the same number.
  private static func moments(_ values: [Double]) -> (mean: Double, sd: Double)? {
    guard values.contains(where: { $0 != values[0] }) else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / Double(values.count - 1)).squareRoot())
  }
}
