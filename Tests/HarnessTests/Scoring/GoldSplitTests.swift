import Basics
import Foundation
import Harness
import Metrics
import TestSupport
import Testing

@Suite("Labels without a benchmark")
struct GoldSplitTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func split(
    _ predictions: String, _ gold: String, columns: [String] = [],
    _ change: (inout DraftRequest) -> Void = { _ in }
  ) throws -> (GoldSplit, PredictionFile) {
    var request = DraftRequest(name: "files", file: try folder.write(gold, to: "gold"))
    change(&request)
    let file = try PredictionFile(folder.write(predictions, to: "predictions"))
    return (try GoldSplit(request, beside: [file], columns: columns), file)
  }

  private func score(
    _ predictions: String, _ gold: String, dropMissing: Bool = false, columns: [String] = [],
    _ change: (inout DraftRequest) -> Void = { _ in }
  ) throws -> ScoreReport {
    let (split, file) = try split(predictions, gold, columns: columns, change)
    return try ReleaseRule.open.release(
      split.score(file, dropMissing: dropMissing, options: Synthetic.quick).report)
  }

  // MARK: - Files without a header

  @Test("files without header are joined by row order, each row its own cluster")
  func ordered() throws {
    let report = try score("1\n2\n3\n5\n", "2\n4\n6\n10\n")
    #expect(report.benchmark == "files" && report.n == 4 && report.clusters == 4)
    #expect(report.targets["empathy"]?[.pcc]?.value == 1)
    #expect(report.signature.contains("cluster:row"))
    #expect(report.notes?.filter { $0.contains("no clusters") }.count == 1)
  }

  @Test("options name the columns of files without a header in their order")
  func namedColumns() throws {
    let report = try score("1\t9\t3\n2\t8\t1\n3\t6\t4\n", "1\t9\t5\n2\t8\t3\n3\t6\t6\n") {
      $0.targets = ["joy:0:10", "fear", "anger"]
      $0.primary = "average:rmse"
    }
    #expect(Set(report.targets.keys) == ["joy", "fear", "anger", "average"])
    #expect(report.targets["anger"]?[.rmse]?.value == 2)
  }

  @Test("another number of rows is refused")
  func rowCount() throws {
    let faults = refusal { try score("1\n2\n", "1\n2\n3\n") }
    #expect(faults.map(\.code) == [.rowCount])
    #expect(faults.first?.found == "2 rows")
  }

  @Test("predictions with a header need a gold file with ids")
  func mixed() throws {
    #expect(refusal { try score("id,empathy\na,1\n", "1\n") }.map(\.code) == [.header])
  }

  @Test("options that name columns, a missing column and labels out of range are told at once")
  func unnamedFaults() throws {
    let faults = refusal {
      try score("1\t1\n2x\t2\n", "1\t2\n9\t2\n") {
        $0.targets = ["a:0:5", "b", "c"]
        $0.clusters = ["speaker"]
        $0.attributes = ["gender"]
        $0.primary = "d:ccc"
      }
    }
    #expect(
      faults.map(\.code) == [.header, .fieldCount, .metadata, .range, .number])
    #expect(faults[0].expected.contains("--cluster and --attribute"))
    #expect(faults[3].line == 2 && faults[3].found == "a label outside the range")
  }

  @Test("over 100,000 rows are scored by columns, with the same figures")
  func large() throws {
    let rows = 100_001
    let gold = (0..<rows).map { Double($0 % 7) }
    let predictions = (0..<rows).map { Double($0 % 7 + $0 % 3) }
    func text(_ values: [Double]) -> String { values.map { "\($0)\n" }.joined() }
    let (split, file) = try split(text(predictions), text(gold))
    var options = Synthetic.quick
    options.ranks = false
    let report = try ReleaseRule.open.release(split.score(file, options: options).report)
    let exact = PointMetrics.figure(.ccc, predictions, gold, form: .population).value
    #expect(report.targets["empathy"]?[.ccc]?.value == Rounding.published(exact))
    #expect(report.signature.contains("cluster:row/10000"))
    #expect(report.n == rows)
    let short = try PredictionFile(folder.write("1\n2\n", to: "short"))
    #expect(refusal { try split.score(short, options: options) }.map(\.code) == [.rowCount])
  }

  // MARK: - Files with ids

  @Test("files with ids are joined by id; the gold file's persons are the clusters")
  func keyed() throws {
    let gold = "id,empathy,person\na,1,p\nb,2,p\nc,3,q\nd,5,r\n"
    let report = try score("id,empathy\nd,10\nb,4\na,2\nc,6\n", gold)
    #expect(report.n == 4 && report.clusters == 3)
    #expect(report.targets["empathy"]?[.pcc]?.value == 1)
    #expect(report.signature.contains("cluster:person"))
  }

  @Test("drop-missing leaves rows out and counts them")
  func dropMissing() throws {
    let gold = "id,empathy\na,1\nb,2\nc,3\nd,5\n"
    #expect(refusal { try score("id,empathy\na,1\nb,\nc,3\n", gold) }.count == 2)
    let report = try score("id,empathy\na,1\nb,\nc,3\nd,5\n", gold, dropMissing: true)
    #expect(report.n == 3 && report.dropped == 1)
  }

  @Test("an id that stands twice in the gold file is refused")
  func repeatedGold() throws {
    let faults = refusal { try score("id,empathy\na,1\nb,2\n", "id,empathy\na,1\nb,2\na,3\n") }
    #expect(faults.map(\.code) == [.repeatedID])
    #expect(faults.first?.line == 4)
  }

  @Test("a fault of the gold file never shows a label")
  func goldFault() throws {
    for gold in ["3,375\n4.125x\n5\n", "id,empathy\na,3.375\nb,4.125x\nc,2\n"] {
      let faults = refusal { try score("id,empathy\na,1\nb,2\nc,3\n", gold) }
      #expect(!faults.isEmpty)
      #expect(!faults.contains { $0.found?.contains(/375|4\.125/) ?? false })
    }
  }

  @Test("files that share no target are not scored")
  func noTarget() throws {
    #expect(throws: HarnessError.self) { try score("id,distress\na,1\n", "id,empathy\na,1\n") }
  }

  @Test("faults of the labels and of the predictions are told together")
  func bothFaults() throws {
    let faults = refusal {
      try score("id,empathy\na,1\nb,2x\nc,3\n", "id,empathy\na,1\nb,9\nc,8\n") {
        $0.targets = ["empathy:1:7"]
      }
    }
    #expect(faults.map(\.code) == [.range, .range, .number])
    #expect(faults.map(\.line) == [3, 4, 3])
  }

  // MARK: - What columns mean

  @Test("ids of several columns, other names of targets and of prediction columns")
  func names() throws {
    let gold = "talk,turn,mood,joy\nx,1,1,2\nx,2,2,1\ny,1,4,5\n"
    let report = try score(
      "talk,turn,mood,score\ny,1,4,5\nx,2,2,1\nx,1,1,2\n", gold, columns: ["joy=score"]
    ) {
      $0.ids = ["talk", "turn"]
      $0.targets = ["valence=mood:0:5", "joy"]
    }
    #expect(report.targets["valence"]?[.rmse]?.value == 0)
    #expect(report.targets["joy"]?[.rmse]?.value == 0)
  }

  @Test("files without a common id are joined by order where the predictions have no header")
  func orderedWithHeader() throws {
    let (split, _) = try split("1\n2\n4\n", "mood,joy,person\n1,3,p\n2,1,p\n4,2,q\n")
    #expect(split.dataset.rows.map(\.id) == ["1", "2", "3"])
    let choice = try #require(split.choice())
    #expect(choice.contains("no id, rows in the file's order; targets mood, joy; cluster person"))
    // WASSA's order holds where its columns are there.
    let official = try self.split("1\t2\n2\t1\n", "distress,empathy\n1,2\n2,1\n").0
    #expect(official.definition.targetNames == ["empathy", "distress"])
  }

  @Test("what is said is not told as a guess, and rows as clusters are not guessed away")
  func rows() throws {
    let gold = "id,empathy,person\na,1,p\nb,2,p\nc,3,q\nd,5,r\n"
    let (split, _) = try split("id,empathy\na,1\nb,2\nc,3\nd,4\n", gold) {
      ($0.ids, $0.targets, $0.clusters) = (["id"], ["empathy"], ["row"])
    }
    #expect(split.definition.clusters.isEmpty)
    #expect(split.choice([.id, .target, .cluster]) == nil)
  }

  @Test("a target that is said twice, or a metric that is none, is a mistake of usage")
  func usage() throws {
    let gold = "id,empathy\na,1\nb,2\n"
    for change: (inout DraftRequest) -> Void in [
      { $0.targets = ["empathy", "empathy"] }, { $0.targets = ["empathy:7:1"] },
      { $0.primary = "empathy:cc" }, { $0.primary = "f1" },
    ] {
      #expect {
        try score("id,empathy\na,1\nb,2\n", gold, change)
      } throws: { error in
        if case .usage = error as? HarnessError { true } else { false }
      }
    }
  }

  @Test("a primary target that is none is named with the known ones")
  func unknownPrimary() throws {
    let faults = refusal {
      try score("id,empathy\na,1\nb,2\n", "id,empathy\na,1\nb,2\n") { $0.primary = "empaty:ccc" }
    }
    #expect(faults.map(\.field) == ["primary.target"])
    #expect(faults.first?.expected.contains("did you mean 'empathy'?") ?? false)
  }
}

@Suite("Labels without a benchmark: clusters, attributes and several targets")
struct GoldBenchTests {
  private let bench: GoldBench

  init() throws { bench = try GoldBench() }

  private func request(_ gold: URL) -> DraftRequest {
    var request = DraftRequest(name: "files", file: gold)
    (request.ids, request.clusters) = (["id"], ["speaker", "article"])
    (request.targets, request.attributes) = (["empathy:1:7", "distress:1:7"], ["gender", "age"])
    request.primary = "average:ccc"
    return request
  }

  private func score(_ request: DraftRequest, _ predictions: URL) throws -> ScoreReport {
    let file = try PredictionFile(predictions)
    let split = try GoldSplit(request, beside: [file])
    return try ReleaseRule.open.release(split.score(file, options: Synthetic.quick).report)
  }

  private func expectSame(_ report: ScoreReport, _ other: ScoreReport) {
    #expect(report.targets == other.targets)
    #expect(report.groups == other.groups)
    #expect(report.disparities == other.disparities)
    #expect(report.crossed == other.crossed)
    #expect(report.digests == other.digests)
    #expect(report.signature == other.signature)
    #expect((report.n, report.clusters) == (other.n, other.clusters))
  }

  /// The report on the same file, imported as a benchmark.
  private func imported(_ request: DraftRequest, _ predictions: URL) throws -> ScoreReport {
    var request = request
    request.name = "mine"
    let definition = try DefinitionDraft(request).definition
    let home = DataHome(bench.folder.file("home"))
    _ = try DatasetImporter.run(
      definition, from: request.file.deletingLastPathComponent(), into: home)
    let dataset = try home.load(definition, split: "all")
    let scorer = try Scorer(definition, dataset: dataset, options: Synthetic.quick)
    let read = try PredictionReader(definition, dataset: dataset).read(predictions)
    return ReleaseRule.open.release(try scorer.score(read))
  }

  @Test("figures, groups and crossed intervals are those of the file imported as a benchmark")
  func benchmark() throws {
    let (gold, predictions) = (try bench.csv(), try bench.predictions())
    let report = try score(request(gold), predictions)
    expectSame(report, try imported(request(gold), predictions))
    #expect(Set(report.targets.keys) == ["empathy", "distress", "average"])
    #expect(report.crossed?.cluster == "speaker+article")
    #expect(report.clusters == 24)
    #expect(Set(report.groups.map(\.attribute)) == ["gender", "age"])
  }

  @Test("without options the same is guessed as for a benchmark, and said in one line")
  func guesses() throws {
    let (gold, predictions) = (try bench.csv(), try bench.predictions())
    let plain = DraftRequest(name: "files", file: gold)
    expectSame(try score(plain, predictions), try imported(plain, predictions))
    let split = try GoldSplit(plain, beside: [PredictionFile(predictions)])
    let choice = try #require(split.choice())
    #expect(
      choice.hasSuffix(
        "gold.csv: id id; targets empathy, distress; clusters speaker, article; "
          + "attributes gender, age. Override with --id, --target, --cluster, --attribute."))
    #expect(split.definition.primary.metric == .pcc)
  }

  @Test("only targets that the predictions have are guessed")
  func sharedTargets() throws {
    let predictions = try bench.predictions(["id", "predicted_empathy"])
    let plain = DraftRequest(name: "files", file: try bench.csv())
    let split = try GoldSplit(plain, beside: [PredictionFile(predictions)])
    #expect(split.definition.targetNames == ["empathy"])
    #expect(try Set(score(plain, predictions).targets.keys) == ["empathy"])
  }

  @Test("TSV and JSON lines say the same as CSV")
  func forms() throws {
    let predictions = try bench.predictions()
    let report = try score(request(bench.csv()), predictions)
    for other in [try bench.tsv(), try bench.jsonLines()] {
      expectSame(try score(request(other), predictions), report)
    }
  }

  @Test("labels without a header score as those with one in the same order")
  func bare() throws {
    let bare = try score(
      DraftRequest(name: "files", file: bench.bare()), bench.barePredictions())
    var named = DraftRequest(name: "files", file: try bench.csv())
    named.clusters = ["row"]
    let report = try score(named, bench.predictions())
    #expect(bare.targets == report.targets)
    #expect(bare.digests.gold == report.digests.gold)
  }

  @Test("small groups are withheld, and groups from which they could be worked out")
  func suppressed() throws {
    let bench = try GoldBench { $0 == 0 ? "other" : $0 % 3 == 0 ? "male" : "female" }
    let report = try score(request(bench.csv()), bench.predictions())
    let gender = report.groups.filter { $0.attribute == "gender" }
    #expect(gender.count == 3)
    #expect(gender.first { $0.group == "other" }?.suppressed == "too small to publish")
    #expect(gender.contains { $0.group != "other" && $0.suppressed != nil && $0.targets.isEmpty })
  }

  @Test("every column that options name and the file lacks is told, with what may be meant")
  func missingColumns() throws {
    var request = request(try bench.csv())
    (request.ids, request.targets) = (["idd"], ["empaty:1:7", "distress"])
    (request.clusters, request.attributes) = (["speaker", "artcle"], ["gendr"])
    let faults = refusal { try score(request, bench.predictions()) }
    #expect(faults.map(\.code) == [.header, .header, .header, .header])
    for name in ["id", "empathy", "article", "gender"] {
      #expect(faults.contains { $0.expected.contains("did you mean '\(name)'?") })
    }
  }

  @Test("more than two clusters are refused")
  func clusters() throws {
    var request = request(try bench.csv())
    request.clusters = ["speaker", "article", "gender"]
    request.attributes = ["age"]
    let faults = refusal { try score(request, bench.predictions()) }
    #expect(faults.map(\.field) == ["clusters"])
    #expect(faults.first?.file.hasSuffix("gold.csv") ?? false)
  }

  @Test("two systems are compared on both targets and their average")
  func compare() throws {
    let files = [
      try PredictionFile(bench.predictions()),
      try PredictionFile(bench.predictions(["id", "empathy", "distress"], "b.csv", shift: 0.3)),
    ]
    let split = try GoldSplit(request(try bench.csv()), beside: files)
    let scorer = try Scorer(
      split.definition, dataset: split.dataset, options: Synthetic.quick)
    let read = try files.map { try split.reader().read($0) }
    let report = try scorer.compare(read[0], named: "a", read[1], named: "b")
    #expect(Set(report.targets.keys) == ["empathy", "distress", "average"])
    #expect(report.targets["average"]?.metrics[.ccc]?.difference ?? 0 > 0)
    #expect(report.clusters == 24)
  }
}
