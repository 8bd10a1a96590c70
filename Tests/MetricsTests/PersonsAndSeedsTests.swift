import Basics
import Metrics
import TestSupport
import Testing

@Suite("Persons and seeds in one model")
struct PersonsAndSeedsTests {
  private static let persons = 30, each = 3
  private static let clusters = (0..<persons * each).map { $0 / each }

  /// Runs of two procedures of equal accuracy: labels are the text's value plus noise, predictions
  /// the value plus errors of the row, of the person and of the seed's whole run.
  private static func runs(
    seeds: Int, run: Double, _ random: inout SplitMix64
  ) -> (gold: [Double], first: [[Double]], second: [[Double]]) {
    let rows = clusters.indices
    let value = rows.map { _ in random.normal() }
    let gold = value.map { $0 + 0.5 * random.normal() }
    func procedure() -> [[Double]] {
      let own = rows.map { _ in random.normal() }
      let ofPerson = (0..<persons).map { _ in random.normal() }
      return (0..<seeds).map { _ in
        // A run of its own slope: what a seed changes for all persons alike.
        let slope = 1 + run * random.normal()
        return rows.map { row in
          slope * value[row] + own[row] + ofPerson[clusters[row]] + 0.3 * random.normal()
        }
      }
    }
    return (gold, procedure(), procedure())
  }

  @Test("equal procedures differ significantly in about 5% of samples of persons and seeds")
  func coverage() throws {
    var random = SplitMix64(seed: 7, stream: .simulation)
    var (covered, byPersons) = (0, 0)
    let samples = 400
    for _ in 0..<samples {
      let (gold, first, second) = Self.runs(seeds: 3, run: 0.6, &random)
      let sample = ClusteredSample(gold: gold, clusters: Self.clusters)
      let model = try #require(PersonsAndSeeds.compare(.pcc, sample, first, second).value)
      let interval = try #require(model.interval())
      if interval.low <= 0, 0 <= interval.high { covered += 1 }
      let mean = [first, second].map { runs in
        gold.indices.map { row in runs.reduce(0) { $0 + $1[row] } }
      }
      let pair = PairComparison(sample, mean[0], mean[1])
      if let one = pair.interval(.pcc).value, one.low <= 0, 0 <= one.high { byPersons += 1 }
    }
    // Four standard errors of a share of 95% are 4.4 points.
    #expect(Double(covered) / Double(samples) > 0.905)
    #expect(covered > byPersons)
  }

  @Test("one seed gives the jackknife over persons, as do seeds that are alike")
  func oneSeed() throws {
    var random = SplitMix64(seed: 3, stream: .simulation)
    let (gold, first, second) = Self.runs(seeds: 1, run: 0.3, &random)
    let sample = ClusteredSample(gold: gold, clusters: Self.clusters)
    let pair = PairComparison(sample, first[0], second[0])
    let jackknife = try #require(pair.standardError(.pcc).value)
    let one = try #require(PersonsAndSeeds.compare(.pcc, sample, first, second).value)
    #expect(abs(one.standardError - jackknife) < 1e-12)
    #expect(one.difference == pair.difference(.pcc).value && one.seedSD == nil)
    let same = try #require(
      PersonsAndSeeds.compare(.pcc, sample, first + first, second + second).value)
    #expect(abs(same.standardError - jackknife) < 1e-12 && same.seedSD == 0)
    #expect(abs(same.degreesOfFreedom - one.degreesOfFreedom) < 1e-9)
  }

  @Test("a procedure against itself differs by nothing; a constant run has no figure")
  func edges() throws {
    var random = SplitMix64(seed: 5, stream: .simulation)
    let (gold, first, _) = Self.runs(seeds: 2, run: 0.3, &random)
    let sample = ClusteredSample(gold: gold, clusters: Self.clusters)
    let none = try #require(PersonsAndSeeds.compare(.rmse, sample, first, first).value)
    #expect(none.difference == 0 && none.p == 1)
    let bounds = try #require(none.interval())
    #expect(bounds.low == 0 && bounds.high == 0)
    let constant = [gold.map { _ in 4.0 }, first[1]]
    #expect(
      PersonsAndSeeds.compare(.pcc, sample, constant, first).reason == .constantPrediction)
  }
}
