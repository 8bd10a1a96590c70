import Basics
import Metrics
import Testing

/// Goldens/make_components.py maximises the dense likelihood with scipy, to about 1e-6.
@Suite("Two raters with effects of persons")
struct TwoRaterModelTests {
  struct Golden: Sendable, CustomTestStringConvertible {
    let json: JSON
    let method: TwoRaterModel.Method
    var testDescription: String { "\(sample.count) rows, \(method.rawValue)" }

    var sample: TwoRaterSample {
      TwoRaterSample(
        labels: json["labels"].numbers, ratings: json["ratings"].numbers,
        persons: json["persons"].numbers.map { Int($0) })
    }
    var expected: JSON { json[method.rawValue] }

    static let all: [Golden] = {
      let cases = (try? JSON.golden("components.json"))?["two_raters"].items ?? []
      return cases.flatMap { json in
        TwoRaterModel.Method.allCases.map { Golden(json: json, method: $0) }
      }
    }()
  }

  @Test("Two data sets by two methods are compared") func goldens() {
    #expect(Golden.all.count == 4)
  }

  @Test("Estimates maximise the dense likelihood", arguments: Golden.all)
  func estimates(_ golden: Golden) throws {
    let model = try #require(TwoRaterModel.fit(golden.sample, method: golden.method).value)
    #expect(model.converged)
    let expected = golden.expected
    let found = [
      [model.mean.label, model.mean.rating],
      [model.between.yy, model.between.yl, model.between.ll],
      [model.within.yy, model.within.yl, model.within.ll],
    ]
    for (values, key) in zip(found, ["mean", "between", "within"]) {
      for (a, b) in zip(values, expected[key].numbers) {
        #expect(agree(a, b, relative: 1e-5, floor: 1e-5), "\(key): \(a) \(b)")
      }
    }
    let likelihood = try #require(expected["logLikelihood"].number)
    #expect(agree(model.logLikelihood, likelihood, relative: 1e-11))
    // A maximum: nobody else's is higher.
    #expect(model.logLikelihood >= likelihood - 1e-9)
  }

  @Test("True scores and effects are the dense predictions", arguments: Golden.all)
  func predictions(_ golden: Golden) throws {
    let sample = golden.sample
    let model = try #require(TwoRaterModel.fit(sample, method: golden.method).value)
    let scores = golden.expected["trueScores"].numbers
    #expect(scores.count == sample.count)
    for (a, b) in zip(model.trueScores(of: sample), scores) { #expect(abs(a - b) < 1e-4) }
    let effects = golden.expected["effects"].items.map(\.numbers)
    #expect(effects.count == sample.personCount)
    for (a, b) in zip(model.personEffects(of: sample), effects) {
      #expect(abs(a.label - b[0]) < 1e-4 && abs(a.rating - b[1]) < 1e-4)
    }
  }

  /// Persons with 1 to `most` rows, from B and W given by their Cholesky factors.
  static func simulated(
    persons: Int, most: Int, between: [Double], within: [Double], seed: UInt64
  ) -> TwoRaterSample {
    var generator = SplitMix64(seed: seed, stream: .simulation)
    var labels: [Double] = [], ratings: [Double] = [], owners: [Int] = []
    func pair(_ factor: [Double]) -> (Double, Double) {
      let (a, b) = (generator.normal(), generator.normal())
      return (factor[0] * a, factor[1] * a + factor[2] * b)
    }
    for person in 0..<persons {
      let u = pair(between)
      for _ in 0...(person % most) {
        let w = pair(within)
        labels.append(4 + u.0 + w.0)
        ratings.append(3 + u.1 + w.1)
        owners.append(person)
      }
    }
    return TwoRaterSample(labels: labels, ratings: ratings, persons: owners)
  }

  @Test("Planted parameters come back within five standard errors")
  func planted() throws {
    // B = (1.44, .36; .36, .73), W = (1, .5; .5, 1.25); latent correlation .351, within .447.
    let sample = Self.simulated(
      persons: 900, most: 7, between: [1.2, 0.3, 0.8], within: [1, 0.5, 1], seed: 11)
    let model = try #require(TwoRaterModel.fit(sample).value)
    // The error of a variance s² with k degrees of freedom is s²√(2/k); that of B counts W/n̄ in.
    let (persons, rows) = (900.0, Double(sample.count - 900))
    let errorB = (2 / persons).squareRoot(), errorW = (2 / rows).squareRoot()
    #expect(abs(model.between.yy - 1.44) < 5 * errorB * (1.44 + 1 / 2.7))
    #expect(abs(model.between.ll - 0.73) < 5 * errorB * (0.73 + 1.25 / 2.7))
    #expect(abs(model.between.yl - 0.36) < 5 * errorB * (1.44 + 0.4))
    #expect(abs(model.within.yy - 1) < 5 * errorW)
    #expect(abs(model.within.ll - 1.25) < 5 * errorW * 1.25)
    #expect(abs(model.within.yl - 0.5) < 5 * errorW)
  }

  @Test("Equal numbers of rows have the REML estimates in closed form")
  func balanced() throws {
    let labels = [1.0, 3, 4, 6, 6, 10], ratings = [2.0, 3, 8, 5, 4.5, 4.5]
    let sample = TwoRaterSample(labels: labels, ratings: ratings, persons: [7, 7, 8, 8, 9, 9])
    let model = try #require(TwoRaterModel.fit(sample).value)
    // By hand: scatter within (12, 1 - 3 + 0, 0.5 + 4.5 + 0) on 3 degrees of freedom; means (2, 5, 8)
    // and (2.5, 6.5, 4.5), so the mean squares between are (18, 6, 8).
    let within = (yy: 4.0, yl: -2.0 / 3, ll: 5.0 / 3)
    #expect(agree(model.within.yy, within.yy, relative: 1e-6))
    #expect(agree(model.within.yl, within.yl, relative: 1e-6))
    #expect(agree(model.within.ll, within.ll, relative: 1e-6))
    #expect(agree(model.between.yy, (18 - within.yy) / 2, relative: 1e-6))
    #expect(agree(model.between.yl, (6 - within.yl) / 2, relative: 1e-6))
    #expect(agree(model.between.ll, (8 - within.ll) / 2, relative: 1e-6))
  }

  @Test(
    "Variances at their limits are found in few steps",
    arguments: [
      [0, 0, 0], [1, 0.1, 0], [1, 1, 0], [0, 0, 1],
    ])
  func limits(_ between: [Double]) throws {
    let sample = Self.simulated(
      persons: 100, most: 7, between: between, within: [1, 0.5, 1], seed: 3)
    let model = try #require(TwoRaterModel.fit(sample).value)
    #expect(model.converged && model.iterations < 80)
    #expect(model.between.yy >= 0 && model.between.ll >= 0)
    #expect(model.between.yy * model.between.ll - model.between.yl * model.between.yl > -1e-9)
  }

  @Test("No latent correlation where persons hardly differ")
  func noVariance() throws {
    // Rows that cancel in every person: no mean differs from another.
    let one = [-1.5, 0.5, 1.0], two = [-1.0, 2.0, -1.0]
    let persons = (0..<30).map { $0 / 3 }
    let sample = TwoRaterSample(
      labels: persons.indices.map { 4 + one[$0 % 3] },
      ratings: persons.indices.map { 3 + two[$0 % 3] }, persons: persons)
    let model = try #require(TwoRaterModel.fit(sample).value)
    #expect(model.latentCorrelation == .undefined(.noVarianceBetween))
    #expect(abs(model.between.yy) < 1e-3)
  }

  @Test("Leaving a person out is a fit of the others")
  func jackknife() throws {
    let sample = Self.simulated(
      persons: 40, most: 5, between: [1, 0.3, 0.8], within: [1, 0.5, 1], seed: 5)
    let model = try #require(TwoRaterModel.fit(sample).value)
    let without = model.withoutEachPerson(of: sample)
    #expect(without.count == 40)
    for person in [0, 4, 39] {
      let kept = sample.labels.indices.filter { sample.personOfRow[$0] != person }
      let others = TwoRaterSample(
        labels: kept.map { sample.labels[$0] }, ratings: kept.map { sample.ratings[$0] },
        persons: kept.map { sample.personOfRow[$0] })
      let cold = try #require(TwoRaterModel.fit(others).value)
      let warm = try #require(without[person].value)
      #expect(agree(warm.logLikelihood, cold.logLikelihood, relative: 1e-11))
      #expect(agree(warm.between.yl, cold.between.yl, relative: 1e-5, floor: 1e-6))
      #expect(agree(warm.mean.label, cold.mean.label, relative: 1e-6))
      #expect(warm.iterations < 40)
    }
  }

  @Test("Units and order of rows are of no consequence")
  func invariance() throws {
    let sample = Self.simulated(
      persons: 30, most: 4, between: [1, 0.3, 0.8], within: [1, 0.5, 1], seed: 8)
    let order = sample.labels.indices.reversed()
    let other = TwoRaterSample(
      labels: order.map { 100 * sample.labels[$0] - 1e4 },
      ratings: order.map { 0.01 * sample.ratings[$0] },
      persons: order.map { 1_000 - sample.personOfRow[$0] })
    let (a, b) = (
      try #require(TwoRaterModel.fit(sample).value), try #require(TwoRaterModel.fit(other).value)
    )
    #expect(agree(b.between.yy, 1e4 * a.between.yy, relative: 1e-5))
    #expect(agree(b.within.ll, 1e-4 * a.within.ll, relative: 1e-5))
    #expect(agree(b.withinCorrelation, a.withinCorrelation, relative: 1e-5))
  }

  @Test("Data that identify no model say why")
  func obstacles() {
    func reason(_ y: [Double], _ l: [Double], _ persons: [Int]) -> UndefinedReason? {
      TwoRaterModel.fit(TwoRaterSample(labels: y, ratings: l, persons: persons)).reason
    }
    #expect(reason([], [], []) == .noRows)
    #expect(reason([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], [0, 0, 1, 1, 1]) == .tooFewClusters)
    #expect(reason([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], [0, 1, 2, 3, 3]) == .tooFewRepeats)
    let persons = [0, 0, 0, 1, 1, 1, 2, 2, 2], y = [1.0, 2, 4, 3, 5, 1, 2, 2, 6]
    #expect(reason(y, persons.map { Double($0) }, persons) == .noVarianceWithin)
    #expect(reason(y, y.map { 2 * $0 + 1 }, persons) == .noVarianceWithin)
    #expect(reason(y, [1, 1, 2, 2, 1, 3, .infinity, 1, 1], persons) == .notFinite)
  }

  @Test("Correlations of persons by hand and by the model")
  func correlations() throws {
    let sample = Self.simulated(
      persons: 200, most: 5, between: [1.2, 0.6, 0.6], within: [1, 0.5, 1], seed: 21)
    let found = PersonCorrelations(sample)
    var rows = [[Int]](repeating: [], count: 200)
    for (row, person) in sample.personOfRow.enumerated() { rows[person].append(row) }
    func mean(_ values: [Double], _ rows: [Int]) -> Double {
      rows.reduce(0) { $0 + values[$1] } / Double(rows.count)
    }
    let (y, l) = (rows.map { mean(sample.labels, $0) }, rows.map { mean(sample.ratings, $0) })
    let pcc = { (a: [Double], b: [Double]) in PointMetrics.pcc(a, b).value ?? .nan }
    let owner = sample.personOfRow
    #expect(agree(try #require(found.means.figure.value), pcc(y, l)))
    #expect(
      agree(
        try #require(found.weightedMeans.figure.value),
        pcc(owner.map { y[$0] }, owner.map { l[$0] })))
    #expect(
      agree(
        try #require(found.within.figure.value),
        pcc(
          owner.indices.map { sample.labels[$0] - y[owner[$0]] },
          owner.indices.map { sample.ratings[$0] - l[owner[$0]] })))
    // Planted: .447 within, .707 latent; means of few rows lie between.
    for (estimate, truth) in [(found.within, 0.447), (found.latent, 0.707)] {
      let interval = try #require(estimate.interval.value)
      #expect(interval.low < truth && truth < interval.high)
      #expect(interval.clusters == 200)
    }
  }

  @Test("The latent correlation's interval covers the planted value as often as it says")
  func coverage() throws {
    var covered = 0, defined = 0
    for seed in 0..<120 {
      let sample = Self.simulated(
        persons: 60, most: 5, between: [1, 0.5, 0.866], within: [1, 0.5, 1],
        seed: 1_000 + UInt64(seed))
      guard let interval = PersonCorrelations(sample).latent.interval.value else { continue }
      defined += 1
      if interval.low <= 0.5, 0.5 <= interval.high { covered += 1 }
    }
    // 120 trials at .95 have the error .02; the jackknife at 60 persons is allowed .03 of its own.
    #expect(defined >= 115)
    #expect(Double(covered) / Double(defined) > 0.88)
  }
}
