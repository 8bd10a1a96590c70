import Metrics
import Testing

/// Goldens of pandas and statsmodels: Goldens/make_calibration_curve.py.
@Suite("Calibration by bin")
struct CalibrationCurveTests {
  private let golden: JSON
  private let sample: ClusteredSample
  private let predictions: [Double]
  private let threshold = PublishingThreshold(minRows: 10, minClusters: 5)

  init() throws {
    golden = try JSON.golden("calibration_curve.json")
    sample = ClusteredSample(gold: golden["gold"].numbers, clusters: golden["clusters"].numbers)
    predictions = golden["predictions"].numbers
  }

  private func curve(_ sample: ClusteredSample, _ predictions: [Double]) -> CalibrationCurve? {
    CalibrationCurve(sample, predictions, threshold: threshold, level: 0.95)
  }

  @Test("means and intervals are those of a regression on a constant with clustered errors")
  func bins() throws {
    let bins = try #require(curve(sample, predictions)).bins
    #expect(bins.count == 6)
    for (bin, expected) in zip(bins, golden["bins"].items) {
      #expect(Double(bin.rows) == expected["rows"].number)
      #expect(Double(bin.clusters) == expected["clusters"].number)
      for (value, name) in [
        (bin.prediction, "prediction"), (bin.label, "label"), (try #require(bin.low), "low"),
        (try #require(bin.high), "high"),
      ] {
        #expect(agree(value, expected[name].number ?? .nan, relative: 1e-9), "\(name)")
      }
    }
  }

  @Test("no bin is smaller than the threshold, and every row stands in one")
  func sizes() throws {
    // Five clusters of the lowest predictions fill the first bin slowly.
    let clusters = (0..<60).map { $0 < 18 ? $0 / 6 : 3 + $0 % 9 }
    let sample = ClusteredSample(gold: sample.gold, clusters: clusters)
    let bins = try #require(curve(sample, (0..<60).map(Double.init))).bins
    #expect(bins.allSatisfy { $0.rows >= 10 && $0.clusters >= 5 })
    #expect(bins[0].rows > 10)
    #expect(bins.reduce(0) { $0 + $1.rows } == 60)
  }

  @Test("rows with one prediction stand in one bin, in whatever order they come")
  func ties() throws {
    let tied = predictions.map { ($0 * 2).rounded() / 2 }
    let one = try #require(curve(sample, tied))
    let turned = ClusteredSample(
      gold: sample.gold.reversed(), clusters: sample.clusterOfRow.reversed())
    let other = try #require(curve(turned, tied.reversed()))
    #expect(one.bins.map(\.rows) == other.bins.map(\.rows))
    for (a, b) in zip(one.bins, other.bins) { #expect(agree(a.label, b.label, relative: 1e-12)) }
    #expect(Set(one.bins.map(\.prediction)).count == one.bins.count)
  }

  @Test("fewer than two bins are no curve")
  func tooFew() {
    let few = ClusteredSample(gold: Array(sample.gold.prefix(19)), clusters: Array(0..<19))
    #expect(curve(few, Array(predictions.prefix(19))) == nil)
    #expect(curve(sample, sample.gold.map { _ in 4 }) == nil)
  }
}
