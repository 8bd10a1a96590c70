import Basics
import Metrics
import Testing

@Suite("What a model's labels may replace")
struct SubstitutionTests {
  /// What ppi_py, scipy and numpy say: `Goldens/make_substitution.py`.
  private static func golden(_ part: String) throws -> [JSON] {
    let cases = try JSON.golden("substitution.json")[part].items
    try #require(!cases.isEmpty)
    return cases
  }

  // MARK: A mean

  @Test("the prediction-powered mean and its interval are those of ppi_py")
  func means() throws {
    for golden in try Self.golden("means") {
      let mean = try #require(
        PredictionPoweredMean.of(
          labels: golden["labels"].numbers, predictions: golden["predictions"].numbers,
          others: golden["others"].numbers
        ).value)
      let own = PredictionPoweredMean.interval(mean.estimate, error: mean.error, level: 0.95)
      let plain = PredictionPoweredMean.interval(
        mean.classical, error: mean.classicalError, level: 0.95)
      let found = [mean.estimate, own.low, own.high, plain.low, plain.high]
      let expected = ["estimate", "low", "high", "classical_low", "classical_high"].map {
        golden[$0].number ?? .nan
      }
      for (a, b) in zip(found, expected) { #expect(agree(a, b), "\(a) \(b)") }
      #expect((0...1).contains(mean.lambda))
    }
  }

  /// Persons with an own mean (half the variance) write four rows each; a model sees some of it.
  private static func world(persons: Int, seed: UInt64) -> (
    labels: [Double], predictions: [Double], persons: [Int]
  ) {
    var generator = SplitMix64(seed: seed, stream: .simulation)
    var (labels, predictions, names): ([Double], [Double], [Int]) = ([], [], [])
    for person in 0..<persons {
      let (own, seen) = (generator.normal(), generator.normal())
      for _ in 0..<4 {
        let label = 4 + own + generator.normal()
        labels.append(label)
        predictions.append(3 + 0.5 * label + 0.5 * seen + 0.5 * generator.normal())
        names.append(person)
      }
    }
    return (labels, predictions, names)
  }

  @Test("intervals over persons cover the mean, and those over rows do not")
  func coverage() throws {
    let (worlds, labelled, persons) = (200, 40, 120)
    var (byPerson, byRow) = (0, 0)
    for seed in 0..<UInt64(worlds) {
      let (labels, predictions, names) = Self.world(persons: persons, seed: seed)
      let known = labels.indices.map { names[$0] < labelled ? labels[$0] : nil }
      for isByPerson in [true, false] {
        let means = PersonMeans(
          labels: known, predictions: predictions,
          persons: isByPerson ? names : Array(names.indices))
        #expect(means.repeats == isByPerson)
        let mean = try #require(
          PredictionPoweredMean.of(
            labels: means.labels, predictions: means.predictions, others: means.others
          ).value)
        let (low, high) = PredictionPoweredMean.interval(
          mean.estimate, error: mean.error, level: 0.95)
        if low < 4, 4 < high { if isByPerson { byPerson += 1 } else { byRow += 1 } }
      }
    }
    // 190 ± 3 of 200 are due; rows as units leave out a factor of about 1.6 in the error.
    #expect((180...200).contains(byPerson), "\(byPerson)")
    #expect(byRow < 172, "\(byRow)")
  }

  @Test("a rehearsal hides labels, comes near the expected multiplier and repeats with its seed")
  func rehearsal() throws {
    let (labels, predictions, names) = Self.world(persons: 400, seed: 7)
    let means = PersonMeans(labels: labels, predictions: predictions, persons: names)
    #expect(means.labels.count == 400 && means.others.isEmpty)
    let made = try #require(means.rehearsal(labelled: 100, draws: 50, seed: 3).value)
    #expect(made.example.labelled == 100 && made.example.unlabelled == 300)
    let limit = try #require(
      PredictionPoweredMean.limit(labels: means.labels, predictions: means.predictions).value)
    let square = 1 - 1 / limit
    let expected = 1 / (1 - square * 0.75)
    #expect(abs(made.multiplier - expected) < 0.1 * expected, "\(made.multiplier) \(expected)")
    #expect(made.multiplier < limit)
    #expect(made.error < made.classicalError)
    let bias = try #require(means.bias)
    #expect(abs(bias.mean - 1) < 4 * bias.error && bias.error > 0, "\(bias)")
    #expect(means.rehearsal(labelled: 100, draws: 50, seed: 3) == .value(made))
    #expect(means.rehearsal(labelled: 400, draws: 5, seed: 3).reason == .noRows)
  }

  @Test("predictions that say nothing leave the mean of the labels as it is")
  func useless() throws {
    let mean = try #require(
      PredictionPoweredMean.of(
        labels: [1, 2, 3, 4], predictions: [2, 2, 2, 2], others: [2, 2, 2]
      ).value)
    #expect(mean.lambda == 0 && mean.estimate == 2.5 && mean.multiplier == 1)
    #expect(
      PredictionPoweredMean.of(labels: [2, 2], predictions: [1, 2], others: [3]).reason
        == .constantGold)
    #expect(
      PredictionPoweredMean.of(labels: [2], predictions: [1], others: [3]).reason == .tooFewRows)
  }

  // MARK: A system's score

  @Test("the prediction-powered bootstrap is narrower where the model's labels are good, else not")
  func bootstrap() throws {
    var generator = SplitMix64(seed: 5, stream: .simulation)
    let truth = (0..<480).map { _ in generator.normal() }
    let predictions = truth.map { $0 + generator.normal() }
    let persons = truth.indices.map { $0 / 3 }
    for (noise, isGood) in [(0.1, true), (50.0, false)] {
      let model = truth.map { $0 + noise * generator.normal() }
      func part(_ rows: Range<Int>, _ gold: [Double]) -> ClusteredSample {
        ClusteredSample(gold: Array(gold[rows]), clusters: Array(persons[rows]))
      }
      let made = try #require(
        PredictionPoweredBootstrap.pcc(
          labelled: part(0..<120, truth), predictions: Array(predictions[0..<120]),
          model: Array(model[0..<120]), others: part(120..<480, model),
          otherPredictions: Array(predictions[120..<480]),
          options: InferenceOptions(replicates: 400)
        ).value)
      let ratio = (made.high - made.low) / (made.classicalHigh - made.classicalLow)
      #expect(isGood ? ratio < 0.8 : ratio > 0.9, "\(ratio)")
      #expect(isGood ? made.lambda > 0.5 : made.lambda < 0.3, "\(made.lambda)")
      #expect(made.low < made.estimate && made.estimate < made.high)
    }
  }

  // MARK: A rater

  @Test("the alternative annotator test is that of its definition, with and without clusters")
  func annotators() throws {
    for golden in try Self.golden("annotators") {
      let rows = golden["ratings"].items.map(\.items)
      var ratings: [AlternativeAnnotatorTest.Rating] = []
      for (item, row) in rows.enumerated() {
        for (annotator, rating) in row.enumerated() {
          guard let value = rating.number else { continue }
          ratings.append(.init(item: item, annotator: annotator, value: value))
        }
      }
      let persons = golden["person"].numbers
      let test = AlternativeAnnotatorTest(
        ratings.reversed(), model: golden["model"].numbers,
        clusters: persons.isEmpty ? rows.indices.map(Double.init) : persons,
        epsilon: try #require(golden["epsilon"].number))
      let expected = golden["annotators"].items
      try #require(test.comparisons.count == expected.count)
      for (found, expected) in zip(test.comparisons, expected) {
        #expect(Double(found.items) == expected["items"].number)
        #expect(agree(found.model, expected["model"].number ?? .nan))
        #expect(agree(found.human, expected["human"].number ?? .nan))
        #expect(agree(found.p.value ?? .nan, expected["p"].number ?? 0))
        if case .flag(let won) = expected["won"] { #expect(found.isWon == won) }
      }
      #expect(agree(test.winningRate.value ?? .nan, golden["winning_rate"].number ?? 0))
      #expect(agree(test.advantage.value ?? .nan, golden["advantage"].number ?? 0))
    }
  }

  @Test("where each row has one rater, and where raters have few rows, nobody is compared")
  func oneRater() {
    let single = (0..<60).map {
      AlternativeAnnotatorTest.Rating(item: $0, annotator: $0 % 2, value: Double($0 % 7))
    }
    let none = AlternativeAnnotatorTest(
      single, model: Array(repeating: 3, count: 60), clusters: Array(0..<60), epsilon: 0.1)
    #expect(none.comparisons.isEmpty && none.skipped == 2 && none.winningRate.value == nil)
    let few = (0..<58).map {
      AlternativeAnnotatorTest.Rating(item: $0 / 2, annotator: $0 % 2, value: Double($0 % 5))
    }
    let short = AlternativeAnnotatorTest(
      few, model: Array(repeating: 3, count: 29), clusters: Array(0..<29), epsilon: 0.1)
    #expect(short.comparisons.isEmpty && short.skipped == 2)
  }

  @Test("a perfect model beats everybody and a useless one nobody")
  func extremes() throws {
    var generator = SplitMix64(seed: 9, stream: .simulation)
    let truth = (0..<90).map { _ in 4 + generator.normal() }
    let ratings = truth.enumerated().flatMap { item, value in
      (0..<3).map {
        AlternativeAnnotatorTest.Rating(
          item: item, annotator: $0, value: value + generator.normal())
      }
    }
    func rate(_ model: [Double?]) -> Double? {
      AlternativeAnnotatorTest(ratings, model: model, clusters: Array(0..<90), epsilon: 0.1)
        .winningRate.value
    }
    #expect(rate(truth) == 1)
    #expect(rate(truth.map { 8 - $0 + 3 }) == 0)
    #expect(rate(truth.map { _ in nil }) == nil)
  }

  // MARK: The ceiling

  @Test("ceilings and their intervals are those of numpy")
  func ceilings() throws {
    for golden in try Self.golden("ceilings") {
      let sample = ClusteredSample(gold: golden["a"].numbers, clusters: golden["person"].numbers)
      let (b, c) = (golden["b"].numbers, golden["c"].numbers)
      let all = TripleCollocation(sample, b, c)
      let centred = try #require(WithinClusters(sample))
      let within = TripleCollocation(centred.sample, centred.centred(b), centred.centred(c))
      let found = [
        "without_persons": LabelCeiling.withoutPersons(sample, level: 0.95),
        "all": all.ceiling(level: 0.95), "within": within.ceiling(level: 0.95),
        "disattenuated": all.disattenuated(level: 0.95),
      ]
      for (name, outcome) in found {
        let ceiling = try #require(outcome.value)
        for (key, value) in [
          ("value", ceiling.value), ("low", ceiling.low ?? .nan), ("high", ceiling.high ?? .nan),
        ] {
          #expect(agree(value, golden[name, key].number ?? 0, relative: 1e-8), "\(name) \(key)")
        }
      }
    }
  }

  @Test("triple collocation recovers a planted reliability, within persons too")
  func planted() throws {
    var generator = SplitMix64(seed: 11, stream: .simulation)
    var (a, b, c, persons): ([Double], [Double], [Double], [Int]) = ([], [], [], [])
    for person in 0..<600 {
      let own = generator.normal()
      for _ in 0..<5 {
        let truth = generator.normal()
        a.append(own + truth + 0.5 * generator.normal())
        b.append(0.5 * truth + 0.5 * generator.normal())
        c.append(2 * truth + generator.normal())
        persons.append(person)
      }
    }
    let sample = ClusteredSample(gold: a, clusters: persons)
    // Of a's variance 2.25, 1 is truth; within persons, 1 of 1.25.
    let all = try #require(
      TripleCollocation(sample, b, c).ceiling(level: 0.95).value)
    let centred = try #require(WithinClusters(sample))
    let within = try #require(
      TripleCollocation(centred.sample, centred.centred(b), centred.centred(c))
        .ceiling(level: 0.95).value)
    #expect(abs(all.value - (1 / 2.25).squareRoot()) < 0.04, "\(all)")
    #expect(abs(within.value - (1 / 1.25).squareRoot()) < 0.04, "\(within)")
    let hidden = try #require(LabelCeiling.withoutPersons(sample, level: 0.95).value)
    #expect(abs(hidden.value - (1.25 / 2.25).squareRoot()) < 0.03, "\(hidden)")
    #expect(abs((LabelCeiling.personShare(sample).value ?? 0) - 1 / 2.25) < 0.08)
    let ends = try [all.low, all.high].map { try #require($0) }
    #expect(ends[0] < all.value && all.value < ends[1])
  }

  @Test("raters that do not rise together, and persons of one row, have no ceiling")
  func noCeiling() {
    let sample = ClusteredSample(gold: [1, 2, 3, 4, 5, 6], clusters: [1, 1, 2, 2, 3, 3])
    let other: [Double] = [6, 5, 4, 3, 2, 1]
    let triple = TripleCollocation(sample, other, sample.gold)
    #expect(!triple.covariances.isUsable && triple.ceiling(level: 0.95).value == nil)
    let single = ClusteredSample(gold: [1, 2, 3, 5], clusters: [1, 2, 3, 4])
    #expect(LabelCeiling.withoutPersons(single, level: 0.95).value == nil)
  }
}
