import Basics
import Foundation
import Harness
import Metrics
import Testing

@Suite("Score reports")
struct ScoreReportTests {
  private let dataset = Synthetic.dataset(rows: 60, persons: 25)

  private func score(
    _ predictions: Predictions, dataset: Dataset? = nil, options: ScoringOptions = Synthetic.quick
  ) throws -> ScoreReport {
    try ReleaseRule.open.release(
      Scorer(
        Workbench().definition, dataset: dataset ?? self.dataset, options: options
      ).score(predictions))
  }

  private func document(_ report: ScoreReport) throws -> [String: Any] {
    let data = try CanonicalJSON.document(report)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test("the keys of the document are those that programs rely on")
  func keys() throws {
    let document = try document(score(Synthetic.predictions(of: dataset, noise: 2)))
    #expect(
      Set(document.keys).isSuperset(of: [
        "schema", "benchmark", "split", "n", "clusters", "targets", "groups", "wassa", "digests",
        "signature", "version",
      ]))
    #expect(document["schema"] as? Int == 1)
    #expect(document["n"] as? Int == 60)
    #expect(document["clusters"] as? Int == 25)
    let targets = try #require(document["targets"] as? [String: [String: Any]])
    #expect(Set(targets.keys) == ["empathy", "distress"])
    for scores in targets.values {
      for metric in ["pcc", "ccc", "rmse", "mae", "spearman", "kendall"] {
        let figure = try #require(scores[metric] as? [String: Any], "\(metric)")
        #expect(Set(figure.keys) == ["value", "low", "high"], "\(metric)")
      }
    }
    let wassa = try #require(document["wassa"] as? [String: Any])
    #expect(Set(wassa.keys) == ["averaged", "empathy", "distress"])
    let digests = try #require(document["digests"] as? [String: String])
    #expect(Set(digests.keys) == ["gold", "order", "predictions"])
    #expect(digests.values.allSatisfy { $0.count == 64 })
  }

  @Test("bins of labels are released where the benchmark and the rule are open, and nowhere else")
  func calibration() throws {
    let predictions = Synthetic.predictions(of: dataset, noise: 2)
    var definition = try Workbench().definition
    func released(_ isOpen: Bool, _ rule: ReleaseRule) throws -> TargetTable<BinnedCalibration>? {
      definition.open = isOpen
      let scorer = try Scorer(definition, dataset: dataset, options: Synthetic.quick)
      return rule.release(try scorer.score(predictions)).calibration
    }
    let bins = try #require(released(true, .open)?["empathy"]).bins
    #expect(bins.count > 1)
    #expect(bins.allSatisfy { $0.rows >= 10 && $0.clusters >= 5 })
    #expect(bins.reduce(0) { $0 + $1.rows } == dataset.rows.count)
    #expect(try released(false, .open) == nil)
    #expect(try released(true, .rounded(decimals: 2)) == nil)
  }

  @Test("a report survives its document")
  func roundTrip() throws {
    let report = try score(Synthetic.predictions(of: dataset, noise: 2))
    let read = try JSONDecoder().decode(ScoreReport.self, from: CanonicalJSON.document(report))
    #expect(read == report)
  }

  @Test("every number in the document has at most 4 decimals")
  func rounded() throws {
    var options = Synthetic.quick
    options.sensitivity = true
    let report = try score(
      Synthetic.predictions(of: dataset, noise: 2), dataset: grouped(), options: options)
    let numbers = try report.numbers
    #expect(numbers.count > 50)
    #expect(numbers.allSatisfy { Rounding.published($0) == $0 })
  }

  @Test("rounding takes halves to even, has no negative zero and passes nothing infinite")
  func rounding() {
    #expect(Rounding.published(0.00005) == 0)
    #expect(Rounding.published(-0.00001)?.sign == .plus)
    #expect(Rounding.published(0.12345678) == 0.1235)
    #expect(Rounding.published(.nan) == nil)
    #expect(Rounding.published(.infinity) == nil)
    #expect(Rounding.text(-0.00004) == "0.0000")
    #expect(Rounding.text(-1.23456) == "-1.2346")
    #expect(Rounding.text(2.5, decimals: 0) == "2")
  }

  private func grouped() -> Dataset {
    // Persons 0–3 are Other (few persons), 4–8 Female, the rest Male; one person is missing.
    Synthetic.dataset(rows: 60, persons: 25) { person in
      switch person {
      case 0..<4: ["gender": "5"]
      case 4..<9: ["gender": "2"]
      case 9: [:]
      default: ["gender": "1"]
      }
    }
  }

  @Test("a group under 10 rows or 5 persons has a reason and neither n nor figures")
  func suppressed() throws {
    let report = try score(Synthetic.predictions(of: dataset, noise: 2), dataset: grouped())
    let groups = Dictionary(
      uniqueKeysWithValues: report.groups.filter { $0.attribute == "gender" }.map { ($0.group, $0) }
    )
    for name in ["Other", "(missing)"] {
      let group = try #require(groups[name])
      #expect(group.suppressed == "too small to publish")
      #expect(group.n == nil && group.clusters == nil)
      #expect(group.targets.isEmpty)
    }
    let male = try #require(groups["Male"])
    #expect(male.suppressed == nil)
    #expect(male.n == 30 && male.clusters == 15)
    #expect(male.targets["empathy"]?[.ccc]?.value != nil && male.targets["empathy"]?.goldSD != nil)
  }

  @Test("ten rows of five persons are shown, nine rows or four persons are not")
  func threshold() throws {
    for (persons, rows, shown) in [(5, 10, true), (5, 9, false), (4, 12, false)] {
      var dataset = Synthetic.dataset(rows: 60, persons: 30)
      for row in dataset.rows.indices {
        dataset.rows[row].attributes["gender"] = row < rows ? "2" : "1"
        if row < rows { dataset.rows[row].clusters["person"] = "few\(row % persons)" }
      }
      let report = try score(
        Synthetic.predictions(of: dataset, noise: 2), dataset: dataset)
      let group = try #require(report.groups.first { $0.group == "Female" })
      #expect((group.suppressed == nil) == shown, "\(rows) rows of \(persons)")
      #expect((group.n == nil) == !shown)
      // What could be subtracted from the whole is withheld with it.
      let rest = try #require(report.groups.first { $0.group == "Male" })
      #expect(rest.suppressed == (shown ? nil : "withheld to protect a small group"))
      #expect((rest.n == nil) == !shown && rest.targets.isEmpty == !shown)
    }
  }

  @Test("rows that are dropped can push a group under the threshold")
  func droppedBelowThreshold() throws {
    var predictions = Synthetic.predictions(of: dataset, noise: 2)
    // Persons 4–8 write rows 4–8, 29–33 and 54–58: 15 rows, of which 6 are dropped.
    predictions.present.removeAll { [4, 5, 6, 7, 8, 29].contains($0) }
    let report = try score(predictions, dataset: grouped())
    let female = try #require(report.groups.first { $0.group == "Female" })
    #expect(female.suppressed == "too small to publish" && female.n == nil)
  }

  @Test("only the attributes asked for are broken down")
  func attributes() throws {
    var options = Synthetic.quick
    options.attributes = ["age"]
    let report = try score(
      Synthetic.predictions(of: dataset, noise: 2), dataset: grouped(), options: options)
    #expect(report.groups.isEmpty, "nobody has an age here")
    #expect(report.disparities?.map(\.attribute) == ["age", "age"])
  }

  /// 94 rows of one person each. Those without a gender are those without an income; eight are of
  /// the gender Other.
  private static let unanswered = Synthetic.dataset(rows: 94, persons: 94) { person in
    let gender = person < 74 ? "1" : person < 86 ? "2" : "5"
    let income = person < 60 ? "1000" : "90000"
    return person < 24 ? [:] : ["gender": gender, "income": income]
  }

  @Test("rows without a value of two attributes do not give away a small group of one of them")
  func sameRows() throws {
    let predictions = Synthetic.predictions(of: Self.unanswered, noise: 2)
    let report = try score(predictions, dataset: Self.unanswered)
    #expect(report.groups.map(\.group).prefix(4) == ["Male", "Female", "Other", "(missing)"])
    let small = ["withheld to protect a small group", "too small to publish"]
    #expect(report.groups.map(\.suppressed) == [nil, small[0], small[1], nil, nil, nil, nil])
    for attributes in [["gender"], ["income"], ["gender", "income"]] {
      var options = Synthetic.quick
      options.attributes = attributes
      let part = try score(predictions, dataset: Self.unanswered, options: options)
      #expect(part.groups == report.groups.filter { attributes.contains($0.attribute) })
    }
    // Only one gender is left to compare; incomes are two.
    let disparities = try #require(report.disparities).filter { $0.target == "empathy" }
    #expect(disparities.map { $0.undefined == nil } == [false, false, true])
  }

  @Test("all groups are computed for one's own machine, and a release withholds them all the same")
  func allGroups() throws {
    var options = Synthetic.quick
    options.allGroups = true
    let scorer = try Scorer(
      Workbench().definition, dataset: Self.unanswered, options: options)
    let scored = try scorer.score(Synthetic.predictions(of: Self.unanswered, noise: 2))
    for rule in [ReleaseRule.open, .rounded(decimals: 4)] {
      let released = rule.release(scored)
      let withheld = released.groups.filter { $0.suppressed != nil }
      #expect(withheld.count == 2 && withheld.allSatisfy { $0.n == nil && $0.targets.isEmpty })
    }
    let document = try CanonicalJSON.document(scored.local)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(ScoreReport.self, from: document)
    }
    let local = try #require(try JSONSerialization.jsonObject(with: document) as? [String: Any])
    #expect(local["publishable"] as? Bool == false)
    let inner = try #require(local["report"] as? [String: Any])
    let groups = try #require(inner["groups"] as? [[String: Any]])
    #expect(groups.compactMap { $0["n"] as? Int } == [50, 12, 8, 24, 36, 34, 24])
    #expect(groups.allSatisfy { $0["empathy"] != nil })
    #expect(groups.count { $0["suppressed"] != nil } == 2)
  }

  @Test("WASSA's average is made of figures that were rounded before")
  func wassaAverage() throws {
    let report = try score(Synthetic.predictions(of: dataset, noise: 2))
    let empathy = try #require(report.wassa["empathy"])
    let distress = try #require(report.wassa["distress"])
    #expect(empathy == report.targets["empathy"]?[.pcc]?.value)
    #expect(report.wassa.averaged == Rounding.published((empathy + distress) / 2))
  }

  @Test("a constant column is undefined with a reason, and 0 in WASSA's figures")
  func constant() throws {
    var predictions = Synthetic.predictions(of: dataset, noise: 2)
    predictions.columns["empathy"] = PredictionColumn(values: Array(repeating: 4, count: 60))
    let report = try score(predictions)
    let pcc = try #require(report.targets["empathy"]?[.pcc])
    #expect(pcc.value == nil && pcc.low == nil && pcc.high == nil)
    #expect(pcc.undefined == "the predictions are constant")
    #expect(report.targets["empathy"]?[.rmse]?.value != nil)
    #expect(report.wassa["empathy"] == 0)
    let targets = try #require(document(report)["targets"] as? [String: [String: Any]])
    let written = try #require(targets["empathy"]?["pcc"] as? [String: Any])
    #expect(Set(written.keys) == ["undefined"], "neither null nor NaN nor 0")
  }

  @Test("a target that is not attempted is null in WASSA's figures and absent elsewhere")
  func notAttempted() throws {
    let report = try score(Synthetic.predictions(of: dataset, noise: 2, targets: ["empathy"]))
    #expect(report.targets["distress"] == nil)
    let wassa = try #require(document(report)["wassa"] as? [String: Any])
    #expect(wassa["distress"] is NSNull && wassa["averaged"] is NSNull)
    #expect(wassa["empathy"] is NSNumber)
  }

  @Test("rows without a prediction are counted, and a note says so")
  func dropped() throws {
    var predictions = Synthetic.predictions(of: dataset, noise: 2)
    predictions.present.removeAll { $0 < 7 }
    let report = try score(predictions)
    #expect(report.dropped == 7 && report.n == 53)
    #expect(report.notes?.contains { $0.hasPrefix("7 of 60 rows") } == true)
  }

  @Test("a note names the targets whose predictions have collapsed")
  func collapsed() throws {
    var predictions = Synthetic.predictions(of: dataset, noise: 2)
    #expect(try score(predictions).notes?.contains { $0.contains("collapsed") } != true)
    predictions.columns["distress"]?.values = dataset.rows.indices.map { 4 + 0.001 * Double($0) }
    #expect(
      try score(predictions).notes?.contains(
        "The predictions of distress have collapsed: they have less than a tenth of the labels' SD."
      ) == true)
  }

  @Test("rows without a label are left out of their target alone")
  func unlabelled() throws {
    var dataset = dataset
    dataset.rows[0].distress = nil
    let predictions = Synthetic.predictions(of: self.dataset, noise: 2)
    let scorer = try Scorer(Workbench().definition, dataset: dataset, options: Synthetic.quick)
    #expect(scorer.rows("empathy", of: predictions)?.rows.count == 60)
    #expect(scorer.rows("distress", of: predictions)?.rows == Array(1..<60))
  }

  @Test("under 20 clusters a note says that intervals are unreliable")
  func fewClusters() throws {
    var options = Synthetic.quick
    options.cluster = "article"
    let report = try score(Synthetic.predictions(of: dataset, noise: 2), options: options)
    #expect(report.clusters == 14)
    #expect(
      report.notes?.contains { $0.contains("14 clusters") && $0.contains("unreliable") } == true)
  }

  @Test("the signature names every choice")
  func signature() throws {
    let inference = InferenceOptions(
      level: 0.9, replicates: 500, seed: 7, form: .sample, threads: 1)
    let report = try score(
      Synthetic.predictions(of: dataset, noise: 2),
      options: ScoringOptions(inference: inference, method: .bca, cluster: "row"))
    #expect(
      report.signature
        == "ccc:lin-n-1|ci:bca|level:0.9|cluster:row|perm:swap-t|B:500|seed:7|adj:max-t|gold:"
        + "\(dataset.goldDigest.prefix(12))|v:\(ScoreReport.toolVersion)")
  }

  @Test(
    "the figures do not depend on the number of threads",
    arguments: IntervalMethod.allCases.filter { ![.twoWayJackknife, .fisherRows].contains($0) })
  func threads(method: IntervalMethod) throws {
    let reports = try [1, 2, 3].map { threads in
      try score(
        Synthetic.predictions(of: dataset, noise: 2),
        options: ScoringOptions(
          inference: InferenceOptions(replicates: 500, threads: threads), method: method))
    }
    #expect(reports[0] == reports[1] && reports[1] == reports[2])
  }

  @Test("the order of rows and the names of persons change no figure")
  func invariance() throws {
    let predictions = Synthetic.predictions(of: dataset, noise: 2)
    let before = try score(predictions).targets
    var shuffled = dataset
    shuffled.rows = dataset.rows.reversed()
    for row in shuffled.rows.indices {
      shuffled.rows[row].clusters["person", default: ""] += "-renamed"
    }
    var reversed = predictions
    for (target, column) in predictions.columns {
      reversed.columns[target] = PredictionColumn(values: column.values.reversed())
    }
    #expect(try score(reversed, dataset: shuffled).targets == before)
  }
}
