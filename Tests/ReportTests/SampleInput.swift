import Foundation
import Harness
import Ledger
import Metrics
import Report
import Study
import TestSupport

/// Small inputs for the tests of the site.
enum SampleInput {
  static let source = Shared.checkout.appending(path: "site")

  static func benchmark(metric: String = "pcc", id: String = "toy") throws -> BenchmarkDefinition {
    let text = """
      {"schema": 1, "id": "\(id)", "title": "Toy", "description": "A toy.", "licence": "none",
       "source": "https://example.org/toy", "open": true, "rowNoun": "essay", "clusters": ["person", "article"], "track": "Toy track",
       "targets": [{"name": "empathy", "low": 1, "high": 7}, {"name": "distress", "low": 1, "high": 7}],
       "primary": {"target": "empathy", "metric": "\(metric)"}, "defaultSplit": "test",
       "splits": [{"name": "test", "rows": 20, "file": "test.csv", "format": "csv"}],
       "columns": {}, "groups": [], "missing": [], "quirks": []}
      """
    return try JSONDecoder().decode(BenchmarkDefinition.self, from: Data(text.utf8))
  }

  static func entry(
    _ slug: String, pcc: Double?, kind: SubmissionMetadata.Kind = .fineTuned,
    groups: [GroupScores] = [], disparities: [Disparity]? = nil,
    sensitivity: [Sensitivity]? = nil, signature: String = "ci:none", notes: [String] = [],
    level: Double = 0.95, rows: Int = 20, rowwise: ScoredFigure? = nil,
    calibration: TargetTable<BinnedCalibration>? = nil
  ) -> Board.Entry {
    var metadata = SubmissionMetadata(
      benchmark: "toy", split: "test", team: "Team of \(slug)", system: "System \(slug)",
      kind: kind)
    metadata.submitted = "2025-03-04"
    var empathy = TargetScores()
    empathy[.pcc] =
      pcc.map { ScoredFigure(value: $0, low: $0 - 0.1, high: $0 + 0.1) }
      ?? ScoredFigure(undefined: "the predictions are constant")
    empathy.rowwise = rowwise
    empathy[.rmse] = ScoredFigure(value: 2 - (pcc ?? 0), low: 1, high: 2)
    let report = PrivateReport(
      benchmark: "toy", split: "test", n: rows, clusters: 12, level: level,
      targets: ["empathy": empathy], groups: groups, disparities: disparities,
      sensitivity: sensitivity, calibration: calibration,
      wassa: WASSAScores(
        averaged: nil, targets: ["empathy", "distress"], figures: ["empathy": pcc ?? 0],
        official: OfficialScores(
          rows: 10, averaged: nil, targets: ["empathy", "distress"], figures: ["empathy": pcc ?? 0])
      ),
      digests: Digests(gold: "aa", order: "bb", predictions: "digest-\(slug)"),
      signature: signature, version: "1", notes: notes)
    return Board.Entry(
      slug: slug, metadata: metadata, report: ReleaseRule.open.release(report))
  }

  /// Two bins.
  static func calibration() throws -> TargetTable<BinnedCalibration> {
    try JSONDecoder().decode(
      TargetTable<BinnedCalibration>.self,
      from: Data(
        #"""
        {"empathy": {"bins": [
          {"rows": 10, "clusters": 7, "prediction": 2.5, "label": 3.25, "low": 2.5, "high": 3.75},
          {"rows": 11, "clusters": 5, "prediction": 4.5, "label": 4.25, "low": 3.5, "high": 5}]}}
        """#.utf8))
  }

  static func published(_ slug: String, pcc: Double) -> Board.Entry {
    var metadata = SubmissionMetadata(
      benchmark: "toy", split: "test", team: "A paper", system: "Paper \(slug)", kind: .published)
    metadata.claimed = ["empathy": ["pcc": pcc]]
    return Board.Entry(slug: slug, metadata: metadata, report: nil)
  }

  static func input(
    _ entries: [Board.Entry], metric: String = "pcc", comparison: BoardComparison? = nil,
    split: String = "test", level: Double = 0.95, isGuarded: Bool = false,
    labels: DatasetStatistics.SplitStatistics? = nil, ceiling: Target.Ceiling? = nil
  ) throws -> SiteInput {
    var definition = try benchmark(metric: metric)
    definition.targets[0].ceiling = ceiling
    return SiteInput(
      benchmarks: [definition],
      boards: [
        Board(
          definition: definition, split: split, level: level, isGuarded: isGuarded,
          entries: entries, comparison: comparison, labels: labels)
      ])
  }

  static let replication = Replication(
    paper: "A paper", paperURL: "https://example.org/paper", setting: "here",
    claims: [
      .init(
        id: "1/a", table: "Table 1", what: "peak", metric: "PCC", published: 0.648,
        printed: 0.6, expectation: .within(0.02), ours: 0.611,
        seeds: .init(count: 5, mean: 0.58, sd: 0.021), low: 0.52, high: 0.72,
        verdict: .notReplicated, note: "A note."),
      .init(
        id: "2/a", table: "Table 2", what: "peak", metric: "RMSE", published: 1.2,
        expectation: .within(0.05), note: "needs another machine"),
    ],
    errata: ["An erratum."],
    sweeps: [
      .init(
        title: "Over alpha", variable: "alpha", metric: "PCC",
        series: [.init(name: "ours", points: [.init(x: 3, y: 0.512), .init(x: 4, y: 0.6)])])
    ],
    experiments: [experiment].compactMap(\.self))

  private static let experiment = try? JSONDecoder().decode(
    ExperimentSummary.self,
    from: Data(
      #"""
      {"schema": 1, "name": "x", "title": "An experiment", "seeds": [1], "notes": ["A note."],
       "version": "0",
       "splits": [{"benchmark": "toy", "split": "test", "n": 20, "clusters": 12, "sweeps": [],
                   "signature": "ci:none",
                   "rows": [{"name": "crowd", "trainingRows": 100, "replaced": 0, "seeds": [1],
                             "metrics": {"pcc": {"values": [0.3]}}}]}]}
      """#.utf8))

  /// A log without entries, which says otherwise.
  static func ledger(leaves: [String: [String: Int]]) throws -> SiteLedger {
    let key = try SigningKey(name: "a-log")
    return try SiteLedger(
      checkpoint: Checkpoint(origin: "a-log", head: .empty).signed(by: key).bytes,
      keys: [key.verifier], leaves: leaves)
  }

  static func comparison(_ first: String, _ second: String) -> BoardComparison {
    BoardComparison(
      metric: .pcc, target: "empathy", test: "swap, B 999, seed 1", interval: "jackknife",
      adjustment: "Holm", family: "1 pair", level: 0.05,
      pairs: [
        .init(
          first: first, second: second, difference: 0.2, low: 0.1, high: 0.3, p: 0.01,
          adjusted: 0.01)
      ],
      standings: [
        .init(slug: first, lowRank: 1, highRank: 1, tieGroups: ["A"]),
        .init(slug: second, lowRank: 2, highRank: 3, tieGroups: ["B"]),
      ],
      detectable: DetectableDifference(
        metric: .pcc, target: "empathy", difference: 0.19, power: 0.8, level: 0.05,
        correlation: 0.6, simulations: 1000, seed: 1))
  }
}

/// A site built into a temporary folder.
struct BuiltSite {
  let folder: TemporaryFolder
  var url: URL { folder.file("public") }
  let summary: SiteSummary

  init(_ input: SiteInput) throws {
    folder = try TemporaryFolder()
    summary = try SiteBuilder(source: SiteSource()).build(
      input: input, to: folder.file("public"))
  }

  func text(_ path: String) throws -> String {
    try String(contentsOf: url.appending(path: path), encoding: .utf8)
  }

  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: url.appending(path: path).path)
  }

  /// Every file's bytes by path.
  static func contents(of url: URL) throws -> [String: Data] {
    var out: [String: Data] = [:]
    guard let walk = FileManager.default.enumerator(atPath: url.path) else { return [:] }
    for case let path as String in walk {
      var isFolder: ObjCBool = false
      let file = url.appending(path: path)
      _ = FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder)
      if !isFolder.boolValue { out[path] = try Data(contentsOf: file) }
    }
    return out
  }
}
