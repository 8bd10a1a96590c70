import Basics
public import Metrics

/// Choices of a scoring run; the signature names each of them.
public struct ScoringOptions: Sendable, Equatable {
  public var inference: InferenceOptions
  public var method: IntervalMethod
  public var cluster: Cluster
  /// Demographic attributes to break down by; nil for all that the benchmark has.
  public var attributes: [String]?
  /// Show intervals under article and person × article clustering too.
  public var sensitivity: Bool
  /// Simulate the minimum detectable difference.
  public var detectable: Bool
  /// Compute Spearman and Kendall, which sort: most of the time on millions of rows.
  public var ranks: Bool

  /// Rows that are resampled together.
  public enum Cluster: String, Sendable, Codable, CaseIterable {
    case person
    case article
    /// Each row by itself: for data without persons.
    case row
  }

  public init(
    inference: InferenceOptions = InferenceOptions(),
    method: IntervalMethod = SystemInference.defaultMethod, cluster: Cluster = .person,
    attributes: [String]? = nil, sensitivity: Bool = false, detectable: Bool = false,
    ranks: Bool = true
  ) {
    self.inference = inference
    self.method = method
    self.cluster = cluster
    self.attributes = attributes
    self.sensitivity = sensitivity
    self.detectable = detectable
    self.ranks = ranks
  }

  /// One line that names every choice, in the manner of sacreBLEU.
  ///
  /// - Parameter goldDigest: SHA-256 of the gold labels; its first 12 digits are shown.
  func signature(goldDigest: String, grouped: Int?) -> String {
    let unit = grouped.map { "\(cluster.rawValue)/\($0)" } ?? cluster.rawValue
    var parts = [
      "ccc:\(inference.form.rawValue)", "ci:\(method.rawValue)",
      "level:\(Rounding.text(inference.level, decimals: 2))", "cluster:\(unit)",
      "perm:\(SwapTest.method)", "B:\(inference.replicates)", "seed:\(inference.seed)",
      "adj:\(Adjustment.holm.rawValue)",
    ]
    parts.append("gold:\(goldDigest.prefix(12))")
    parts.append("v:\(ScoreReport.toolVersion)")
    return parts.joined(separator: "|")
  }
}

extension ScoreReport {
  /// The program's version, which reports and signatures carry.
  public static let toolVersion = "0.1.0"
}
