public import Metrics

extension BenchmarkDefinition {
  /// `CONVT` of `Track 2 (CONVT)`, by which the organisers name a track's files; nil where the
  /// benchmark is none of theirs.
  package var trackName: String? {
    track?.split(separator: "(").last.map { String($0.prefix { $0 != ")" }) }
  }

  /// What the organisers ask a team's file to be called.
  package var predictionFile: String { "predictions_\(trackName ?? "EMP").tsv" }

  /// What their labels' file is called, which has no header.
  package var goldFile: String { "goldstandard_\(trackName ?? "EMP").tsv" }
}

/// `scores.txt` as the evaluation script of WASSA 2024 writes it for a track: each correlation
/// rounded to 4 decimals, their mean not rounded again, an undefined one (or a target not
/// predicted) as the whole number 0.
public enum WASSATrack {
  /// The shipped definition of each track, in the script's order.
  static func all() throws(HarnessError) -> [BenchmarkDefinition] {
    var seen: Set<String> = []
    return try BenchmarkRegistry.shipped().filter { definition in
      definition.trackName.map { seen.insert($0).inserted } ?? false
    }.sorted { ($0.track ?? "") < ($1.track ?? "") }
  }

  /// A line for the mean, then one a target, indented by a tab; of a track with one target a single
  /// line. `figures` are their correlations by ``Metrics/WASSA/script(_:_:)`` in the definition's
  /// order, nil for one that is not predicted.
  public static func scores(_ definition: BenchmarkDefinition, _ figures: [Figure?]) -> String {
    let cells = figures.map { figure -> (value: Double, text: String) in
      // A constant column is 0 there and not 0.0: Python shows which of the two it was.
      guard let figure, figure.reason != .constantPrediction else { return (0, "0") }
      let value = WASSA.rounded(figure).value ?? .nan
      return (value, "\(value)")
    }
    let name = definition.track ?? definition.title
    if definition.track != nil, definition.targets.count == 1, let only = cells.first {
      let title = definition.targets[0].title.lowercased()
      return "\(name): Pearson Correlation (\(title)): \(only.text)\n"
    }
    let average = cells.reduce(0) { $0 + $1.value } / Double(cells.count)
    var lines = ["\(name): Averaged Pearson Correlations: \(average)"]
    for (target, cell) in zip(definition.targets, cells) {
      lines.append("\t\(target.title): \(cell.text)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
