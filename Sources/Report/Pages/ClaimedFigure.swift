import Harness
import Metrics

/// A figure that a team or its paper claims, beside the one that was computed here.
struct ClaimedFigure {
  let target: Target
  /// As the metadata name it; not always a metric that is computed here.
  let metric: String
  let claim: Double
  let computed: Double?

  /// Beyond what rounding to three decimals explains.
  private static let tolerance = 0.001

  var kind: Metric? { Metric(named: metric) }
  var name: String { kind?.title ?? metric }
  var gap: Double? { computed.map { $0 - claim } }
  var differs: Bool { (gap?.magnitude ?? 0) > Self.tolerance }

  var words: String {
    "Claimed \(name) of \(target.name) \(FigureText.number(claim)), "
      + "computed here \(FigureText.number(computed))"
  }

  /// Every claim of `entry`, by target and the metric's name.
  static func all(_ entry: Board.Entry, targets: [Target]) -> [ClaimedFigure] {
    let claimed = entry.metadata.claimed ?? [:]
    return targets.flatMap { target in
      (claimed[target.name] ?? [:]).sorted { $0.key < $1.key }.map { name, claim in
        ClaimedFigure(
          target: target, metric: name, claim: claim,
          computed: Metric(named: name)
            .flatMap { BoardTable.figure(entry, $0, target.name)?.value })
      }
    }
  }
}
