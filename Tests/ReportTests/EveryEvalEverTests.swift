import Basics
import Foundation
import Harness
import Metrics
import Report
import TestSupport
import Testing

@Suite("Records for Every Eval Ever")
struct EveryEvalEverTests {
  private let source = EvaluationSource(
    organisation: "A group", url: URL(string: "https://board.example"))

  private func board(_ entries: [Board.Entry], isGuarded: Bool = false) throws -> Board {
    Board(
      definition: try SampleInput.benchmark(), split: "test", level: 0.95, isGuarded: isGuarded,
      entries: entries)
  }

  private func entry(
    _ slug: String, team: String, system: String, signature: String = "ci:none"
  ) -> Board.Entry {
    let entry = SampleInput.entry(slug, pcc: 0.5, signature: signature)
    var metadata = entry.metadata
    (metadata.team, metadata.system) = (team, system)
    metadata.contact = "contact-7f3a@example.org"
    return Board.Entry(slug: slug, metadata: metadata, report: entry.report)
  }

  private func object(_ data: Data) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test("a record holds the released figures with their intervals, and where they come from")
  func content() throws {
    let signature = "ccc:lin-n|ci:percentile|level:0.95|cluster:person|B:2000|seed:1"
    let entries = [
      entry("a", team: "Team É", system: "System 1.0", signature: signature),
      SampleInput.published("p", pcc: 0.6),
    ]
    let files = try EveryEvalEver(board(entries), source: source).files()
    #expect(files.count == 1)
    let file = try #require(files.first)
    let path =
      #/
      data/toy/team-e/system-1-0/
      [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.json
      /#
    #expect(file.path.wholeMatch(of: path) != nil, "\(file.path)")
    let record = try object(file.data)
    // 2025-03-04 in UTC.
    #expect(record["retrieved_timestamp"] as? String == "1741046400")
    #expect(record["evaluation_id"] as? String == "toy-test/team-e/system-1-0/1741046400")
    let model = try #require(record["model_info"] as? [String: Any])
    #expect(model["id"] as? String == "team-e/system-1-0")
    #expect(model["developer"] as? String == "Team É")
    let origin = try #require(record["source_metadata"] as? [String: Any])
    #expect(origin["evaluator_relationship"] as? String == "third_party")
    #expect(origin["source_organization_url"] as? String == "https://board.example")

    let results = try #require(record["evaluation_results"] as? [[String: Any]])
    #expect(
      results.map { $0["evaluation_result_id"] as? String } == ["empathy.pcc", "empathy.rmse"])
    let configurations = results.compactMap { $0["metric_config"] as? [String: Any] }
    #expect(configurations.map { $0["lower_is_better"] as? Bool } == [false, true])
    #expect(configurations.map { $0["min_score"] as? Double } == [-1, 0])
    #expect(configurations[0]["max_score"] as? Double == 1)
    #expect(configurations[1]["max_score"] as? String == "Infinity")
    let score = try #require(results[0]["score_details"] as? [String: Any])
    #expect(score["score"] as? Double == 0.5)
    let uncertainty = try #require(score["uncertainty"] as? [String: Any])
    #expect(uncertainty["num_samples"] as? Int == 20)
    #expect(uncertainty["num_bootstrap_samples"] as? Int == 2000)
    let interval = try #require(uncertainty["confidence_interval"] as? [String: Any])
    #expect(interval["lower"] as? Double == 0.4 && interval["upper"] as? Double == 0.6)
    #expect(interval["confidence_level"] as? Double == 0.95)
    #expect(interval["method"] as? String == "percentile, clustered by person")
    #expect(file.data.range(of: Data("contact-7f3a".utf8)) == nil)
  }

  @Test("the same board gives the same bytes, and names that collide stay apart")
  func paths() throws {
    let entries = [
      entry("a", team: "Data", system: "One"), entry("b", team: "data", system: "one!"),
      entry("c", team: "Con", system: "研究"), entry("d", team: "A group", system: "Unknown"),
    ]
    let one = try EveryEvalEver(board(entries), source: source).files()
    let other = try EveryEvalEver(board(entries.reversed()), source: source).files()
    #expect(one.map(\.path) == other.map(\.path) && one.map(\.data) == other.map(\.data))
    let folders = one.map { $0.path.split(separator: "/").dropLast().joined(separator: "/") }
    #expect(
      Set(folders) == [
        "data/toy/_data/a", "data/toy/_data/b", "data/toy/_con/c", "data/toy/a-group/_unknown",
      ])
    let own = try #require(one.first { $0.path.hasPrefix("data/toy/a-group/") })
    let origin = try #require(try object(own.data)["source_metadata"] as? [String: Any])
    #expect(origin["evaluator_relationship"] as? String == "first_party")
  }

  @Test("a day of one's own dates every record; without any day there is none")
  func days() throws {
    var metadata = SampleInput.entry("a", pcc: 0.5).metadata
    metadata.submitted = nil
    let board = try board([
      Board.Entry(slug: "a", metadata: metadata, report: SampleInput.entry("a", pcc: 0.5).report)
    ])
    #expect(throws: HarnessError.self) { try EveryEvalEver(board, source: source).files() }
    var dated = source
    dated.day = "2026-01-31"
    let files = try EveryEvalEver(board, source: dated).files()
    let record = try object(try #require(files.first).data)
    #expect(record["retrieved_timestamp"] as? String == "1769817600")
  }

  @Test(
    "of a board with hidden labels a record has the released figure, and what follows from it alone"
  )
  func hidden() throws {
    let primary = try SampleInput.benchmark().primary
    var scores = TargetScores()
    scores[.pcc] = ScoredFigure(value: 0.5312, low: 0.4321, high: 0.6123)
    scores[.rmse] = ScoredFigure(value: 1.2345, low: 1.1, high: 1.3)
    let report = PrivateReport(
      benchmark: "toy", split: "test", n: 20, clusters: 12, level: 0.95,
      targets: ["empathy": scores, "distress": scores],
      wassa: WASSAScores(averaged: nil, targets: ["empathy"], figures: [:]),
      digests: Digests(gold: "aabbccddeeff00", order: "bb", predictions: "cc"),
      signature: "ci:jackknife-z|gold:aabbccddeeff")
    let rule = ReleaseRule.hidden(
      ReleaseGrid(primary, step: 0.05, floor: 0.3), key: Data("key".utf8))
    let entry = Board.Entry(
      slug: "a", metadata: SampleInput.entry("a", pcc: 0).metadata, report: rule.release(report))
    let file = try #require(
      try EveryEvalEver(board([entry], isGuarded: true), source: source).files().first)
    let results = try #require(try object(file.data)["evaluation_results"] as? [[String: Any]])
    #expect(results.map { $0["evaluation_result_id"] as? String } == ["empathy.pcc"])
    let details = try #require(results[0]["score_details"] as? [String: Any])
    let uncertainty = try #require(details["uncertainty"] as? [String: Any])
    let interval = try #require(uncertainty["confidence_interval"] as? [String: Any])
    let released = try #require(entry.report?.targets["empathy"]?[.pcc])
    #expect(details["score"] as? Double == 0.5 && interval["lower"] as? Double == released.low)
    #expect((interval["method"] as? String)?.hasPrefix("Fisher's z of the released") == true)
    let text = String(decoding: file.data, as: UTF8.self)
    for secret in ["5312", "4321", "6123", "2345", "aabbccddeeff"] {
      #expect(!text.contains(secret), "\(secret)")
    }
    #expect(text.contains(#""labels" : "hidden""#))
  }
}
