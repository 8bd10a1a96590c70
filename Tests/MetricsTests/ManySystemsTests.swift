import Basics
import Metrics
import Testing

@Suite("Many systems, seeds, groups and look-alikes")
struct ManySystemsTests {
  @Test("Clearly ordered systems get single ranks, equal ones the whole range")
  func rankSets() {
    let data = Simulated(rows: 400, persons: 200, systems: 1)
    var generator = SplitMix64(seed: 8, stream: .simulation)
    func system(_ slope: Double) -> [Double] { data.gold.map { slope * $0 + generator.normal() } }
    let apart = SystemsComparison(data.sample, systems: [system(0), system(5), system(0.7)])
    let expected = [3, 1, 2].map { RankSet(best: $0, worst: $0) }
    #expect(apart.rankSets == expected)
    #expect(apart.letters().value == [["c"], ["a"], ["b"]])
    let alike = SystemsComparison(data.sample, systems: [system(0.7), system(0.7), system(0.7)])
    #expect(alike.rankSets.allSatisfy { $0 == RankSet(best: 1, worst: 3) })
    #expect(alike.letters().value == [["a"], ["a"], ["a"]])
  }

  @Test("RMSE ranks the smallest first")
  func lowerIsBetter() {
    let data = Simulated(rows: 400, persons: 200, systems: 1)
    let systems = [3.0, 0, 1].map { shift in data.gold.map { $0 + shift + 0.1 * ($0 - 4) } }
    let comparison = SystemsComparison(data.sample, systems: systems, primary: .rmse)
    #expect(comparison.ranking == [1, 2, 0])
    #expect(comparison.rankSets[1] == RankSet(best: 1, worst: 1))
  }

  @Test("Letters join systems that are not told apart and no others")
  func letters() throws {
    // 0 and 2 differ; 1 differs from neither.
    let data = Simulated(rows: 83, persons: 57, systems: 12, seed: 5)
    let comparison = SystemsComparison(data.sample, systems: data.systems)
    let letters = try #require(comparison.letters().value)
    for i in 0..<12 {
      for j in 0..<i {
        let together = !Set(letters[i]).isDisjoint(with: Set(letters[j]))
        #expect(together == ((comparison.adjusted(i, j) ?? 1) > 0.05))
      }
    }
  }

  @Test("The peak of a lower-is-better metric is its minimum over the seeds")
  func peaks() throws {
    let values = [0.648, 0.60, 0.62, 0.61, 0.63]
    let pcc = try #require(SeedSummary.of(.pcc, values).value)
    let rmse = try #require(SeedSummary.of(.rmse, values).value)
    #expect(pcc.peak == 0.648 && rmse.peak == 0.60)
    #expect(pcc.median == 0.62)
    let deviation = try #require(pcc.deviation.value)
    #expect(agree(pcc.mean, 0.6216))
    // Squares of the deviations add up to .0013712.
    #expect(agree(deviation, (0.0013712 / 4).squareRoot()))
    #expect(SeedSummary.of(.pcc, []).reason == .noRows)
    #expect(SeedSummary.of(.pcc, [1]).value?.deviation == .undefined(.tooFewRows))
  }

  @Test("Stars follow the limits of .05, .01, .001 and .0001")
  func stars() {
    #expect(
      [0.0501, 0.05, 0.01, 0.001, 0.0001].map(SeedComparison.stars) == [
        "ns", "*", "**", "***", "****",
      ])
  }

  private let threshold = PublishingThreshold(minRows: 10, minClusters: 5)

  @Test("A group's figures are those of its rows, and missing rows belong to no group")
  func groups() throws {
    let data = Simulated()
    let groups = data.persons.map { $0 < 4 ? 0 : $0 < 30 ? 1 : $0 < 50 ? 2 : nil }
    let reports = GroupReport.all(
      data.sample, data.systems[2], groups: groups, groupCount: 3)
    #expect(reports.map(\.clusters) == [4, 26, 20])
    let rows = groups.indices.filter { groups[$0] == 2 }
    let expected = PointMetrics.ccc(rows.map { data.systems[2][$0] }, rows.map { data.gold[$0] })
    #expect(reports[2].figures[.ccc] == expected)
    #expect(try #require(reports[2].intervals[.ccc]?.value).clusters == 20)
  }

  @Test("A disparity test finds a group on which a system fails, and none where groups are names")
  func disparity() throws {
    let data = Simulated(rows: 200, persons: 120)
    let groups: [Int?] = data.persons.map { $0 % 2 }
    var failing = data.gold
    for i in failing.indices where groups[i] == 1 { failing[i] = 8 - failing[i] }
    let options = InferenceOptions(replicates: 2000)
    let found = DisparityTest.run(
      data.sample, failing, groups: groups, groupCount: 2, threshold: threshold,
      options: options)
    #expect(try #require(found.value).p < 0.01)
    let names = DisparityTest.run(
      data.sample, data.systems[2], groups: groups, groupCount: 2, threshold: threshold,
      options: options)
    #expect(try #require(names.value).p > 0.05)
    let one = DisparityTest.run(
      data.sample, failing, groups: groups.map { $0 == 0 ? 0 : nil }, groupCount: 2,
      threshold: threshold)
    #expect(one.reason == .oneGroup)
  }

  @Test("The detectable difference shrinks with rows and has the power asked for")
  func detectable() throws {
    let options = InferenceOptions()
    let sizes = [83, 332].map { Simulated(rows: $0, persons: $0 * 57 / 83, systems: 3) }
    let found = try sizes.map {
      try #require(
        PowerAnalysis.find(
          $0.sample, $0.systems[2], simulations: 300, options: options
        ).value)
    }
    #expect(found.allSatisfy { $0.power >= 0.8 && $0.power < 0.9 })
    #expect(found[1].difference < 0.75 * found[0].difference)
    #expect(found[0].difference > 0.02 && found[0].difference < 0.3)
  }

  @Test("Copies, reversals, shifts and gold itself are flagged, independent systems are not")
  func lookAlikes() {
    let data = Simulated(systems: 2)
    let x = data.systems[0]
    let systems = [
      x, x.map { 7 - 2 * $0 }, Array(x.reversed()), Array(x[3...] + x[..<3]), data.systems[1],
      data.gold.map { $0 + 1 },
    ]
    let flags = LookAlike.find(systems, gold: data.gold)
    func has(_ kind: LookAlike.Kind, _ i: Int, _ j: Int?) -> Bool {
      flags.contains { $0.kind == kind && $0.first == i && $0.second == j }
    }
    #expect(has(.affineCopy, 0, 1))
    #expect(has(.reversedRows, 0, 2))
    #expect(has(.shiftedRows, 0, 3) || has(.shiftedRows, 3, 0))
    #expect(has(.nearlyGold, 5, nil))
    #expect(!flags.contains { $0.first == 4 || $0.second == 4 })
  }
}
