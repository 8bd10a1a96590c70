import Basics
import Metrics
import Testing

/// Goldens of numpy, scipy and statsmodels: Goldens/make_within.py.
@Suite("Agreement within persons")
struct WithinTests {
  let golden: JSON
  let sample: ClusteredSample
  let a: [Double]
  let b: [Double]
  let options = InferenceOptions(replicates: 2_000, seed: 3)

  init() throws {
    golden = try JSON.golden("within.json")
    sample = ClusteredSample(gold: golden["gold"].numbers, clusters: golden["person"].numbers)
    (a, b) = (golden["a"].numbers, golden["b"].numbers)
  }

  @Test("PCC within persons and its jackknife are those of residuals on a dummy for each person")
  func figures() throws {
    let within = try #require(WithinClusters(sample))
    #expect(agree(within.sample.effectiveClusters, golden["effective"].number ?? .nan))
    #expect(within.sample.clusterCount == 21)
    for (name, predictions) in [("a", a), ("b", b)] {
      let system = within.system(predictions, options: options)
      let interval = try #require(system.interval(.pcc).value)
      let found = [try #require(system.figure(.pcc).value), interval.low, interval.high]
      for (one, other) in zip(found, golden["within", name].numbers) { #expect(agree(one, other)) }
    }
  }

  @Test("the difference of two systems has the paired jackknife's interval and a swap test")
  func difference() throws {
    let pair = try #require(WithinClusters(sample)).comparison(a, b, options: options)
    let interval = try #require(pair.interval(.pcc).value)
    let found = [try #require(pair.difference(.pcc).value), interval.low, interval.high]
    for (one, other) in zip(found, golden["within", "difference"].numbers) {
      #expect(agree(one, other, relative: 1e-8))
    }
    let p = try #require(pair.permutation([.pcc]).p(.pcc).value)
    // The interval holds 0, well inside.
    #expect(p > 0.2 && p <= 1)
  }

  @Test("what is added to all rows of a person changes nothing, whoever's column it is added to")
  func invariance() throws {
    let shift = sample.clusterOfRow.map { 100 * Double($0 % 5) - 70 }
    let within = try #require(WithinClusters(sample))
    let moved = try #require(
      WithinClusters(
        ClusteredSample(gold: zip(sample.gold, shift).map(+), clusters: sample.clusterOfRow)))
    let one = try #require(within.system(a).figure(.pcc).value)
    let other = try #require(moved.system(zip(a, shift).map { $0 - 2 * $1 }).figure(.pcc).value)
    #expect(agree(one, other, relative: 1e-11))
  }

  @Test("predictions that are one number for a person are constant within, to the bit")
  func constant() throws {
    let within = try #require(WithinClusters(sample))
    let levels = sample.clusterOfRow.map { 0.1 + Double($0) / 3 }
    #expect(within.system(levels).figure(.pcc).reason == .constantPrediction)
  }

  @Test("where no person has two rows there is no figure within persons")
  func single() {
    #expect(WithinClusters(ClusteredSample(rows: [1, 2, 3])) == nil)
  }

  @Test("calibration is the line through all other persons' rows, and CCC is PCC times C_b")
  func calibration() throws {
    for (name, predictions) in [("a", a), ("b", b)] {
      let expected = golden["calibrated", name]
      let found = try #require(sample.calibrated(predictions))
      for (one, other) in zip(found, expected["predictions"].numbers) {
        #expect(agree(one, other, relative: 1e-9))
      }
      let calibrated = PairedMoments(predictions: found, gold: sample.gold)
      #expect(agree(try #require(calibrated.ccc().value), expected["ccc"].number ?? .nan))
      let raw = PairedMoments(predictions: predictions, gold: sample.gold)
      let factor = try #require(raw.biasFactor.value)
      #expect(agree(factor, expected["bias_factor"].number ?? .nan))
      #expect(agree(try #require(raw.pcc().value) * factor, try #require(raw.ccc().value)))
    }
  }

  @Test("calibrated CCC does not change with the level, the spread or the sign of predictions")
  func scale() throws {
    let one = try #require(sample.calibrated(b))
    let other = try #require(sample.calibrated(b.map { 30 - 7 * $0 }))
    for (x, y) in zip(one, other) { #expect(agree(x, y, relative: 1e-10)) }
    let constant = try #require(sample.calibrated(b.map { _ in 2 }))
    let total = sample.gold.reduce(0, +)
    let own = zip(sample.gold, sample.clusterOfRow).filter { $1 == 0 }
    let rest = Double(sample.count - own.count)
    let mean = (total - own.reduce(0) { $0 + $1.0 }) / rest
    #expect(agree(constant[sample.clusterOfRow.firstIndex(of: 0) ?? 0], mean))
    #expect(ClusteredSample(gold: [1, 2], clusters: [0, 0]).calibrated([1, 2]) == nil)
  }

  @Test("REML of the one-way model and its predictions are statsmodels'")
  func oneWay() throws {
    let model = try #require(OneWayModel.fit(sample).value)
    let expected = golden["one_way"]
    // Powell's search in statsmodels stops at about 1e-6.
    #expect(agree(model.mean, expected["mean"].number ?? .nan, relative: 1e-5))
    #expect(agree(model.between, expected["between"].number ?? .nan, relative: 1e-4))
    #expect(agree(model.within, expected["within"].number ?? .nan, relative: 1e-4))
    let persons = golden["person"].numbers
    let effects = expected["effects"].numbers
    let own = model.personEffects(of: sample)
    for (row, person) in persons.enumerated() {
      #expect(
        agree(own[sample.clusterOfRow[row]], effects[Int(person)], relative: 1e-3, floor: 1e-4))
    }
  }

  @Test("persons who do not differ have no variance, and no effects")
  func noEffects() throws {
    let flat = ClusteredSample(gold: golden["flat"].numbers, clusters: golden["person"].numbers)
    let model = try #require(OneWayModel.fit(flat).value)
    #expect(model.between == 0)
    #expect(model.personEffects(of: flat).allSatisfy { $0 == 0 })
  }

  @Test("with as many rows each, REML is the mean squares' estimate; planted variances come out")
  func balanced() throws {
    var random = SplitMix64(seed: 9, stream: .simulation)
    let (persons, rows) = (400, 5)
    var gold: [Double] = []
    for _ in 0..<persons {
      let effect = 1.5 * random.normal()
      for _ in 0..<rows { gold.append(4 + effect + random.normal()) }
    }
    let clusters = (0..<persons * rows).map { $0 / rows }
    let model = try #require(
      OneWayModel.fit(ClusteredSample(gold: gold, clusters: clusters)).value)
    let means = (0..<persons).map { p in gold[p * rows..<(p + 1) * rows].reduce(0, +) / 5 }
    let mean = means.reduce(0, +) / Double(persons)
    let msb = 5 * means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(persons - 1)
    let scatter = gold.indices.reduce(0.0) {
      $0 + (gold[$1] - means[$1 / rows]) * (gold[$1] - means[$1 / rows])
    }
    let msw = scatter / Double(persons * (rows - 1))
    #expect(agree(model.within, msw, relative: 1e-6))
    #expect(agree(model.between, (msb - msw) / 5, relative: 1e-6))
    #expect(agree(model.mean, mean))
    // Standard errors are about .17 and .035.
    #expect(abs(model.between - 2.25) < 0.6 && abs(model.within - 1) < 0.12)
  }

  @Test("too few persons, no repeats and no variation are reasons, not figures")
  func obstacles() {
    #expect(
      OneWayModel.fit(ClusteredSample(gold: [1, 2, 3, 4], clusters: [0, 0, 1, 1])).reason
        == .tooFewClusters)
    #expect(OneWayModel.fit(ClusteredSample(rows: [1, 2, 3])).reason == .tooFewRepeats)
    #expect(
      OneWayModel.fit(ClusteredSample(gold: [1, 1, 2, 2, 3], clusters: [0, 0, 1, 1, 2])).reason
        == .noVarianceWithin)
  }
}
