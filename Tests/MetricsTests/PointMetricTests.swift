import Metrics
import Testing

@Suite("Point metrics against exact arithmetic")
struct PointMetricTests {
  static let goldens = MetricsGolden.all

  @Test("There are goldens to compare with")
  func goldensAreThere() { #expect(Self.goldens.count == 60) }

  @Test("Every metric has a golden by its definition in fractions", arguments: Metric.all)
  func eachMetric(_ metric: Metric) throws {
    let golden = try JSON.golden("each_metric.json")
    let expected = try #require(golden["figures", metric.id].number)
    let (x, y) = (golden["x"].numbers, golden["y"].numbers)
    let figure = try #require(PointMetrics.figure(metric, x, y).value)
    #expect(agree(figure, expected, relative: 1e-14))
    #expect(PointMetrics.all(x, y)[metric]?.value == figure)
  }

  @Test("A metric is found by its id, and an unknown name lists those that are known")
  func byName() throws {
    #expect(Metric.all.allSatisfy { Metric(named: $0.id) == $0 })
    #expect(Set(Metric.all.map(\.id)).count == Metric.all.count)
    #expect(Metric(named: "f1") == nil)
    #expect(UnknownMetric(name: "f1").description.contains("pcc, ccc, rmse"))
  }

  /// The floor is 0 where a figure is not 0 itself: 1e-9 is relative however small it is.
  private func check(_ figure: Figure, _ expected: Double?) {
    guard let expected else {
      #expect(figure.value == nil)
      return
    }
    let floor = expected == 0 ? 1e-15 : 0
    #expect(figure.value.map { agree($0, expected, floor: floor) } == true)
  }

  @Test("PCC agrees with 60-digit arithmetic to 1e-9", arguments: goldens)
  func pcc(_ golden: MetricsGolden) {
    check(PointMetrics.pcc(golden.x, golden.y), golden.json["exact", "pcc"].number)
  }

  @Test("Both forms of CCC agree with 60-digit arithmetic to 1e-9", arguments: goldens)
  func ccc(_ golden: MetricsGolden) {
    check(PointMetrics.ccc(golden.x, golden.y), golden.json["exact", "ccc_population"].number)
    check(
      PointMetrics.ccc(golden.x, golden.y, form: .sample), golden.json["exact", "ccc_sample"].number
    )
  }

  @Test("RMSE and MAE agree with 60-digit arithmetic to 1e-9", arguments: goldens)
  func errors(_ golden: MetricsGolden) {
    check(PointMetrics.rmse(golden.x, golden.y), golden.json["exact", "rmse"].number)
    check(PointMetrics.mae(golden.x, golden.y), golden.json["exact", "mae"].number)
  }

  @Test("Means and variances agree with 60-digit arithmetic to 1e-9", arguments: goldens)
  func moments(_ golden: MetricsGolden) {
    let sums = PairedMoments(predictions: golden.x, gold: golden.y)
    let variance = sums.deviationX.value.map { $0 * $0 }
    #expect(agree(sums.meanX, golden.json["exact", "mean_x"].number ?? .nan))
    #expect(agree(sums.meanY, golden.json["exact", "mean_y"].number ?? .nan))
    check(
      variance.map { .value($0) } ?? .undefined(.noRows),
      golden.json["exact", "var_x_sample"].number)
  }

  @Test("Spearman and Kendall agree with scipy", arguments: goldens)
  func ranks(_ golden: MetricsGolden) {
    // scipy's own sums of ranks lose a digit or two near zero, hence the floor of 1e-13.
    let spearman = PointMetrics.spearman(golden.x, golden.y)
    let kendall = PointMetrics.kendallTauB(golden.x, golden.y)
    let expected = golden.json["scipy", "spearman", "r"].number
    #expect((spearman.value == nil) == (expected == nil))
    if let value = spearman.value, let expected { #expect(agree(value, expected)) }
    let tau = golden.json["scipy", "kendall_tau_b_auto", "r"].number
    #expect((kendall.value == nil) == (tau == nil))
    if let value = kendall.value, let tau { #expect(agree(value, tau)) }
  }

  @Test("Interval alpha of two raters agrees with krippendorff to 1e-9", arguments: goldens)
  func alpha(_ golden: MetricsGolden) {
    let expected = golden.json["krippendorff_interval_xy"].number
    // Two equal constants: the package refuses, we say why.
    let figures = [
      KrippendorffAlpha.interval(golden.x, golden.y),
      KrippendorffAlpha.interval([golden.x, golden.y]),
    ]
    for figure in figures {
      #expect((figure.value == nil) == (expected == nil))
      // The package works on coincidences of values and keeps about 8 digits of a spread that is
      // tiny beside the values; ours is compared with it at 1e-9 elsewhere.
      let tiny = ["tinyvar", "near_const", "offset1e8"].contains(golden.kind)
      if let value = figure.value, let expected {
        #expect(agree(value, expected, relative: tiny ? 1e-7 : 1e-9, floor: tiny ? 1e-8 : 1e-12))
      }
    }
  }

  @Test("Interval alpha with missing values agrees with krippendorff to 1e-9", arguments: goldens)
  func alphaWithMissing(_ golden: MetricsGolden) throws {
    guard let expected = golden.json["krippendorff_interval_missing", "alpha"].number else {
      return
    }
    let rows = golden.json["krippendorff_interval_missing", "data"].items
    let value = try #require(KrippendorffAlpha.interval(rows.map { $0.items.map(\.number) }).value)
    let tiny = ["tinyvar", "near_const", "offset1e8"].contains(golden.kind)
    #expect(agree(value, expected, relative: tiny ? 1e-7 : 1e-9, floor: tiny ? 1e-8 : 1e-12))
  }
}

@Suite("Undefined figures")
struct UndefinedFigureTests {
  @Test("No rows, one row and constant columns each give their reason")
  func reasons() {
    #expect(PointMetrics.pcc([], []) == .undefined(.noRows))
    #expect(PointMetrics.pcc([1], [2]) == .undefined(.tooFewRows))
    #expect(PointMetrics.pcc([1, 1], [2, 3]) == .undefined(.constantPrediction))
    #expect(PointMetrics.pcc([1, 2], [3, 3]) == .undefined(.constantGold))
    #expect(PointMetrics.pcc([1, 1], [3, 3]) == .undefined(.bothConstant))
    #expect(PointMetrics.ccc([1, 1], [1, 1]) == .undefined(.bothConstant))
    #expect(PointMetrics.spearman([1, 1], [2, 3]) == .undefined(.constantPrediction))
    #expect(PointMetrics.kendallTauB([1, 2], [3, 3]) == .undefined(.constantGold))
    #expect(PointMetrics.rmse([], []) == .undefined(.noRows))
  }

  @Test("A value that is not finite makes every figure undefined", arguments: Metric.all)
  func notFinite(_ metric: Metric) {
    #expect(PointMetrics.figure(metric, [1, .nan, 3], [1, 2, 3]) == .undefined(.notFinite))
    #expect(PointMetrics.figure(metric, [1, .infinity, 3], [1, 2, 3]) == .undefined(.notFinite))
  }

  @Test("Squares that overflow or underflow are told from constant columns")
  func extremes() {
    #expect(PointMetrics.pcc([1e200, 2e200, -1e200], [1, 2, 3]) == .undefined(.notFinite))
    #expect(PointMetrics.pcc([1e-200, 2e-200], [1, 2]) == .undefined(.spreadTooSmall))
  }

  @Test("One constant column gives a CCC of 0, as the formula does")
  func constantConcordance() {
    #expect(PointMetrics.ccc([2, 2, 2], [1, 2, 4]) == .value(0))
  }

  @Test("Metrics stay in [-1, 1]")
  func clamped() {
    let x = (0..<1000).map { Double($0) * 0.1 }
    #expect(PointMetrics.pcc(x, x.map { 3 * $0 + 1e8 }) == .value(1))
    #expect(PointMetrics.pcc(x, x.map { -$0 }) == .value(-1))
  }
}

@Suite("WASSA figures")
struct WASSATests {
  @Test("Rounding to 4 decimals goes by the exact value, halves to even, as in Python")
  func rounding() {
    // Python 3: round(0.64805, 4), round(0.00005, 4), round(2.5e-4, 4) and so on.
    #expect(WASSA.fourDecimals(0.64805) == 0.6481)
    #expect(WASSA.fourDecimals(0.12345) == 0.1235)
    #expect(WASSA.fourDecimals(0.00005) == 0.0001)
    #expect(WASSA.fourDecimals(-0.12345) == -0.1235)
    #expect(WASSA.fourDecimals(0.03125) == 0.0312)
    #expect(WASSA.fourDecimals(0.09375) == 0.0938)
    #expect(WASSA.fourDecimals(1) == 1)
  }

  @Test("A constant column counts 0 and figures are rounded before they are averaged")
  func averaging() {
    #expect(WASSA.pcc([2, 2], [1, 3]) == .value(0))
    #expect(WASSA.averaged([.value(0.1235), .value(0.1235)]) == .value(0.1235))
    #expect(WASSA.averaged([.value(0.1), .undefined(.noRows)]) == .undefined(.noRows))
  }
}
