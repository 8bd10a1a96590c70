import Harness
import Basics
import Metrics

extension Replication {
  /// What came of the attempt to measure a claim.
  public enum Outcome: Sendable, Equatable {
    case measured(Measurement)
    /// Why not, in words.
    case notRun(String)
  }

  /// Ours, with both kinds of uncertainty apart.
  public struct Measurement: Sendable, Equatable {
    public var value: Double
    public var seeds: SeedSpread?
    public var low: Double?
    public var high: Double?
    public var note: String?

    public init(
      _ value: Double, seeds: SeedSpread? = nil, low: Double? = nil,
      high: Double? = nil, note: String? = nil
    ) {
      self.value = value
      self.seeds = seeds
      self.low = low
      self.high = high
      self.note = note
    }
  }
}

extension Replication.Expectation {
  /// The verdict on `ours`.
  ///
  /// The tolerance is widened by 1e-9, so that a difference of just the tolerance passes whatever
  /// its last bit. Without a published value nothing can be replicated.
  public func verdict(_ ours: Replication.Measurement, published: Double?) -> Replication.Verdict {
    switch self {
    case .below(let limit): return ours.value < limit ? .replicated : .notReplicated
    case .within(let tolerance):
      guard let published else { return .notRun }
      if (ours.value - published).magnitude <= tolerance + 1e-9 { return .replicated }
      if let low = ours.low, let high = ours.high, (low...max(low, high)).contains(published) {
        return .noiseOnly
      }
      return .notReplicated
    }
  }

  /// In words: `± 0.0005`, `exact`, `below 0.05`.
  public var text: String {
    switch self {
    case .within(0): "exact"
    case .within(let tolerance): "± \(Self.decimal(tolerance))"
    case .below(let limit): "below \(Self.decimal(limit))"
    }
  }

  /// At most 5 decimals, without zeros at the end.
  private static func decimal(_ value: Double) -> String {
    var text = Rounding.text(value, decimals: 5)
    while text.last == "0" { text.removeLast() }
    return text
  }
}

extension Replication.Claim {
  /// The claim with what came of it. Figures are rounded to 4 decimals after the verdict, p-values
  /// over seeds to 6.
  public func judged(_ outcome: Replication.Outcome) -> Self {
    var claim = self
    switch outcome {
    case .notRun(let why):
      claim.verdict = .notRun
      claim.note = [note, why].compactMap { $0 }.joined(separator: "; ")
    case .measured(let ours):
      claim.verdict = expectation.verdict(ours, published: published)
      claim.ours =
        if case .below = expectation { (ours.value * 1e6).rounded() / 1e6 } else {
          Rounding.published(ours.value)
        }
      claim.seeds = ours.seeds.map {
        Replication.SeedSpread(
          count: $0.count, mean: Rounding.published($0.mean) ?? $0.mean,
          sd: Rounding.published($0.sd))
      }
      (claim.low, claim.high) = (Rounding.published(ours.low), Rounding.published(ours.high))
      let notes = [note, ours.note].compactMap { $0 }
      claim.note = notes.isEmpty ? nil : notes.joined(separator: "; ")
    }
    return claim
  }
}
