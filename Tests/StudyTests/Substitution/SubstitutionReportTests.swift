import Basics
import Foundation
import Harness
import Metrics
import Study
import TestSupport
import Testing

@Suite("What labels may replace, as reports")
struct SubstitutionReportTests {
  /// 120 persons of three rows in sample24's form. People's labels hold the text's part and a person's;
  /// those of `llm` and of `other` the text's part and noise. `states` have the text's part.
  private struct World {
    let folder: TemporaryFolder
    let rated: RatedSplit
    let features: EssayFeatures

    /// - Parameters:
    ///   - labelled: persons whose rows have labels by people.
    ///   - shown: how much of the text's part the states hold.
    init(labelled: Int = 120, shown: Double = 1) throws {
      folder = try TemporaryFolder()
      let definition = try BenchmarkRegistry(folder: nil).find("sample24")
      let columns = RatedSplit.idColumns(definition, split: "train")
      var random = SplitMix64(seed: 12, stream: .simulation)
      var (rows, states): ([DatasetRow], [[Float]]) = ([], [])
      var lines = [(columns + ["llm_empathy", "other"]).joined(separator: "\t")]
      for person in 0..<120 {
        let own = random.normal()
        for _ in 0..<3 {
          let n = rows.count
          let text = random.normal()
          func label(_ value: Double) -> Double { min(7, max(1, (value * 100).rounded() / 100)) }
          let crowd = label(4 + 0.6 * own + 0.7 * text + 0.4 * random.normal())
          let models = [0.5, 0.4].map { label(3.6 + $0 * text + 0.3 * random.normal()) }
          states.append([Float(shown * text + random.normal()), Float(random.normal())])
          var row = DatasetRow(
            id: Array(repeating: "\(n)", count: columns.count).joined(separator: ":"),
            text: "Essay \(n).", clusters: ["person": "p\(person)"])
          if person < labelled { row.labels[definition.mainTarget] = crowd }
          rows.append(row)
          lines.append(
            (columns.map { _ in "\(n)" } + models.map { "\($0)" }).joined(separator: "\t"))
        }
      }
      let dataset = Dataset(definition, split: "train", rows: rows, hasGold: true)
      let path = try folder.write(lines.joined(separator: "\n") + "\n", to: "labels.tsv").path
      var rated = RatedSplit(definition, dataset)
      try rated.add(
        LabelFile.parse(
          ["llm=\(path)", "other=\(path)"], columns: ["other=other"], option: "--labels"),
        say: { _ in })
      self.rated = rated
      try folder.write(NumPyArray.data(states), to: "states/states.npy")
      let ids = rows.map { "\(rated.set)\t\($0.id)" }
      try folder.write(
        (["set\tid"] + ids).joined(separator: "\n") + "\n", to: "states/rows.tsv")
      features = EssayFeatures(states: folder.file("states"))
    }

    var subject: SubstitutionSubject {
      SubstitutionSubject(rated, model: "llm", level: 0.95, seed: 1)
    }
  }

  // MARK: A mean

  @Test("persons without labels are the others, and nothing is hidden")
  func asItIs() throws {
    let world = try World(labelled: 50)
    let report = try MeanSubstitution(world.subject, labelled: nil, draws: 10)
    #expect(report.rehearsal == nil && report.unit == "person" && !report.ignoresPersons)
    let whole = try #require(report.estimates.first)
    #expect(whole.labelled == 50 && whole.unlabelled == 70)
    let multiplier = try #require(whole.multiplier)
    let limit = try #require(whole.limit)
    #expect(multiplier > 1 && multiplier < limit)
    let (own, plain) = (try #require(whole.powered), try #require(whole.classical))
    let ends = try [own.high, own.low, plain.high, plain.low].map { try #require($0) }
    #expect(ends[0] - ends[1] < ends[2] - ends[3])
    #expect(whole.answer?.verdict == .partly)
  }

  @Test("where everybody is labelled it rehearses, and rows in place of persons are told")
  func rehearsal() throws {
    let subject = try World().subject
    let usual = try MeanSubstitution(subject, labelled: nil, draws: 5)
    #expect(usual.rehearsal?.labelled == 60)
    let own = try MeanSubstitution(subject, labelled: 40, draws: 5)
    #expect(own.estimates[0].labelled == 40 && own.estimates[0].unlabelled == 80)
    let rows = try MeanSubstitution(subject, labelled: 120, draws: 5, byRow: true)
    #expect(rows.ignoresPersons && rows.estimates[0].unlabelled == 240)
    #expect(throws: StudyError.self) { try MeanSubstitution(subject, labelled: 120, draws: 5) }
  }

  @Test("few labelled persons cannot answer")
  func few() throws {
    let report = try MeanSubstitution(World(labelled: 12).subject, labelled: nil, draws: 5)
    #expect(report.estimates[0].answer?.verdict == .unanswerable)
    #expect(report.estimates[0].powered == nil && report.estimates[0].multiplier == nil)
  }

  // MARK: Training and the ceiling

  @Test("the curve gains where few are labelled, and every part is rounded")
  func training() throws {
    let world = try World()
    let report = try TrainingSubstitution(
      world.subject, features: world.features, sizes: [10, 40], draws: 4)
    #expect(report.points.map(\.persons) == [10, 40, 96] && report.held == 24)
    let gain = try #require(report.points[0].gain?.value)
    #expect(gain == Rounding.published(gain) && report.points[2].gain == nil)
  }

  @Test("the ceiling is a bracket, and not estimable where the text shows nothing")
  func ceiling() throws {
    let world = try World()
    let report = try CeilingReport(world.rated, features: world.features, level: 0.95, seed: 1)
    let all = try #require(report.brackets[.all])
    #expect(try #require(all.low) < (try #require(all.high)))
    #expect(report.estimates.count == 7 && report.answer.verdict == .range)
    // Of people's variance 0.36 + 0.49 + 0.16, the text's part is 0.49.
    let pair = try #require(report.estimates.first { $0.assumption.contains("llm and other") })
    #expect(abs((pair.ceiling?.value ?? 0) - 0.7) < 0.1, "\(pair)")
    #expect(report.correlations.allSatisfy { $0.model != "text" })

    let blind = try World(shown: 0)
    let other = try CeilingReport(blind.rated, features: blind.features, level: 0.95, seed: 1)
    let useless = other.estimates.filter { $0.assumption.contains("text are") }
    #expect(useless.count == 4)
    #expect(useless.allSatisfy { $0.ceiling == nil && $0.reason?.contains("chance") == true })
  }

  // MARK: Ratings

  @Test("ratings are read by item, rater and person, and every fault is named with its line")
  func ratings() throws {
    let folder = try TemporaryFolder()
    let good = try folder.write(
      "item,rater,value,person\na,r1,3,p\na,r2,4,p\nb,r1,2,\n", to: "good.csv")
    let report = try RaterSubstitution(
      RatingTable(good), model: "r2", epsilon: 0.1, rate: 0.05)
    #expect(report.items == 2 && report.compared == 0 && report.isClustered)
    #expect(report.answer.verdict == .unanswerable)
    #expect(throws: StudyError.self) {
      try RaterSubstitution(RatingTable(good), model: "r9", epsilon: 0.1, rate: 0.05)
    }
    let bad = try folder.write(
      "item\trater\tvalue\tperson\na\tr1\tx\tp\na\tr2\t4\tp\na\tr2\t5\tp\na\tr3\t1\tq\n",
      to: "bad.tsv")
    do {
      _ = try RatingTable(bad)
      Issue.record("a table with faults was read")
    } catch HarnessError.invalid(let faults) {
      #expect(faults.map(\.line) == [2, 4, 5])
      #expect(faults.map(\.field) == ["value", "rater", "person"])
      #expect(faults[0].found == "no number")
    }
  }
}
