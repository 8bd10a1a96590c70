import Foundation
import Metrics
import Testing

@Suite("Standard tests against scipy, statsmodels and scikit-learn")
struct StandardTestTests {
  static let goldens = MetricsGolden.all

  private func check(
    _ outcome: Outcome<TestStatistic>, _ expected: JSON, relative: Double = 1e-9
  ) {
    guard let t = expected["t"].number, let p = expected["p"].number,
      let df = expected["df"].number
    else {
      #expect(outcome.value == nil)
      return
    }
    guard let value = outcome.value else {
      Issue.record("undefined: \(String(describing: outcome.reason)), expected t = \(t)")
      return
    }
    #expect(agree(value.statistic, t, relative: relative))
    #expect(agree(value.degreesOfFreedom, df, relative: relative))
    // A relative error e of t becomes about t²e in a far tail; p below 1e-250 is not compared.
    #expect(agree(value.p, p, relative: relative * max(1, t * t / 1000), floor: 1e-250))
  }

  /// scipy's own variances lose digits where the spread is tiny beside the values.
  private func tolerance(_ golden: MetricsGolden) -> Double {
    switch golden.kind {
    case "offset1e8", "tinyvar", "near_const": 1e-6
    default: 1e-9
    }
  }

  @Test("Student, Welch and paired t agree to 1e-9", arguments: goldens)
  func tTests(_ golden: MetricsGolden) {
    let limit = tolerance(golden)
    check(
      StandardTests.student(golden.x, golden.y), golden.json["ttest", "student"], relative: limit)
    check(StandardTests.welch(golden.x, golden.y), golden.json["ttest", "welch"], relative: limit)
    check(StandardTests.paired(golden.x, golden.y), golden.json["ttest", "paired"], relative: limit)
  }

  @Test("Williams' t agrees to 1e-9", arguments: goldens)
  func williams(_ golden: MetricsGolden) {
    let row = golden.json["williams"]
    guard let r12 = row["r12"].number, let r13 = row["r13"].number, let r23 = row["r23"].number,
      let n = row["n"].number
    else { return }
    check(StandardTests.williams(r12: r12, r13: r13, r23: r23, n: Int(n)), row)
  }

  @Test("Holm and Benjamini-Hochberg agree to 1e-9", arguments: goldens)
  func adjustment(_ golden: MetricsGolden) {
    let p = golden.json["adjust", "p"].numbers
    for (method, key) in [(Adjustment.holm, "holm"), (.benjaminiHochberg, "bh")] {
      let expected = golden.json["adjust", key].numbers
      let adjusted = method.adjust(p)
      #expect(adjusted.count == expected.count)
      #expect(zip(adjusted, expected).allSatisfy { agree($0, $1) })
    }
  }

  @Test("Silhouettes agree to 1e-9", arguments: goldens)
  func silhouette(_ golden: MetricsGolden) throws {
    let points = golden.json["silhouette", "x"].items.map(\.numbers)
    let labels = golden.json["silhouette", "labels"].numbers.map { Int($0) }
    guard let expected = golden.json["silhouette", "score"].number else { return }
    let score = try #require(Silhouette.score(points, labels: labels).value)
    #expect(agree(score, expected))
    let samples = try #require(Silhouette.samples(points, labels: labels).value)
    let expectedSamples = golden.json["silhouette", "samples"].numbers
    // scikit-learn takes distances from products: equal points lie 1e-8 apart there, 0 here.
    #expect(zip(samples, expectedSamples).allSatisfy { agree($0, $1, floor: 5e-9) })
  }

  @Test("Distribution functions agree with scipy to 1e-11")
  func distributions() throws {
    let golden = try JSON.golden("distributions.json")
    for row in golden["student_two_sided"].items.map(\.numbers) {
      #expect(
        agree(Distributions.studentTwoSided(row[0], df: row[1]), row[2], relative: 1e-11, floor: 0))
    }
    for row in golden["student_quantile"].items.map(\.numbers) {
      #expect(agree(Distributions.studentQuantile(row[0], df: row[1]), row[2], relative: 1e-11))
    }
    for row in golden["normal_quantile"].items.map(\.numbers) {
      #expect(agree(Distributions.normalQuantile(row[0]), row[1], relative: 1e-11))
    }
    for row in golden["f_upper"].items.map(\.numbers) {
      #expect(
        agree(Distributions.fisherUpper(row[0], row[1], row[2]), row[3], relative: 1e-11, floor: 0))
    }
  }

  @Test("Hedges' g and Steiger's Z agree with their formulas written out in Python")
  func formulas() throws {
    let golden = try JSON.golden("distributions.json")
    for row in golden["hedges"].items {
      let g = try #require(StandardTests.hedgesG(row["a"].numbers, row["b"].numbers).value)
      #expect(agree(g, row["g"].number ?? .nan))
    }
    for row in golden["steiger"].items.map(\.numbers) {
      let outcome = StandardTests.steiger(r12: row[0], r13: row[1], r23: row[2], n: Int(row[3]))
      #expect(agree(try #require(outcome.value).statistic, row[4]))
    }
  }

  @Test("Degenerate samples give a reason in place of a number")
  func degenerate() {
    #expect(StandardTests.welch([1], [1, 2]).reason == .tooFewRows)
    #expect(StandardTests.student([1, 1], [2, 2]).reason == .degenerate)
    #expect(StandardTests.paired([1, 2, 3], [1, 2, 3]).reason == .degenerate)
    #expect(StandardTests.williams(r12: 0.5, r13: 0.4, r23: 0.9, n: 3).reason == .tooFewRows)
    #expect(Silhouette.score([[1], [2]], labels: [3, 3]).reason == .oneGroup)
    #expect(Adjustment.holm.adjust([]) == [])
  }
}
