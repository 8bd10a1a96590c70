import Foundation
import Harness
import Reference
import Study
import TestSupport
import Testing

/// A made-up benchmark of turns, with second texts and the number of the turn.
enum Turns {
  static func definition() throws -> BenchmarkDefinition {
    var made = try BenchmarkRegistry(folder: nil).find("sample24")
    (made.id, made.rowNoun) = ("turns", "turn")
    made.targets = [
      Target(name: "valence", low: 0, high: 10), Target(name: "arousal", low: -1, high: 1),
    ]
    made.primary.target = "valence"
    made.clusters = ["conversation", "speaker"]
    made.groups = []
    (made.columns.attributes, made.columns.pair) = (["turn": "turn"], "answer_to")
    made.columns.clusters = ["conversation": "conversation", "speaker": "speaker"]
    for place in made.splits.indices { made.splits[place].columns = nil }
    return made
  }

  /// Rows of a conversation, a speaker, a turn's number and a text each.
  static func dataset(_ rows: [(String, String, String, String)]) throws -> Dataset {
    let rows = rows.enumerated().map { place, row in
      DatasetRow(
        id: "\(place)", text: row.3, pair: "to \(row.3)",
        labels: ["valence": Double(place), "arousal": 0.5],
        clusters: ["conversation": row.0, "speaker": row.1], attributes: ["turn": row.2])
    }
    return Dataset(try definition(), split: "train", rows: rows, hasGold: true)
  }

  static let rows = [
    ("c1", "p", "1", "a"), ("c2", "q", "3", "x"), ("c1", "q", "2", "b"), ("c1", "p", "3", "c"),
    ("c2", "p", "1", "y"), ("c1", "q", "4", "d"), ("", "p", "1", "alone"), ("", "p", "2", "too"),
  ]
}

@Suite("What is read of a row")
struct RowInputsTests {
  private func settings(
    _ context: Int, by cluster: String? = nil, order: String? = nil, pair: String? = nil
  ) throws -> InputSettings {
    try InputSettings(
      context: context, by: cluster, order: order, pair: pair, maxLength: 40,
      in: Turns.definition())
  }

  @Test("the context are the rows before it of the same conversation, the oldest first")
  func context() throws {
    let inputs = try settings(2).inputs(of: Turns.dataset(Turns.rows))
    #expect(inputs.map(\.text) == ["a", "x", "b", "c", "y", "d", "alone", "too"])
    #expect(
      inputs.map(\.context) == [[], [], ["a"], ["a", "b"], ["x"], ["b", "c"], [], []])
    #expect(inputs.allSatisfy { $0.pair == nil })
  }

  @Test("another cluster, and an attribute that orders it")
  func order() throws {
    let rows = Turns.rows
    let bySpeaker = try settings(9, by: "speaker").inputs(of: Turns.dataset(rows))
    #expect(bySpeaker[5].context == ["x", "b"])
    let ordered = try settings(9, order: "turn").inputs(of: Turns.dataset(rows))
    #expect(ordered[1].context == ["y"] && ordered[4].context == [])
    // Ten comes after nine.
    let late = try settings(9, order: "turn").inputs(
      of: Turns.dataset([("c", "p", "10", "ten"), ("c", "p", "9", "nine")]))
    #expect(late.map(\.context) == [["nine"], []])
    #expect(throws: StudyError.self) {
      try settings(1, order: "turn").inputs(of: Turns.dataset([("c", "p", "second", "b")]))
    }
  }

  @Test("a pair is the column of second texts, by either name, or an attribute")
  func pairs() throws {
    let dataset = try Turns.dataset([("c", "p", "7", "a")])
    #expect(try settings(0, pair: "pair").inputs(of: dataset) == [TextInput("a", pair: "to a")])
    #expect(try settings(0, pair: "answer_to") == settings(0, pair: "pair"))
    #expect(try settings(0, pair: "turn").inputs(of: dataset) == [TextInput("a", pair: "7")])
  }

  @Test("what the benchmark has not is refused, with what it has")
  func unknown() throws {
    func text(_ make: () throws -> InputSettings) -> String? {
      do { _ = try make() } catch StudyError.usage(let text) { return text } catch { return nil }
      return nil
    }
    #expect(
      text { try settings(1, by: "room") }?.contains("It has: conversation, speaker.") == true)
    #expect(text { try settings(1, order: "time") }?.contains("It has: turn.") == true)
    #expect(text { try settings(0, pair: "article") }?.contains("It has: pair, turn.") == true)
    let plain = try BenchmarkRegistry(folder: nil).find("sample24")
    let found = text {
      try InputSettings(context: 1, by: nil, order: nil, pair: nil, maxLength: 9, in: plain)
    }
    #expect(found?.contains("sample24 has no cluster 'conversation'") == true)
  }

  @Test("a model's outputs are the targets that it names, or the user does")
  func outputs() throws {
    let definition = try Turns.definition()
    #expect(try ModelTask().targets(of: definition) == ["valence"])
    let two = ModelTask(outputs: ["arousal", "valence"])
    #expect(try two.targets(of: definition) == ["arousal", "valence"])
    #expect(
      try two.targets(of: definition, named: ["valence", "arousal"]) == ["valence", "arousal"])
    for named in [["valence"], ["valence", "valence"], ["valence", "empathy"]] {
      #expect(throws: StudyError.self) { try two.targets(of: definition, named: named) }
    }
    #expect(throws: StudyError.self) {
      try ModelTask(outputs: ["empathy"]).targets(of: definition)
    }
  }
}

@Suite("Rows to train on")
struct TrainingRowsTests {
  @Test("a row counts with a label of one target or more; what is missing is told")
  func missing() throws {
    let folder = try TemporaryFolder()
    let home = DataHome(folder.url)
    let definition = try Turns.definition()
    var train = try Turns.dataset(Turns.rows)
    train.rows[0].labels = [:]
    train.rows[2].labels["arousal"] = nil
    var dev = try Turns.dataset(Array(Turns.rows.prefix(3)))
    dev.split = "dev"
    _ = try home.save([train, dev], of: "turns", sources: [:])
    let input = try InputSettings(
      context: 1, by: nil, order: nil, pair: nil, maxLength: 40, in: definition)
    let rows = try TrainingRows(
      .splits(["train"], labels: nil), of: definition, validation: "dev",
      targets: definition.targets, input: input, home: home)
    #expect(rows.training.count == 7)
    #expect(rows.training.labels[1] == [2, nil])
    // A row without labels is still read before the next one.
    #expect(rows.training.inputs[1] == TextInput("b", context: ["a"]))
    #expect(
      rows.notes == ["1 turn without a label is left out", "1 of 7 turns has no label of arousal"])
    #expect(rows.validation.count == 3)
    #expect(rows.training.digest != rows.validation.digest)
  }

  @Test("plain rows keep the digest that names the cells of experiments")
  func digest() {
    let plain = LabelledRows(["one", "two"], labels: [1, 2])
    let full = LabelledRows([TextInput("one"), TextInput("two")], labels: [[1], [2]])
    #expect(plain.digest == full.digest)
    let earlier = "8c9278162fc7aa59b94356021f66d5ea06f0920f2e626be15080b2a0ae910950"
    #expect(plain.digest == earlier)
    let others = [
      LabelledRows([TextInput("one", context: ["two"])], labels: [[1]]),
      LabelledRows([TextInput("one", pair: "two")], labels: [[1]]),
      LabelledRows([TextInput("one", pair: "")], labels: [[1]]),
      LabelledRows([TextInput("one")], labels: [[1]]),
      LabelledRows([TextInput("one")], labels: [[1, nil]]),
    ]
    #expect(Set(others.map(\.digest)).count == others.count)
  }

  @Test("labels of a file outside the range are refused by their lines, without their values")
  func range() throws {
    let folder = try TemporaryFolder()
    let home = DataHome(folder.file("data"))
    let definition = try Turns.definition()
    var dev = try Turns.dataset(Array(Turns.rows.prefix(3)))
    dev.split = "dev"
    _ = try home.save([Turns.dataset(Turns.rows), dev], of: "turns", sources: [:])
    func rows(_ text: String) throws -> TrainingRows {
      try TrainingRows(
        .splits(["train"], labels: folder.write(text, to: "labels.tsv")), of: definition,
        validation: "dev", targets: definition.targets, home: home)
    }
    let error = #expect(throws: HarnessError.self) {
      try rows("id\tvalence\tarousal\n0\t9.75\t0\n1\t10.5\t0\n2\t3\t-1.25\n")
    }
    guard case .invalid(let faults)? = error else {
      Issue.record("another error than invalid")
      return
    }
    #expect(faults.map(\.line) == [3, 4] && faults.map(\.field) == ["valence", "arousal"])
    #expect(faults.allSatisfy { $0.severity == .error && $0.code == .range })
    #expect(!faults.map(\.description).joined().contains("10.5"))
    #expect(faults[1].expected == "-1.0 to 1.0")
    let read = try rows("id\tvalence\tarousal\n0\t9.75\t\n2\t\t0.5\n3\t1\t0\n")
    #expect(read.training.labels == [[9.75, nil], [nil, 0.5], [1, 0]])
  }
}

@Suite("Rows to train on, with labels standardised as others")
struct RescaledRowsTests {
  private struct Place {
    let folder: TemporaryFolder
    let home: DataHome
    let definition: BenchmarkDefinition

    init() throws {
      folder = try TemporaryFolder()
      (home, definition) = (DataHome(folder.file("data")), try Turns.definition())
      var dev = try Turns.dataset(Array(Turns.rows.prefix(3)))
      dev.split = "dev"
      _ = try home.save([Turns.dataset(Turns.rows), dev], of: "turns", sources: [:])
    }

    func rows(_ labels: URL?, like: ReferenceLabels?) throws -> TrainingRows {
      try TrainingRows(
        .splits(["train"], labels: labels), of: definition, validation: "dev",
        targets: [definition.targets[0]], like: like, home: home)
    }
  }

  @Test("a file's labels are given the crowd's mean and SD over the rows that they share")
  func crowd() throws {
    let place = try Place()
    let train = try Turns.dataset(Turns.rows)
    let crowd = train.gold("valence")
    // A tenth of the crowd's spread around 5; the last row has no label.
    let squeezed = crowd.map { $0.map { 5 + ($0 - 5) / 10 } }.dropLast()
    let text = squeezed.enumerated().map { "\($0)\t\($1.map { "\($0)" } ?? "")\n" }.joined()
    let file = try place.folder.write("id\tvalence\n" + text, to: "labels.tsv")
    let plain = try place.rows(file, like: nil)
    #expect(plain.scalings.isEmpty)
    let rows = try place.rows(file, like: .crowd)
    #expect(rows.training.count == crowd.count - 1)
    for (own, other) in zip(rows.training.labels, crowd) {
      #expect(abs(try #require(own[0]) - (try #require(other))) < 1e-9)
    }
    let scaling = try #require(rows.scalings.first)
    #expect(scaling.rows == crowd.count - 1 && abs(scaling.newSD / scaling.sd - 10) < 1e-9)
    #expect(rows.notes.contains { $0.hasPrefix("labels of valence rescaled: mean ") })
    #expect(rows.validation == plain.validation)
    #expect(rows.training.digest != plain.training.digest)
    // The other way round: the crowd's labels like the file's.
    let back = try place.rows(nil, like: .file(file))
    let last = try #require(back.training.labels[0][0])
    #expect(abs(last - (try #require(squeezed[0]))) < 1e-9)
  }

  @Test("the crowd's labels are not made like the crowd's, and labels need a spread")
  func refused() throws {
    let place = try Place()
    #expect(throws: StudyError.self) { try place.rows(nil, like: .crowd) }
    let flat = Turns.rows.indices.map { "\($0)\t4\n" }.joined()
    let file = try place.folder.write("id\tvalence\n" + flat, to: "flat.tsv")
    for (labels, like) in [(file, ReferenceLabels.crowd), (nil, .file(file))] {
      #expect {
        try place.rows(labels, like: like)
      } throws: { error in
        guard case .tooFew(let what, 1, 2)? = error as? StudyError else { return false }
        return what.contains("different labels of valence")
      }
    }
  }
}
