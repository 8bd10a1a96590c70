import Basics
import Foundation

/// Four example systems for the test split, from a baseline that hardly knows anything to a strong
/// one. The two baselines are computed from the text; the two others are simulated and say so.
struct SampleSystems {
  let seed: UInt64
  let splits: SampleSplits

  struct System {
    let slug: String
    let card: Card
    let predictions: [(empathy: Double, distress: Double)]

    init(
      _ slug: String, _ kind: String, team: String, _ name: String, _ description: String,
      parameters: Int, labelCostUSD: Double? = nil,
      _ predictions: [(empathy: Double, distress: Double)]
    ) {
      self.slug = slug
      card = Card(
        team: team, system: name, description: description, kind: kind, parameters: parameters,
        labelCostUSD: labelCostUSD)
      self.predictions = predictions
    }
  }

  /// What `system.json` holds.
  struct Card: Encodable {
    let team, system, description, kind: String
    var parameters: Int?
    var labelCostUSD: Double?
  }

  /// A slope and an intercept for each target.
  private static let linesOfTwoTargets = 4

  var all: [System] {
    [
      System(
        "length-baseline", "baseline", team: "Sample team A", "Essay length",
        "Least squares on the number of words, fitted on train.",
        parameters: Self.linesOfTwoTargets, labelCostUSD: 0,
        fitted { Double(EssayComposer.wordCount($0)) }),
      System(
        "word-lists", "baseline", team: "Sample team B", "Word lists",
        "Warm less cold words in the essay, scaled by least squares on train.",
        parameters: Self.linesOfTwoTargets, labelCostUSD: 0,
        fitted(SampleLexicon.score)),
      System(
        "prompted-model", "prompted", team: "Sample team C", "Prompted model",
        "Simulated, its size too: what the essay carries plus noise, as a prompted model labels.",
        parameters: 8_000_000_000,
        simulated(stream: 40, noise: 0.65, centre: 3.7, scale: 1.2)),
      System(
        "corrected-encoder", "fine-tuned", team: "Sample team D", "Encoder on corrected labels",
        "Simulated, its size and cost too: what the essay carries plus little noise, as a good "
          + "encoder would.",
        parameters: 125_000_000, labelCostUSD: 12.5,
        simulated(stream: 41, noise: 0.2, centre: 4.2, scale: 1.3)),
    ]
  }

  /// Predictions in the order of the rows: a + b·feature(text), least squares on train's rows.
  private func fitted(_ feature: (String) -> Double) -> [(empathy: Double, distress: Double)] {
    let essays = splits.train.rows.map { splits.train.essays[$0.essay] }
    let features = essays.map { feature($0.text) }
    let empathy = Self.line(features, essays.map(\.labels.crowdEmpathy))
    let distress = Self.line(features, essays.map(\.labels.crowdDistress))
    return splits.test.rows.map { row in
      let value = feature(splits.test.essays[row.essay].text)
      return (
        Self.clamp(empathy.intercept + empathy.slope * value),
        Self.clamp(distress.intercept + distress.slope * value)
      )
    }
  }

  private func simulated(
    stream: UInt64, noise: Double, centre: Double, scale: Double
  ) -> [(empathy: Double, distress: Double)] {
    splits.test.rows.map { row in
      let essay = splits.test.essays[row.essay]
      // The stream belongs to the essay: a repeated essay gets the same prediction.
      var random = SplitMix64(seed: seed, labels: [stream, UInt64(row.essay)])
      return (
        Self.clamp(centre + scale * (essay.empathy + noise * random.bell())),
        Self.clamp(centre + scale * (essay.distress + noise * random.bell()))
      )
    }
  }

  private static func clamp(_ value: Double) -> Double { min(max(value, 1), 7) }

  private static func line(_ x: [Double], _ y: [Double]) -> (intercept: Double, slope: Double) {
    let n = Double(x.count)
    let meanX = x.reduce(0, +) / n
    let meanY = y.reduce(0, +) / n
    var sxy = 0.0
    var sxx = 0.0
    for (a, b) in zip(x, y) {
      sxy += (a - meanX) * (b - meanY)
      sxx += (a - meanX) * (a - meanX)
    }
    let slope = sxx > 0 ? sxy / sxx : 0
    return (meanY - slope * meanX, slope)
  }
}

/// A small word list of warm and cold words, as a newcomer would write it down.
enum SampleLexicon {
  private static let warm: Set<String> = [
    "sad", "sorry", "hope", "help", "tragic", "tears", "heart", "feel", "poor",
  ]
  private static let cold: Set<String> = [
    "boring", "fault", "whatever", "bother", "complain", "exaggerated", "money",
  ]

  /// Warm less cold words for a hundred words; 0 for an empty text.
  static func score(_ text: String) -> Double {
    let words = text.lowercased().split { !($0.isLetter || $0 == "'") }.map(String.init)
    guard !words.isEmpty else { return 0 }
    let score = words.count(where: warm.contains) - words.count(where: cold.contains)
    return 100 * Double(score) / Double(words.count)
  }
}
