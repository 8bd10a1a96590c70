/// Adjusting p-values of one declared family.
public enum Adjustment: String, Sendable, Codable, CaseIterable, Hashable {
  /// Holm (1979): controls the chance of any false rejection, without assumptions.
  case holm
  /// Benjamini and Hochberg (1995): controls the expected share of false rejections.
  case benjaminiHochberg = "bh"

  /// Adjusted p-values in the order given, each in [0, 1]; an empty family stays empty.
  public func adjust(_ p: [Double]) -> [Double] {
    let m = p.count
    let order = p.indices.sorted { (p[$0], $0) < (p[$1], $1) }
    var adjusted = [Double](repeating: 0, count: m)
    switch self {
    case .holm:
      var floor = 0.0
      for (place, index) in order.enumerated() {
        floor = max(floor, min(1, Double(m - place) * p[index]))
        adjusted[index] = floor
      }
    case .benjaminiHochberg:
      var ceiling = 1.0
      for (place, index) in order.enumerated().reversed() {
        ceiling = min(ceiling, Double(m) / Double(place + 1) * p[index])
        adjusted[index] = ceiling
      }
    }
    return adjusted
  }
}
