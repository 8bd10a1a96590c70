import Basics
import Foundation
import Metrics

/// Data that look like NewsEmp24's test split: 83 rows by 57 persons, labels in [1, 7] in steps of
/// a sixth, mean 4.2 and SD near 1.86, rows of a person alike in gold and in a system's errors.
struct SimulatedWorld {
  struct Rows {
    var gold: [Double] = []
    var persons: [Int] = []
    /// Two systems' predictions, in [1, 7].
    var first: [Double] = []
    var second: [Double] = []
  }

  /// Rows of each cluster.
  var sizes: [Int] = SimulatedWorld.persons
  /// Correlation of the latent score with the latent gold label, for either system.
  var quality = (0.68, 0.68)
  /// Share of the two systems' errors that is common to both.
  var common = 0.8
  private var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(seed: seed, stream: .simulation) }

  /// 38 persons with one essay, 14 with two, 3 with three, 2 with four: 57 persons, 83 rows.
  static let persons =
    [Int](repeating: 1, count: 38) + [Int](repeating: 2, count: 14) + [3, 3, 3, 4, 4]
  /// 14 clusters of 5 to 7 rows, as by article: 83 rows.
  static let articles = [Int](repeating: 6, count: 11) + [5, 5, 7]

  mutating func draw(withinPerson: Double) -> Rows {
    var rows = Rows()
    let (between, within) = (withinPerson.squareRoot(), (1 - withinPerson).squareRoot())
    for (person, size) in sizes.enumerated() {
      // Person's own share of the gold label, the common error and the two separate errors.
      let own = (0..<4).map { _ in between * generator.normal() }
      for _ in 0..<size {
        let part = own.map { $0 + within * generator.normal() }
        let shared = common.squareRoot() * part[1]
        let apart = (1 - common).squareRoot()
        rows.persons.append(person)
        rows.gold.append(label(part[0]))
        rows.first.append(prediction(part[0], quality.0, shared + apart * part[2]))
        rows.second.append(prediction(part[0], quality.1, shared + apart * part[3]))
      }
    }
    return rows
  }

  /// Gold labels and systems of the given qualities whose errors share `common` of their variance.
  mutating func drawMany(
    _ qualities: [Double], withinPerson: Double
  ) -> (gold: [Double], persons: [Int], systems: [[Double]]) {
    let (between, within) = (withinPerson.squareRoot(), (1 - withinPerson).squareRoot())
    var gold: [Double] = [], persons: [Int] = []
    var systems = [[Double]](repeating: [], count: qualities.count)
    for (person, size) in sizes.enumerated() {
      let own = (0..<(qualities.count + 2)).map { _ in between * generator.normal() }
      for _ in 0..<size {
        let part = own.map { $0 + within * generator.normal() }
        persons.append(person)
        gold.append(label(part[0]))
        for (s, quality) in qualities.enumerated() {
          let error = common.squareRoot() * part[1] + (1 - common).squareRoot() * part[s + 2]
          systems[s].append(prediction(part[0], quality, error))
        }
      }
    }
    return (gold, persons, systems)
  }

  private func label(_ latent: Double) -> Double {
    (min(7, max(1, 4.2 + 2.1 * latent)) * 6).rounded() / 6
  }

  private func prediction(_ latent: Double, _ quality: Double, _ error: Double) -> Double {
    let score = quality * latent + (1 - quality * quality).squareRoot() * error
    return min(7, max(1, 4.4 + 1.3 * score))
  }

  /// The metrics of the first system and their differences first - second over 400,000 rows,
  /// where they no longer vary: what an interval should cover.
  func truth() -> (first: [Metric: Double], difference: [Metric: Double]) {
    var world = self
    world.sizes = [Int](repeating: 1, count: 400_000)
    world.generator = SplitMix64(seed: 0xFACE, stream: .simulation)
    let rows = world.draw(withinPerson: 0)
    let a = PairedMoments(predictions: rows.first, gold: rows.gold)
    let b = PairedMoments(predictions: rows.second, gold: rows.gold)
    var first: [Metric: Double] = [:], difference: [Metric: Double] = [:]
    for metric in CoverageSimulation.metrics {
      guard let x = a.figure(metric).value, let y = b.figure(metric).value else { continue }
      first[metric] = x
      difference[metric] = x - y
    }
    return (first, difference)
  }
}
