public import Metrics

/// `scores.txt` as the evaluation script of WASSA 2024 writes it for track 3, essays.
///
/// Each correlation is rounded to 4 decimals, their mean is not rounded again; the script prints a
/// correlation that is undefined as the whole number 0, and counts a target that is not predicted
/// like a constant one.
public enum WASSATrack {
  /// Three lines, the latter two indented by a tab.
  ///
  /// - Parameters: PCC of both targets; nil for one that is not predicted.
  public static func scores(empathy: Figure?, distress: Figure?) -> String {
    let figures = [empathy, distress].map { $0 ?? .undefined(.constantPrediction) }
    let rounded = figures.map { WASSA.rounded($0).value ?? 0 }
    // A constant column is 0 there and not 0.0: Python shows which of the two it was.
    let shown = zip(figures, rounded).map { $0.value == nil ? "0" : "\($1)" }
    let average = rounded.reduce(0, +) / Double(rounded.count)
    return """
      Track 3 (EMP): Averaged Pearson Correlations: \(average)
      \tEmpathy: \(shown[0])
      \tDistress: \(shown[1])

      """
  }
}
