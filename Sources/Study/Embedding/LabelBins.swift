/// Labels in six equal bins on [1, 7 + 1e-6], as the paper takes them for the silhouette.
public enum LabelBins {
  public static let count = 6
  private static let low = 1.0
  private static let high = 7 + 1e-6

  /// The bin of a label, 0 to 5; a label outside the scale falls into the nearest bin.
  public static func bin(_ label: Double) -> Int {
    let width = (high - low) / Double(count)
    return min(count - 1, max(0, Int(((label - low) / width).rounded(.down))))
  }

  /// Names such as `1 to 2`.
  public static let names = (1...count).map { "\($0) to \($0 + 1)" }
}
