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
  }

  /// What `system.json` holds.
  struct Card: Encodable {
    let team: String
    let system: String
    let description: String
    let kind: String
  }

  var all: [System] { [length, wordLists, zeroShot, encoder] }

  private var length: System {
    System(
      slug: "length-baseline",
      card: Card(
        team: "Sample team A", system: "Essay length",
        description: "Least squares on the number of words, fitted on train.", kind: "baseline"),
      predictions: fitted { Double(EssayComposer.wordCount($0)) })
  }

  private var wordLists: System {
    System(
      slug: "word-lists",
      card: Card(
        team: "Sample team B", system: "Word lists",
        description: "Warm less cold words in the essay, scaled by least squares on train.",
        kind: "baseline"),
      predictions: fitted { SampleLexicon.score($0) })
  }

  private var zeroShot: System {
    System(
      slug: "prompted-model",
      card: Card(
        team: "Sample team C", system: "Prompted model",
        description: "Simulated: what the essay carries plus noise, as a prompted model labels.",
        kind: "prompted"),
      predictions: simulated(stream: 40, noise: 0.65, centre: 3.7, scale: 1.2))
  }

  private var encoder: System {
    System(
      slug: "corrected-encoder",
      card: Card(
        team: "Sample team D", system: "Encoder on corrected labels",
        description:
          "Simulated: what the essay carries plus little noise, as a good encoder would.",
        kind: "fine-tuned"),
      predictions: simulated(stream: 41, noise: 0.2, centre: 4.2, scale: 1.3))
  }

  /// Predictions in the order of the rows: a + b·feature(text), least squares on train's rows.
  private func fitted(_ feature: (String) -> Double) -> [(empathy: Double, distress: Double)] {
    let essays = splits.train.rows.map { splits.train.essays[$0.essay] }
    let features = essays.map { feature($0.text) }
    let empathy = Self.line(features, essays.map(\.crowdEmpathy))
    let distress = Self.line(features, essays.map(\.crowdDistress))
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
      var random = SampleRandom(seed: seed, stream, UInt64(row.essay))
      return (
        Self.clamp(centre + scale * (essay.empathy + noise * random.normal())),
        Self.clamp(centre + scale * (essay.distress + noise * random.normal()))
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
package enum SampleLexicon {
  private static let warm: Set<String> = [
    "sad", "sorry", "hope", "help", "tragic", "tears", "heart", "feel", "poor",
  ]
  private static let cold: Set<String> = [
    "boring", "fault", "whatever", "bother", "complain", "exaggerated", "money",
  ]

  /// Warm less cold words for a hundred words; 0 for an empty text.
  package static func score(_ text: String) -> Double {
    let words = text.lowercased().split { !($0.isLetter || $0 == "'") }
    guard !words.isEmpty else { return 0 }
    var score = 0
    for word in words {
      if warm.contains(String(word)) { score += 1 }
      if cold.contains(String(word)) { score -= 1 }
    }
    return 100 * Double(score) / Double(words.count)
  }
}
