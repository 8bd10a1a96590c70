import Basics
import Metrics
import Testing

@Suite("Rows and figures over persons")
struct PersonSummaryTests {
  @Test("Shares and Gini's coefficient by hand")
  func byHand() throws {
    let counts = [0, 3, 1, 0, 7, 2, 2]
    let found = try #require(Concentration(counts))
    var differences = 0
    for a in counts { for b in counts { differences += abs(a - b) } }
    #expect(found.rows == 15 && found.holders == 5)
    #expect(found.topShare == 1)
    #expect(agree(found.gini, Double(differences) / (2 * 7 * 15)))
    let even = try #require(Concentration([Int](repeating: 4, count: 50)))
    #expect(abs(even.gini) < 1e-12 && agree(even.topShare, 0.1))
    let one = try #require(Concentration([0, 0, 0, 9]))
    #expect(agree(one.gini, 0.75) && one.topShare == 1)
    #expect(Concentration([0, 0]) == nil && Concentration([]) == nil)
  }

  @Test("Random rows have the share that combinatorics gives")
  func random() throws {
    // Ten persons with one row each: any three rows belong to three persons.
    let flat = try #require(Concentration([1, 1, 1, 0, 0, 0, 0, 0, 0, 0]))
    let none = flat.reference(drawnFrom: Array(0..<10), persons: 10, replicates: 50, seed: 1)
    #expect(none.topShare.low == 1 && none.topShare.high == 1 && none.topShare.p == 1)
    #expect(agree(none.gini.mean, flat.gini))
    // Two rows of 12 in six persons with two each: both of one person with probability 1/11. The
    // Gini coefficient is then 5/6, else 4/6.
    let owners = (0..<12).map { $0 / 2 }
    let pair = try #require(Concentration([2, 0, 0, 0, 0, 0]))
    let drawn = pair.reference(drawnFrom: owners, persons: 6, replicates: 4_000, seed: 3)
    let chance = 1.0 / 11
    let error = (chance * (1 - chance) / 4_000).squareRoot()
    #expect(abs(drawn.gini.p - chance) < 5 * error)
    #expect(abs(drawn.gini.mean - (4 + chance) / 6) < 5 * error / 6)
    #expect(drawn == pair.reference(drawnFrom: owners, persons: 6, replicates: 4_000, seed: 3))
  }

  @Test("A quantile is the mean of five persons")
  func quantiles() throws {
    let figures = (0..<101).map { Double($0 * $0) }
    let found = try #require(PersonQuantiles.of(figures.reversed()).value)
    #expect(found.persons == 101)
    // The mean of (m - 2)² … (m + 2)² is m² + 2.
    #expect(found.values == [10, 25, 50, 75, 90].map { Double($0 * $0) + 2 })
    #expect(PersonQuantiles.of(Array(figures.prefix(39))) == .undefined(.tooFewClusters))
    #expect(PersonQuantiles.of([]) == .undefined(.noRows))
  }

  @Test("The windows of two quantiles share no person", arguments: 40..<90)
  func windows(_ persons: Int) throws {
    let ranks = (0..<persons).map { Double($0) }
    let values = try #require(PersonQuantiles.of(ranks).value).values
    for (a, b) in zip(values, values.dropFirst()) { #expect(b - a >= 5) }
    #expect(try #require(values.first) >= 2 && (values.last ?? 0) <= Double(persons - 3))
  }

  @Test("Marks hold enough rows and persons, and each item once")
  func marks() throws {
    var generator = SplitMix64(seed: 7, stream: .simulation)
    let items = (0..<200).map { row in
      let x = generator.normal()
      return GroupedMean.Item(order: x, x: x, y: 2 * x + 1, person: row / 8)
    }
    let threshold = PublishingThreshold(minRows: 10, minClusters: 5)
    let found = GroupedMean.groups(items, count: 12, threshold: threshold)
    #expect((10...12).contains(found.count))
    #expect(found.map(\.rows).reduce(0, +) == 200)
    #expect(found.allSatisfy { $0.rows >= 10 && $0.persons >= 5 && $0.low < $0.high })
    #expect(found.allSatisfy { agree($0.y, 2 * $0.x + 1, relative: 1e-9, floor: 1e-9) })
    #expect(zip(found, found.dropFirst()).allSatisfy { $0.x < $1.x })
    // Four persons make no mark, whatever their rows; what is left over joins the last.
    #expect(GroupedMean.groups(Array(items.prefix(32)), count: 2, threshold: threshold).isEmpty)
    let few = GroupedMean.groups(Array(items.prefix(48)), count: 12, threshold: threshold)
    #expect(few.map(\.rows).reduce(0, +) == 48 && few.allSatisfy { $0.persons >= 5 })
  }

  @Test("A mark's interval is that of a mean with clustered errors")
  func interval() throws {
    // Five persons with two rows each: y of a person is one number, so there are five of them.
    let y = [1.0, 4, 2, 8, 5]
    let items = (0..<10).map {
      GroupedMean.Item(order: 0, x: 3, y: y[$0 / 2], person: $0 / 2)
    }
    let found = GroupedMean.groups(
      items, count: 1, threshold: PublishingThreshold(minRows: 10, minClusters: 5))
    let mark = try #require(found.first)
    // s² = 30/4, error √(7.5/5), t(.975, 4) = 2.7764451052.
    #expect(agree(mark.high - mark.y, 2.7764451052 * 1.5.squareRoot(), relative: 1e-9))
    #expect(agree(mark.y, 4) && mark.x == 3 && mark.persons == 5 && mark.rows == 10)
  }
}
