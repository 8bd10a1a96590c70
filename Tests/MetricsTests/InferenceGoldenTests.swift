import Foundation
import Metrics
import Testing

/// scipy with independent rows, 100,000 resamples; ours with every row its own cluster.
///
/// Bounds are Monte Carlo errors. The 2.5% quantile of B replicates with standard deviation s has
/// the error √(.025·.975/B)/φ(1.96)·s = 2.67·s/√B where the replicates are about normal; five of
/// them, with the error of scipy's own run added in quadrature.
@Suite("Resampling against scipy.stats")
struct InferenceGoldenTests {
  static let replicates = 20_000
  let golden: JSON
  let sample: ClusteredSample
  let a: [Double]
  let b: [Double]
  let options = InferenceOptions(replicates: replicates, seed: 5)

  init() throws {
    golden = try JSON.golden("resampling.json")
    sample = ClusteredSample(rows: golden["gold"].numbers)
    (a, b) = (golden["a"].numbers, golden["b"].numbers)
  }

  static let metrics: [Metric] = [.pcc, .ccc, .rmse, .mae]

  private func bound(_ deviation: Double) -> Double {
    5 * 2.67 * deviation * (1 / Double(Self.replicates) + 1 / 100_000).squareRoot()
  }

  @Test("Percentile and BCa intervals agree within Monte Carlo error", arguments: metrics)
  func intervals(_ metric: Metric) throws {
    let system = SystemInference(sample, predictions: a, options: options)
    let row = golden["metrics", metric.id]
    let error = try #require(row["se"].number)
    let point = try #require(system.figure(metric).value)
    #expect(agree(point, row["point"].number ?? .nan))
    for (method, key) in [(IntervalMethod.percentile, "percentile"), (.bca, "bca")] {
      let interval = try #require(system.interval(metric, method: method).value)
      let expected = row[key].numbers
      // BCa's levels move with the estimated bias, whose own error about doubles the bound.
      let limit = bound(error) * (method == .bca ? 2 : 1)
      #expect(abs(interval.low - expected[0]) < limit)
      #expect(abs(interval.high - expected[1]) < limit)
      #expect(interval.undefinedReplicates == 0)
    }
  }

  @Test(
    "Paired percentile intervals of a difference agree within Monte Carlo error", arguments: metrics
  )
  func differences(_ metric: Metric) throws {
    let pair = PairComparison(sample, a, b, options: options)
    let row = golden["metrics", metric.id]
    let interval = try #require(pair.interval(metric, method: .percentile).value)
    let expected = row["difference_percentile"].numbers
    let limit = bound(try #require(row["difference_se"].number))
    let difference = try #require(pair.difference(metric).value)
    #expect(agree(difference, row["difference"].number ?? .nan, relative: 1e-8))
    #expect(abs(interval.low - expected[0]) < limit)
    #expect(abs(interval.high - expected[1]) < limit)
  }

  @Test("Jackknife and studentised intervals lie near BCa's", arguments: metrics)
  func others(_ metric: Metric) throws {
    // Not the same interval: they may differ by a fraction of a standard error at 83 rows.
    let system = SystemInference(sample, predictions: a, options: options)
    let row = golden["metrics", metric.id]
    let error = try #require(row["se"].number)
    for method in [IntervalMethod.jackknife, .studentised] {
      let interval = try #require(system.interval(metric, method: method).value)
      #expect(abs(interval.low - row["bca"].numbers[0]) < 0.5 * error)
      #expect(abs(interval.high - row["bca"].numbers[1]) < 0.5 * error)
    }
  }
}
