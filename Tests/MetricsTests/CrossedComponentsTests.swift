import Basics
import Metrics
import Testing

/// Goldens/make_components.py asks statsmodels' MixedLM.
@Suite("Components of variance by person and article")
struct CrossedComponentsTests {
  static let goldens = (try? JSON.golden("components.json"))?["crossed"].items ?? []

  @Test("Three data sets are compared") func count() { #expect(Self.goldens.count == 3) }

  @Test("Components agree with MixedLM, and the likelihood is at least as high", arguments: 0..<3)
  func mixedModel(_ number: Int) throws {
    let golden = Self.goldens[number]
    let found = try #require(
      CrossedComponents.fit(
        golden["values"].numbers, persons: golden["persons"].numbers.map { Int($0) },
        articles: golden["articles"].numbers.map { Int($0) }
      ).value)
    let shares = [
      ("person", found.person.value), ("article", found.article?.value ?? .nan),
      ("rest", found.rest.value),
    ]
    for (name, share) in shares {
      let expected = try #require(golden[name].number)
      // MixedLM stops at a gradient that leaves about 1e-4.
      #expect(agree(share * found.variance, expected, relative: 1e-3), "\(name)")
    }
    #expect(agree(found.mean, try #require(golden["mean"].number), relative: 1e-5))
    let likelihood = try #require(golden["logLikelihood"].number)
    #expect(abs(found.logLikelihood - likelihood) < 1e-5)
    #expect(found.logLikelihood > likelihood - 1e-8)
  }

  @Test("Equally many rows a person have the estimates of the analysis of variance")
  func balanced() throws {
    // Persons (1, 3), (4, 6), (6, 10): MSW = 12/3 = 4, MSB = 18, so 7 lies between persons.
    let found = try #require(
      CrossedComponents.fit([1, 3, 4, 6, 6, 10], persons: [5, 5, 2, 2, 9, 9], articles: nil).value)
    #expect(found.article == nil)
    #expect(agree(found.variance, 11, relative: 1e-4))
    #expect(agree(found.person.value, 7.0 / 11, relative: 1e-4))
    #expect(agree(found.mean, 5, relative: 1e-9))
    #expect(found.person.low >= 0 && found.person.low < 7.0 / 11 && found.person.high > 7.0 / 11)
    // The profile of one share is that of the other.
    #expect(agree(found.rest.low, 1 - found.person.high, relative: 1e-3, floor: 1e-4))
    #expect(agree(found.rest.high, 1 - found.person.low, relative: 1e-3, floor: 1e-4))
  }

  struct Planted {
    var values: [Double] = [], persons: [Int] = [], articles: [Int] = []

    /// Rows of persons (each at least one) on articles drawn at random.
    init(
      persons: Int, articles: Int, rows: Int, deviations: (Double, Double, Double), seed: UInt64
    ) {
      var generator = SplitMix64(seed: seed, stream: .simulation)
      let p = (0..<persons).map { _ in deviations.0 * generator.normal() }
      let a = (0..<articles).map { _ in deviations.1 * generator.normal() }
      for row in 0..<rows {
        let person = row < persons ? row : Int(generator.uniform() * Double(persons))
        let article = Int(generator.uniform() * Double(articles))
        self.persons.append(person)
        self.articles.append(article)
        values.append(4 + p[person] + a[article] + deviations.2 * generator.normal())
      }
    }

    func fit(level: Double = 0.95) -> CrossedComponents? {
      CrossedComponents.fit(values, persons: persons, articles: articles, level: level).value
    }
  }

  @Test("Intervals cover planted shares as often as they say")
  func coverage() throws {
    // Shares .5, .2 and .3.
    var covered = [0, 0, 0]
    let trials = 80
    for seed in 0..<trials {
      let planted = Planted(
        persons: 30, articles: 20, rows: 120,
        deviations: (5.0.squareRoot(), 2.0.squareRoot(), 3.0.squareRoot()),
        seed: UInt64(seed))
      let found = try #require(planted.fit(level: 0.8))
      let article = try #require(found.article)
      for (place, (share, truth)) in [(found.person, 0.5), (article, 0.2), (found.rest, 0.3)]
        .enumerated() where share.low <= truth && truth <= share.high
      { covered[place] += 1 }
      #expect(abs(found.person.value + article.value + found.rest.value - 1) < 1e-12)
    }
    // At .8 the error of 80 trials is .045; three of them either way.
    for count in covered { #expect((0.66...0.94).contains(Double(count) / Double(trials))) }
  }

  @Test("A share that may be nothing has an interval from 0")
  func nothing() throws {
    let planted = Planted(
      persons: 30, articles: 20, rows: 150, deviations: (1, 0, 1), seed: 2)
    let article = try #require(planted.fit()?.article)
    #expect(article.low == 0)
    #expect(article.value < 0.1 && article.high > article.value && article.high < 0.3)
  }

  @Test("Order of rows, names, units and which factor is larger are of no consequence")
  func invariance() throws {
    let planted = Planted(
      persons: 12, articles: 25, rows: 90, deviations: (1, 0.8, 1), seed: 4)
    let found = try #require(planted.fit())
    let order = planted.values.indices.reversed()
    let swapped = try #require(
      CrossedComponents.fit(
        order.map { 100 * planted.values[$0] - 300 },
        persons: order.map { 7 - 3 * planted.articles[$0] },
        articles: order.map { planted.persons[$0] }
      ).value)
    let article = try #require(swapped.article)
    for (a, b) in [
      (found.person.value, article.value), (found.person.low, article.low),
      (found.person.high, article.high), (found.rest.high, swapped.rest.high),
    ] { #expect(agree(a, b, relative: 1e-3, floor: 1e-4)) }
    #expect(agree(1e4 * found.variance, swapped.variance, relative: 1e-4))
  }

  @Test("Data that identify no components say why")
  func obstacles() {
    func reason(_ y: [Double], _ persons: [Int], _ articles: [Int]?) -> UndefinedReason? {
      CrossedComponents.fit(y, persons: persons, articles: articles).reason
    }
    let y = [1.0, 2, 4, 3, 5, 1]
    #expect(reason([], [], []) == .noRows)
    #expect(reason(y, [0, 0, 0, 1, 1, 1], nil) == .tooFewClusters)
    #expect(reason(y, [0, 1, 2, 3, 4, 4], nil) == .tooFewRepeats)
    #expect(reason(y, [0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 4]) == .tooFewRepeats)
    #expect(reason(y, [0, 0, 1, 1, 2, 2], [5, 5, 4, 4, 3, 3]) == .methodDoesNotApply)
    #expect(reason([2, 2, 2, 2, 2, 2], [0, 0, 1, 1, 2, 2], nil) == .spreadTooSmall)
    #expect(reason([2, 2, .nan, 2, 2, 2], [0, 0, 1, 1, 2, 2], nil) == .notFinite)
  }
}
