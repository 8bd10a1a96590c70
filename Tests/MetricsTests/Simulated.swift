import Basics
import Metrics

/// Small clustered data, seeded.
struct Simulated {
  let gold: [Double]
  let persons: [Int]
  let systems: [[Double]]
  var sample: ClusteredSample { ClusteredSample(gold: gold, clusters: persons) }

  init(rows: Int = 83, persons count: Int = 57, systems systemCount: Int = 3, seed: UInt64 = 1) {
    var generator = SplitMix64(seed: seed, stream: .simulation)
    // The first `count` rows are of different persons, the rest of any.
    let persons = (0..<rows).map { $0 < count ? $0 : Int(generator.uniform() * Double(count)) }
    let own = (0..<count).map { _ in generator.normal() }
    let gold = persons.map { min(7, max(1, 4 + own[$0] + generator.normal())) }
    self.gold = gold
    self.persons = persons
    systems = (0..<systemCount).map { number in
      let slope = 0.2 + 0.6 * Double(number) / Double(max(1, systemCount - 1))
      return gold.map { 2 + slope * $0 + 0.9 * generator.normal() }
    }
  }
}
