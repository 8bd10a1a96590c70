import Basics

/// Turns what an essay carries into labels: by the crowd, item by item, and by language models.
///
/// The crowd sees its own feeling, of which the text is a part; some persons click without reading.
/// A language model sees the text alone, and two of them err alike. That leaves the crowd and a
/// model in poor agreement (interval alpha about 0.27 in train) and two models in good agreement
/// (about 0.8), as in the real labels.
struct SampleRatings {
  /// How one split was rated.
  struct Crowd {
    /// Correlation of an attentive person's feeling with what the text carries.
    let reliability: Double
    /// Share of rows by persons who click without reading in four rows of five.
    let carelessPercent: Int
    /// One distress item is scored as an empathy item, so both labels are means of seven.
    let misassignedItem: Bool
  }

  struct Labels {
    let crowdEmpathy: Double
    let crowdDistress: Double
    let llama: Double
    let llamaPlain: Double
    let gpt: Double
  }

  static let empathyItems = 6
  static let distressItems = 8

  let crowd: Crowd

  func labels(
    empathy: Double, distress: Double, person: SamplePerson, random: inout SplitMix64
  ) -> Labels {
    let (empathyItems, distressItems) = items(
      empathy: empathy, distress: distress, person: person, random: &random)
    let moved = crowd.misassignedItem ? 1 : 0
    let scoredAsEmpathy = empathyItems + distressItems.prefix(moved)
    let scoredAsDistress = Array(distressItems.dropFirst(moved))

    let seen = 0.95 * empathy + 0.3 * random.bell()
    return Labels(
      crowdEmpathy: Self.mean(scoredAsEmpathy), crowdDistress: Self.mean(scoredAsDistress),
      llama: Self.grid(3.98 + 1.85 * seen + 0.60 * random.bell(), steps: 60),
      llamaPlain: Self.grid(4.4 + 1.70 * seen + 0.70 * random.bell(), steps: 2),
      gpt: Self.grid(3.35 + 1.55 * seen + 0.55 * random.bell(), steps: 12))
  }

  private func items(
    empathy: Double, distress: Double, person: SamplePerson, random: inout SplitMix64
  ) -> ([Int], [Int]) {
    if person.careless, random.chance(percent: 80) {
      // A careless person clicks down one column, sometimes slipping to the next.
      let column = 1 + 6 * random.uniform()
      return (
        clicks(Self.empathyItems, around: column, spread: 0.5, &random),
        clicks(Self.distressItems, around: column + 0.8 * random.bell(), spread: 0.5, &random)
      )
    }
    let rest = (1 - crowd.reliability * crowd.reliability).squareRoot()
    func feeling(_ carried: Double) -> Double {
      crowd.reliability * carried + rest * (0.8 * person.leniency + 0.6 * random.bell())
    }
    let felt = 4.28 + 2.6 * feeling(empathy)
    let troubled = 4.05 + 2.4 * feeling(distress)
    return (
      clicks(Self.empathyItems, around: felt, spread: 0.9, &random),
      clicks(Self.distressItems, around: troubled, spread: 0.9, &random)
    )
  }

  private func clicks(
    _ count: Int, around centre: Double, spread: Double, _ random: inout SplitMix64
  ) -> [Int] {
    (0..<count).map { _ in
      let value = (centre + spread * random.bell()).rounded()
      return Int(min(max(value, 1), 7))
    }
  }

  static func mean(_ items: [Int]) -> Double { Double(items.reduce(0, +)) / Double(items.count) }

  /// `value` within [1, 7] on a grid of 1/`steps`, as a mean over items and runs lies.
  static func grid(_ value: Double, steps: Int) -> Double {
    (min(max(value, 1), 7) * Double(steps)).rounded() / Double(steps)
  }
}
