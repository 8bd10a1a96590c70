import Basics
import Harness

/// What a team may say that its system costs.
enum SystemCost: CaseIterable {
  case parameters, labels

  var title: String {
    switch self {
    case .parameters: "Number of parameters"
    case .labels: "Cost of labels beyond the benchmark’s own, US dollars"
    }
  }

  /// Within a sentence.
  var phrase: String { title.prefix(1).lowercased() + title.dropFirst() }

  /// Unique on a page.
  var id: String { self == .parameters ? "cost-parameters" : "cost-labels" }

  func of(_ metadata: SubmissionMetadata) -> Double? {
    let cost =
      switch self {
      case .parameters: metadata.parameters
      case .labels: metadata.labelCostUSD
      }
    // What is checked on its way in may still come from a folder that was not.
    let least = self == .parameters ? 1.0 : 0
    return cost.flatMap { (least..<1e15).contains($0) ? $0 : nil }
  }

  /// `125M`, `$0.50`.
  func words(_ value: Double) -> String {
    if self == .labels {
      let isWhole = value >= 100 || value == value.rounded()
      return "$" + (isWhole ? whole(value) : Rounding.text(value, decimals: 2))
    }
    let units: [(size: Double, name: String)] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")]
    guard let unit = units.first(where: { value >= 0.9995 * $0.size }) else {
      return whole(value)
    }
    let scaled = value / unit.size
    return Rounding.text(scaled, decimals: scaled < 99.95 && scaled != scaled.rounded() ? 1 : 0)
      + unit.name
  }

  private func whole(_ value: Double) -> String { FigureText.count(Int(value.rounded())) }
}
