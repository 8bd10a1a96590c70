public import Basics

/// Choices of an analysis, all of which a signature names.
public struct InferenceOptions: Sendable, Hashable, Codable {
  /// Nominal coverage of intervals, in (0, 1).
  public var level = 0.95
  /// Bootstrap resamples and swap permutations, B.
  public var replicates = 10_000
  public var seed: UInt64 = 1
  public var form = ConcordanceForm.population
  /// Threads at most; the bits do not depend on it.
  public var threads = Parallel.processors

  public init(
    level: Double = 0.95, replicates: Int = 10_000, seed: UInt64 = 1,
    form: ConcordanceForm = .population, threads: Int = Parallel.processors
  ) {
    precondition(level > 0 && level < 1, "a level lies in (0, 1)")
    precondition(replicates > 0, "at least one replicate")
    (self.level, self.replicates, self.seed) = (level, replicates, seed)
    (self.form, self.threads) = (form, threads)
  }

  /// What a p-value is held against, 1 - level, as the decimal that it stands for: 0.05 and not
  /// 0.050000000000000044.
  public static func alpha(_ level: Double) -> Double { ((1 - level) * 1e12).rounded() / 1e12 }
}

/// How an interval is made. The raw value stands in a report's signature.
public enum IntervalMethod: String, Sendable, Codable, CaseIterable, Hashable {
  /// Cluster jackknife on Fisher's z (correlations) or the logarithm (errors), t on G_eff - 1
  /// degrees of freedom. Intervals of a difference stay on its own scale.
  case jackknife = "jackknife-z"
  /// Cluster jackknives of two crossed clusterings, V₁ + V₂ - V₁₂ (Cameron, Gelbach and Miller
  /// 2011), same scales, t on the smaller G_eff - 1 degrees of freedom.
  case twoWayJackknife = "jackknife-z-2way"
  /// Percentiles of the cluster bootstrap.
  case percentile
  /// Bias-corrected and accelerated cluster bootstrap (Efron 1987), acceleration by jackknife.
  case bca
  /// Bootstrap t on the stabilised scale; each replicate with its own infinitesimal-jackknife error.
  case studentised
  /// Fisher's z with independent rows, for PCC alone: what most papers print.
  case fisherRows = "fisher-z-rows"
}
