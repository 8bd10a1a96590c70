import Basics
import Foundation
import Harness
import Metrics
import Report
import Study

/// A made-up input of any size, for measuring and for tests in a browser. Its figures are drawn
/// from a seeded generator and stand for nothing; its benchmark says so.
enum SiteFixture {
  static func input(systems: Int, pairs: Bool = true) throws -> SiteInput {
    var random = FixtureGenerator(state: 20_240_817)
    let benchmark = try JSONDecoder().decode(
      BenchmarkDefinition.self, from: Data(definition.utf8))
    var entries = (0..<systems).map { entry($0, of: systems, &random) }
    if systems >= 8 {
      entries += [published("harbour-2024", 0.629), published("lantern-2025", 0.634), unscored()]
      entries[3].metadata.history = [
        .init(
          day: "2025-09-20", kind: .reproduced,
          text: "Trained again by another laboratory from the code: PCC 0.55.")
      ]
      entries[5].metadata.history = [
        .init(
          day: "2025-10-02", kind: .withdrawn,
          text: "The team found test essays in its training data.")
      ]
    }
    let ranked = entries.filter { $0.report != nil && $0.metadata.withdrawal == nil }
    let comparison = pairs ? compare(ranked, &random) : nil
    var input = SiteInput(
      benchmarks: [benchmark],
      boards: [
        Board(
          definition: benchmark, split: "test", level: 0.95, entries: entries,
          comparison: comparison, labels: statistics()),
        Board(definition: benchmark, split: "dev", level: 0.95, entries: []),
      ],
      address: URL(string: "https://example.org/invitro/"), replication: replication(),
      version: "fixture")
    input.server = URL(string: "https://example.org/invitro/")
    return input
  }

  /// With the log of its boards, which is made in `place`.
  static func logged(_ input: SiteInput, in place: URL) throws -> SiteInput {
    var input = input
    input.ledger = try FolderLog(submissions: place).update(
      input.boards, keyFile: place.appending(path: "ledger.key"), predictionsKey: Data([1]),
      at: Date()
    ).ledger
    for board in input.boards.indices { input.boards[board].ledger = input.ledger?.state }
    return input
  }

  private static func entry(
    _ index: Int, of count: Int, _ random: inout FixtureGenerator
  ) -> Board.Entry {
    let slug = "system-" + String(repeating: "0", count: max(0, 5 - "\(index)".count)) + "\(index)"
    let kinds: [SubmissionMetadata.Kind] = [.fineTuned, .prompted, .ensemble, .baseline]
    var metadata = SubmissionMetadata(
      benchmark: "fixture24", split: "test", team: teams[index % teams.count],
      system: "\(names[index % names.count]) \(index)", kind: kinds[index % 4])
    metadata.submitted = "2025-0\(1 + index % 9)-1\(index % 9)"
    metadata.description = "A made-up system that shows what a page looks like."
    metadata.baseModels = [.init(name: "encoder-base", revision: "abc123")]
    metadata.trainingData = ["fixture24/train"]
    metadata.usesDevLabels = index % 5 == 0
    metadata.usesEarlierYears = index % 3 == 0
    if index % 2 == 0 { metadata.llmLabels = .init(model: "a-large-model", promptSHA256: "0a1b") }
    // Every seventh system says no cost; sizes come in families, as those of real models do.
    if index % 7 != 6 {
      metadata.parameters = [66e6, 125e6, 125e6, 355e6, 1.3e9, 7e9, 70e9][index % 7]
      metadata.labelCostUSD = index % 2 == 0 ? 1.5 * Double(1 + index % 50) : 0
      metadata.modelURL = index % 3 == 0 ? "https://example.org/model/\(index)" : nil
    }
    metadata.seeds = [0, 42, 100]
    metadata.selection = "median of the seeds on dev"
    metadata.codeURL = "https://example.org/code/\(index)"
    metadata.paperURL = index % 2 == 0 ? "https://example.org/paper/\(index)" : nil
    metadata.bibtex = "@misc{system\(index),\n  title = {System \(index)},\n  year = {2025}\n}"
    metadata.contact = "nobody-\(index)@example.org"
    let quality = 0.15 + 0.5 * Double(count - index) / Double(count) + 0.04 * random.centred()
    metadata.claimed = ["empathy": ["pcc": quality + (index % 4 == 0 ? 0.03 : 0)]]
    return Board.Entry(
      slug: slug, metadata: metadata, report: report(quality, index, &random))
  }

  private static func report(
    _ quality: Double, _ index: Int, _ random: inout FixtureGenerator
  ) -> ScoreReport {
    let half = 0.13 - 0.06 * quality
    let around = { (value: Double) in
      ScoredFigure(
        value: Rounding.published(value), low: Rounding.published(value - half),
        high: Rounding.published(value + 0.9 * half))
    }
    var empathy = TargetScores()
    empathy[.pcc] = around(quality)
    empathy[.ccc] = around(quality - 0.05)
    empathy[.rmse] = around(1.9 - quality)
    empathy[.mae] = around(1.6 - quality)
    empathy[.spearman] = around(quality - 0.02)
    empathy[.kendall] = around(quality * 0.7)
    empathy.rowwise = around(quality)
    empathy.bias = Rounding.published(0.3 * random.centred())
    var targets: TargetTable<TargetScores> = ["empathy": empathy]
    if index % 3 != 2 {
      var distress = TargetScores()
      distress[.pcc] = around(quality - 0.1)
      distress[.ccc] = around(quality - 0.18)
      distress[.rmse] = around(2.1 - quality)
      targets["distress"] = distress
    }
    if index % 11 == 10 {
      targets["empathy"]?[.pcc] = ScoredFigure(undefined: "the predictions are constant")
      targets["empathy"]?[.ccc] = ScoredFigure(value: 0)
    }
    var gender = Disparity(attribute: "gender", target: "empathy")
    gender.gap = 0.0812
    gender.lowest = "Male"
    gender.highest = "Female"
    gender.p = 0.4312
    gender.adjusted = 0.8624
    let report = PrivateReport(
      benchmark: "fixture24", split: "test", n: 83, clusters: 57, level: 0.95, targets: targets,
      groups: groups(quality, &random), disparities: [gender],
      sensitivity: [
        Sensitivity(cluster: "article", clusters: 14, fewClusters: true, targets: targets)
      ],
      wassa: WASSAScores(
        averaged: Rounding.published(quality - 0.05), targets: ["empathy", "distress"],
        figures: targets.mapValues { $0[.pcc]?.value ?? 0 }),
      digests: Digests(
        gold: random.digest(), order: random.digest(), predictions: random.digest()),
      signature: "pcc|ci:jackknife-z|cluster:person|perm:swap|B:10000|seed:1|adj:holm|v:fixture",
      version: "fixture")
    return ReleaseRule.open.release(report)
  }

  private static func groups(_ quality: Double, _ random: inout FixtureGenerator) -> [GroupScores] {
    groupTable.flatMap { attribute, groups in
      groups.map { name, n, persons in
        var group = GroupScores(attribute: attribute, group: name)
        guard n >= 10, persons >= 5 else {
          group.suppressed = "too small to publish"
          return group
        }
        group.n = n
        group.clusters = persons
        let value = quality - 0.05 + 0.15 * random.centred()
        let figure = ScoredFigure(
          value: Rounding.published(value),
          low: Rounding.published(value - 0.9 / Double(n).squareRoot()),
          high: Rounding.published(min(value + 0.8 / Double(n).squareRoot(), 0.98)))
        var scores = TargetScores()
        (scores[.pcc], scores[.ccc]) = (figure, figure)
        scores[.rmse] = ScoredFigure(value: Rounding.published(1.9 - value))
        (scores.goldSD, scores.bias) = (1.8, Rounding.published(0.2 * random.centred()))
        group.targets["empathy"] = scores
        return group
      }
    }
  }

  private static let groupTable: [(String, [(String, Int, Int)])] = [
    ("gender", [("Male", 41, 28), ("Female", 40, 27), ("Other", 2, 2)]),
    (
      "race",
      [
        ("White", 58, 39), ("Hispanic/Latino", 9, 6), ("Black/African American", 12, 8),
        ("Asian/Pacific Islander", 4, 4),
      ]
    ),
    ("age", [("18-24", 10, 7), ("25-30", 24, 16), ("31-40", 33, 21), ("41-50", 16, 13)]),
  ]

  private static func compare(
    _ entries: [Board.Entry], _ random: inout FixtureGenerator
  ) -> BoardComparison {
    let defined = entries.compactMap { entry in
      entry.report?.targets["empathy"]?[.pcc]?.value.map { (entry.slug, $0) }
    }.sorted { $0.1 > $1.1 }
    var pairs: [BoardComparison.Pair] = []
    let all = defined.count <= 120
    for (place, first) in defined.enumerated() {
      for second in defined.dropFirst(place + 1).prefix(all ? defined.count : 5) {
        let difference = first.1 - second.1
        let p = max(0.0001, 1 - difference * 6)
        pairs.append(
          .init(
            first: first.0, second: second.0, difference: Rounding.published(difference),
            low: Rounding.published(difference - 0.11), high: Rounding.published(difference + 0.1),
            p: Rounding.published(p), adjusted: Rounding.published(min(1, p * 2))))
      }
    }
    let standings = defined.enumerated().map { place, system in
      BoardComparison.Standing(
        slug: system.0, lowRank: max(1, place - 1), highRank: min(defined.count, place + 4),
        tieGroups: [String(UnicodeScalar(UInt8(65 + (place / 4) % 26)))])
    }
    return BoardComparison(
      metric: .pcc, target: "empathy", test: "paired permutation of persons, B 10000, seed 1",
      interval: "paired jackknife over persons", adjustment: "Holm",
      family: "\(pairs.count) pairs of \(defined.count) systems", level: 0.05, pairs: pairs,
      standings: standings,
      detectable: DetectableDifference(
        metric: .pcc, target: "empathy", difference: 0.19, power: 0.8, level: 0.05,
        correlation: 0.6, simulations: 1000, seed: 1))
  }

  private static func published(_ slug: String, _ pcc: Double) -> Board.Entry {
    var metadata = SubmissionMetadata(
      benchmark: "fixture24", split: "test", team: "A paper", system: "Published \(slug)",
      kind: .published)
    metadata.claimed = ["empathy": ["pcc": pcc, "ccc": pcc - 0.05]]
    metadata.paperURL = "https://example.org/papers/\(slug)"
    metadata.description = "As its abstract says."
    return Board.Entry(slug: slug, metadata: metadata, report: nil)
  }

  private static func unscored() -> Board.Entry {
    let metadata = SubmissionMetadata(
      benchmark: "fixture24", split: "test", team: "Late", system: "Not yet scored", kind: .prompted
    )
    return Board.Entry(
      slug: "not-yet-scored", metadata: metadata, report: nil,
      unscored: "the gold labels of this split are not on the machine that built the site")
  }

  private static func statistics() -> DatasetStatistics.SplitStatistics {
    DatasetStatistics.SplitStatistics(
      name: "test", rows: 83, clusters: ["person": 57, "article": 14],
      labels: [
        "empathy": .init(n: 83, mean: 4.19, sd: 1.86, histogram: [12, 10, 11, 13, 15, 22]),
        "distress": .init(n: 83, mean: 3.87, sd: 1.94, histogram: nil),
      ],
      groups: groupTable.flatMap { attribute, groups in
        groups.map { name, n, persons in
          let isSmall = n < 10 || persons < 5
          return .init(
            attribute: attribute, group: name, n: isSmall ? nil : n,
            clusters: isSmall ? nil : persons)
        }
      })
  }

  private static func replication() -> Replication {
    let points = stride(from: 3.0, through: 5.0, by: 0.5).map {
      Sweep.Point(x: $0, y: 0.62 - 0.02 * abs($0 - 4.5), low: 0.55, high: 0.66)
    }
    return Replication(
      paper: "A made-up paper", paperURL: "https://example.org/paper",
      setting: "made-up figures that show the page",
      claims: [
        .init(
          id: "1/peak/pcc", table: "Table 1", what: "peak of five seeds", metric: "PCC",
          published: 0.648, expectation: .within(0.02), ours: 0.611,
          seeds: .init(count: 5, mean: 0.58, sd: 0.021), low: 0.52, high: 0.72,
          verdict: .notReplicated),
        .init(
          id: "1/peak/rmse", table: "Table 1", what: "peak of five seeds", metric: "RMSE",
          published: 1.209, printed: 0.092, expectation: .within(0.05), verdict: .notRun,
          note: "needs a machine of another kind"),
      ],
      errata: ["An early table prints the SD over seeds where the smallest RMSE belongs."],
      sweeps: [
        .init(
          title: "Threshold alpha", variable: "alpha", metric: "PCC",
          series: [
            .init(name: "published", points: points.map { .init(x: $0.x, y: $0.y + 0.01) }),
            .init(name: "ours", points: points),
          ])
      ])
  }

  private static let names = [
    "Corrected labels, large encoder", "Zero-shot prompt", "Mean of five", "Length of essay",
    "Deep <ensemble> & \"friends\"", "Nachbar’s Näherung",
  ]
  private static let teams = ["North", "Laboratory of Measured Feelings", "Ω-group", "East"]

  private static let definition = """
    {"schema": 1, "id": "fixture24", "title": "Fixture24 (made up)",
     "description": "Made-up figures in the shape of a real benchmark: 83 essays by 57 persons.",
     "licence": "none needed", "source": "https://example.org/fixture24", "open": true,
     "rowNoun": "essay", "clusters": ["person", "article"],
     "targets": [{"name": "empathy", "low": 1, "high": 7}, {"name": "distress", "low": 1, "high": 7}],
     "primary": {"target": "empathy", "metric": "pcc"}, "defaultSplit": "test",
     "splits": [{"name": "dev", "rows": 63, "file": "dev.csv", "format": "csv"},
                {"name": "test", "rows": 83, "file": "test.csv", "format": "csv"}],
     "columns": {}, "groups": [], "missing": ["unknown"],
     "quirks": ["A quote inside a field is written with a backslash.", "Persons repeat."]}
    """
}

/// FixtureGenerator64: small, seeded, the same everywhere.
struct FixtureGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [-1, 1).
  mutating func centred() -> Double { Double(next() >> 11) / Double(1 << 52) - 1 }

  mutating func digest() -> String {
    (0..<4).map { _ in
      let text = String(next(), radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
  }
}
