import Basics
public import Metrics

/// Choices of a scoring run; the signature names each of them.
public struct ScoringOptions: Sendable, Equatable {
  public var inference: InferenceOptions
  public var method: IntervalMethod
  /// The clustering whose rows are resampled together: one of the definition's, or
  /// ``BenchmarkDefinition/rows``; nil for the definition's main one.
  public var cluster: String?
  /// Attributes to break down by; nil for all that the benchmark has.
  public var attributes: [String]?
  /// Compute figures of withheld groups too, which only a ``PrivateReport/local`` report shows.
  public var allGroups = false
  /// Show intervals under the other clusterings too.
  public var sensitivity: Bool
  /// Simulate the minimum detectable difference.
  public var detectable: Bool
  /// Compute Spearman and Kendall, which sort: most of the time on millions of rows.
  public var ranks: Bool
  /// Add intervals by both clusterings of the benchmark, crossed.
  public var crossed = true
  /// Add PCC within clusters. A board never asks for it, and no rule that holds something back
  /// releases it.
  public var within = false

  public init(
    inference: InferenceOptions = InferenceOptions(),
    method: IntervalMethod = SystemInference.defaultMethod, cluster: String? = nil,
    attributes: [String]? = nil, sensitivity: Bool = false, detectable: Bool = false,
    ranks: Bool = true
  ) {
    (self.inference, self.method, self.cluster) = (inference, method, cluster)
    (self.attributes, self.sensitivity) = (attributes, sensitivity)
    (self.detectable, self.ranks) = (detectable, ranks)
  }

  /// One line that names every choice, in the manner of sacreBLEU; of `goldDigest` (SHA-256 of the
  /// labels) its first 12 digits.
  package func signature(cluster: String, goldDigest: String, grouped: Int? = nil) -> String {
    let unit = grouped.map { "\(cluster)/\($0)" } ?? cluster
    var parts = [
      "ccc:\(inference.form.rawValue)", "ci:\(method.rawValue)", "level:\(inference.level)",
      "cluster:\(unit)", "perm:\(SwapTest.method)", "B:\(inference.replicates)",
      "seed:\(inference.seed)", "adj:\(SwapTest.adjustment)",
    ]
    parts.append("gold:\(goldDigest.prefix(12))")
    parts.append("v:\(ScoreReport.toolVersion)")
    return parts.joined(separator: "|")
  }
}

extension BenchmarkDefinition {
  /// Names the clustering in which every row is a cluster of its own.
  public static let rows = "row"

  /// The clustering that `wanted` names, or the main one; rows where there is none.
  public func clustering(_ wanted: String?) throws(HarnessError) -> String {
    guard let wanted else { return clusters.first ?? Self.rows }
    let known = clusters + [Self.rows]
    guard known.contains(wanted) else {
      throw .usage(
        "\(id) has no clustering named '\(wanted)'. It has: \(known.joined(separator: ", ")).")
    }
    return wanted
  }
}
