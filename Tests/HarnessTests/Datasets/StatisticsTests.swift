import Basics
import Harness
import Testing

@Suite("Statistics and repair of datasets")
struct StatisticsTests {
  private func row(
    _ id: Int, _ essay: String, _ empathy: Double?, _ distress: Double?
  ) -> DatasetRow {
    DatasetRow(
      id: "\(id)", person: "p\(id)", article: "a", essay: essay, empathy: empathy,
      distress: distress)
  }

  private func dataset(_ split: String, _ rows: [DatasetRow]) -> Dataset {
    Dataset(Synthetic.definition, split: split, rows: rows, hasGold: true)
  }

  @Test("essays are compared in lower case, letters and digits alone")
  func normalised() {
    #expect(MatchingText("It's  2 o'clock,\n\"Ünal\"!").text == "its2oclockünal")
    #expect(MatchingText("\u{200B}— …").text == "")
  }

  @Test("overlaps count the rows of a split whose essay stands in another")
  func overlaps() throws {
    let train = dataset("train", [row(1, "One.", 1, 1), row(2, "Two!", 2, 2), row(3, "two", 3, 3)])
    let test = dataset("test", [row(1, "TWO", 1, 1), row(2, "Three", 2, 2)])
    let statistics = DatasetStatistics([train, test], definition: try Workbench().definition)
    #expect(statistics.overlaps.map(\.split) == ["train", "test"])
    #expect(statistics.overlaps.map(\.other) == ["tiny/test", "tiny/train"])
    #expect(statistics.overlaps.map(\.rows) == [2, 1])
  }

  @Test("mean, SD with n-1 and a histogram whose last bin is closed")
  func labels() throws {
    let split = dataset(
      "train", [row(1, "a", 1, nil), row(2, "b", 7, nil), row(3, "c", 4, nil), row(4, "d", nil, 2)])
    let statistics = DatasetStatistics([split], definition: try Workbench().definition)
    let empathy = try #require(statistics.splits[0].labels["empathy"])
    #expect(empathy.n == 3 && empathy.mean == 4 && empathy.sd == 3)
    #expect(empathy.histogram == [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])
    #expect(statistics.splits[0].labels["distress"]?.sd == nil)
  }

  @Test("withheld groups are named without numbers, and why is said")
  func groups() throws {
    let split = Synthetic.dataset(rows: 90, persons: 30) {
      $0 < 4 ? ["gender": "5"] : $0 < 10 ? ["gender": "2"] : ["gender": "1"]
    }
    let statistics = DatasetStatistics([split], definition: try Workbench().definition)
    let groups = statistics.splits[0].groups
    #expect(groups.map(\.group) == ["Male", "Female", "Other"])
    #expect(groups.map(\.n) == [60, nil, nil])
    #expect(groups.map(\.clusters) == [20, nil, nil])
    let reasons = [nil, "withheld to protect a small group", "too small to publish"]
    #expect(groups.map(\.suppressed) == reasons)
  }

  // 42 + 56·: six empathy items that sum to e, eight distress items that sum to d.
  private func seven(_ e: Double, _ d: Double, moved: Double) -> (Double, Double) {
    ((e + moved) / 7, (d - moved) / 7)
  }

  private func repair(
    _ train: Dataset, from earlier: [Dataset]
  ) throws -> (dataset: Dataset, report: LabelRepair.Report) {
    try LabelRepair.repair(
      train, of: BenchmarkRegistry(folder: nil).find("newsemp24"), from: earlier)
  }

  @Test("labels of 7 items become those of 6 and 8 where essay and identity agree")
  func repaired() throws {
    let (e, d) = seven(24, 20, moved: 5)
    let train = dataset("train", [row(1, "One.", e, d), row(2, "Elsewhere", 3, 3)])
    let earlier = dataset("train", [row(9, "ONE", 4, 2.5)])
    let (repaired, report) = try repair(train, from: [earlier])
    #expect(repaired.rows[0].empathy == 4 && repaired.rows[0].distress == 2.5)
    #expect(repaired.rows[1] == train.rows[1])
    #expect(report.rows == 2 && report.matched == 1 && report.changed == 1)
    #expect(((report.changes["empathy"]?.largest ?? 0) - (4 - e).magnitude).magnitude < 1e-12)
    #expect(((report.changes["distress"]?.mean ?? 0) - (2.5 - d).magnitude).magnitude < 1e-12)
  }

  @Test("a row whose labels break the identity is left alone and counted")
  func inconsistent() throws {
    let train = dataset("train", [row(1, "One.", 5, 5)])
    let (repaired, report) = try repair(
      train, from: [dataset("train", [row(9, "one", 4, 2.5)])])
    #expect(repaired == train)
    #expect(report.inconsistent == 1 && report.changed == 0)
    #expect(report.changes["empathy"]?.mean == 0)
  }

  @Test("an essay with several earlier labels that all fit is left alone and counted")
  func ambiguous() throws {
    let (e, d) = seven(24, 20, moved: 5)
    let earlier = dataset("train", [row(8, "one", 4, 2.5), row(9, "one", 2, 4)])
    let (repaired, report) = try repair(
      dataset("train", [row(1, "One.", e, d)]), from: [earlier])
    #expect(repaired.rows[0].empathy == e)
    #expect(report.ambiguous == 1 && report.changed == 0)
  }

  @Test("repairing twice changes nothing the second time")
  func idempotent() throws {
    let (e, d) = seven(24, 20, moved: 5)
    let earlier = dataset("train", [row(9, "one", 4, 2.5)])
    let once = try repair(dataset("train", [row(1, "One.", e, d)]), from: [earlier])
    let twice = try repair(once.dataset, from: [earlier])
    #expect(twice.dataset == once.dataset)
    #expect(twice.report.changed == 0)
  }
}
