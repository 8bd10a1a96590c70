import Basics
import Metrics
import Testing

/// Against scipy (`Goldens/make_calibration.py`), and planted distributions.
@Suite("Calibration of predicted distributions")
struct CalibrationTests {
  @Test("every figure is scipy's", arguments: 0..<5)
  func goldens(place: Int) throws {
    let golden = try JSON.golden("calibration.json")["cases"].items[place]
    let found = try #require(
      Calibration(
        means: golden["means"].numbers, sds: golden["sds"].numbers,
        labels: golden["labels"].numbers))
    #expect(found.n == golden["labels"].items.count)
    for (own, name) in [
      (found.negativeLogLikelihood, "negativeLogLikelihood"),
      (found.calibrationError, "calibrationError"), (found.coverage, "coverage"),
      (found.meanSD, "meanSD"),
    ] {
      #expect(abs(own - (try #require(golden[name].number))) < 1e-12, "\(name)")
    }
  }

  @Test("labels drawn from what was predicted are calibrated, and the true SD is the likeliest")
  func planted() throws {
    var random = SplitMix64(seed: 8)
    let n = 20_000
    var (means, sds, labels): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<n {
      let (mean, sd) = (1 + 6 * random.uniformInside(), 0.3 + 2 * random.uniformInside())
      let label = mean + sd * Distributions.normalQuantile(random.uniformInside())
      means.append(mean)
      sds.append(sd)
      labels.append(label)
    }
    let right = try #require(Calibration(means: means, sds: sds, labels: labels))
    // Four standard errors of a share near .95 and, with some room, near .5.
    #expect(abs(right.coverage - 0.95) < 4 * (0.95 * 0.05 / Double(n)).squareRoot())
    #expect(right.calibrationError < 4 * (0.25 / Double(n)).squareRoot())
    let flat = Array(repeating: right.meanSD, count: n)
    for wrong in [sds.map { 1.2 * $0 }, sds.map { $0 / 1.2 }, flat] {
      let other = try #require(Calibration(means: means, sds: wrong, labels: labels))
      #expect(other.negativeLogLikelihood > right.negativeLogLikelihood)
      #expect(other.calibrationError > right.calibrationError)
    }
  }

  @Test("there is no calibration without rows, or with an SD that is none")
  func undefined() {
    #expect(Calibration(means: [], sds: [], labels: []) == nil)
    #expect(Calibration(means: [1, 2], sds: [1, 0], labels: [1, 2]) == nil)
    #expect(Calibration(means: [1, 2], sds: [1, -1], labels: [1, 2]) == nil)
    #expect(Calibration(means: [1, .nan], sds: [1, 1], labels: [1, 2]) == nil)
    #expect(Calibration(means: [1], sds: [1e-300], labels: [1e200]) == nil)
  }

  @Test("the mean of several is the mean of each figure")
  func mean() throws {
    let a = try #require(Calibration(means: [0, 0], sds: [1, 1], labels: [0, 3]))
    let b = try #require(Calibration(means: [0, 0], sds: [3, 3], labels: [0, 3]))
    let mean = Calibration.mean(of: [a, b])
    #expect(mean.coverage == 0.75 && mean.meanSD == 2 && mean.n == 2)
    #expect(mean.negativeLogLikelihood == (a.negativeLogLikelihood + b.negativeLogLikelihood) / 2)
    #expect(b.description.hasPrefix("95% intervals cover 100.0%, calibration error "))
  }
}
