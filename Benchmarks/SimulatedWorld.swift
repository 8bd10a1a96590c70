import Basics
import Foundation
import Metrics

/// Data that look like NewsEmp24's test split: 83 rows by 57 persons, labels in [1, 7] in steps of
/// a sixth, mean 4.2 and SD near 1.86, rows of a person alike in gold and in a system's errors.
struct SimulatedWorld {
  struct Rows {
    var gold: [Double] = []
    var persons: [Int] = []
    var articles: [Int] = []
    var systems: [[Double]] = []

    var sample: ClusteredSample { ClusteredSample(gold: gold, clusters: persons) }
  }

  /// What a system says of a row of latent gold label g with a standard normal error e:
  /// 4.4 + bias + 1.3·scale·(quality·g + √(1 - quality²)·e), in [1, 7].
  struct System {
    var quality = 0.68
    var bias = 0.0
    var scale = 1.0
  }

  /// Rows of each person.
  var sizes: [Int] = SimulatedWorld.persons
  var systems = [System(), System()]
  /// Correlation within a person of the latent gold label and of each error.
  var withinPerson = 0.0
  /// The same within an article; each row has one of 14.
  var withinArticle = 0.0
  /// Share of the systems' errors that is common to all.
  var common = 0.8
  /// Errors with the tails of Student's t on 3 degrees of freedom, and labels without bounds.
  var heavyTails = false
  private var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(seed: seed, stream: .simulation) }

  /// The same world with other draws.
  func seeded(_ seed: UInt64) -> SimulatedWorld {
    var world = self
    world.generator = SplitMix64(seed: seed, stream: .simulation)
    return world
  }

  /// 38 persons with one essay, 14 with two, 3 with three, 2 with four: 57 persons, 83 rows.
  static let persons =
    [Int](repeating: 1, count: 38) + [Int](repeating: 2, count: 14) + [3, 3, 3, 4, 4]
  /// 14 clusters of 5 to 7 rows, as by article: 83 rows.
  static let articles = [Int](repeating: 6, count: 11) + [5, 5, 7]
  /// 8 clusters of 10 or 11 rows.
  static let eight = [Int](repeating: 10, count: 5) + [11, 11, 11]
  /// 12 persons of 1 to 21 rows, as few annotators write much.
  static let twelve = [1, 1, 2, 2, 3, 4, 5, 7, 9, 12, 16, 21]
  /// One person with 40 of 83 rows and 43 with one.
  static let onePerson = [40] + [Int](repeating: 1, count: 43)

  /// The 208 rows of NewsEmp23's dev split by their 41 persons.
  static let newsEmp23Dev =
    [Int](repeating: 1, count: 14) + [Int](repeating: 2, count: 7) + [Int](repeating: 3, count: 6)
    + [4, 5, 5, 5, 6, 7, 7, 8, 10, 12, 14, 18, 19, 42]

  mutating func draw() -> Rows {
    var rows = Rows()
    rows.systems = [[Double]](repeating: [], count: systems.count)
    let parts = systems.count + 2
    let articles = (0..<14).map { _ in (0..<parts).map { _ in generator.normal() } }
    let rest = (1 - withinPerson - withinArticle).squareRoot()
    for (person, size) in sizes.enumerated() {
      let own = (0..<parts).map { _ in generator.normal() }
      for _ in 0..<size {
        let article = Int(generator.uniform() * 14)
        // The latent gold label, the common error and each system's own.
        let part = (0..<parts).map { k in
          withinPerson.squareRoot() * own[k] + withinArticle.squareRoot() * articles[article][k]
            + rest * noise(k)
        }
        rows.persons.append(person)
        rows.articles.append(article)
        rows.gold.append(label(part[0]))
        for (s, system) in systems.enumerated() {
          let error = common.squareRoot() * part[1] + (1 - common).squareRoot() * part[s + 2]
          rows.systems[s].append(prediction(part[0], system, error))
        }
      }
    }
    return rows
  }

  private mutating func noise(_ part: Int) -> Double {
    let normal = generator.normal()
    guard heavyTails, part > 0 else { return normal }
    let squares = (0..<3).reduce(0.0) { sum, _ in
      let z = generator.normal()
      return sum + z * z
    }
    // Variance 3 brought to 1.
    return normal / (squares / 3).squareRoot() / 3.0.squareRoot()
  }

  private func label(_ latent: Double) -> Double {
    heavyTails
      ? 4.2 + 2.1 * latent : (min(7, max(1, 4.2 + 2.1 * latent)) * 6).rounded() / 6
  }

  private func prediction(_ latent: Double, _ system: System, _ error: Double) -> Double {
    let score =
      system.quality * latent + (1 - system.quality * system.quality).squareRoot() * error
    let value = 4.4 + system.bias + 1.3 * system.scale * score
    return heavyTails ? value : min(7, max(1, value))
  }

  /// The metrics of every system over many rows of as many persons, where they no longer vary: what
  /// an interval should cover.
  func truth(rows count: Int = 400_000) -> [[Metric: Double]] {
    var world = seeded(0xFACE)
    world.sizes = [Int](repeating: 1, count: count)
    (world.withinPerson, world.withinArticle) = (0, 0)
    let rows = world.draw()
    return rows.systems.map { x in
      let moments = PairedMoments(predictions: x, gold: rows.gold)
      return Dictionary(
        uniqueKeysWithValues: CoverageSimulation.metrics.compactMap { metric in
          moments.figure(metric).value.map { (metric, $0) }
        })
    }
  }

  /// The same world with the second system's quality such that both have the same `metric`.
  func balanced(_ metric: Metric) -> SimulatedWorld {
    var world = self
    var (low, high) = (0.05, 0.995)
    for _ in 0..<14 {
      world.systems[1].quality = (low + high) / 2
      let truth = world.truth(rows: 200_000)
      guard let first = truth[0][metric], let second = truth[1][metric] else { break }
      if (second > first) == metric.higherIsBetter {
        high = world.systems[1].quality
      } else {
        low = world.systems[1].quality
      }
    }
    return world
  }
}
