import Foundation
import Harness
import TestSupport
import Testing

/// A sound definition and one mistake at a time: each is found at its place, and nothing else is.
@Suite("Mistakes in a benchmark's definition")
struct PlantedMistakeTests {
  struct Mistake: CustomTestStringConvertible, Sendable {
    /// What stands in the sound definition, and the mistake in its place.
    var was, isNow: String
    /// The path in the document where it is found.
    var place: String
    /// A part of what is found or expected.
    var says: String

    init(_ was: String, _ isNow: String, at place: String, _ says: String) {
      (self.was, self.isNow, self.place, self.says) = (was, isNow, place, says)
    }

    var testDescription: String { "\(place): \(isNow.prefix(40))" }
  }

  static let sound = """
    {"schema": 1, "id": "turns", "title": "Turns", "description": "Turns.", "licence": "CC0",
     "source": "here", "open": true, "rowNoun": "turn",
     "targets": [{"name": "valence", "low": 0, "high": 10, "items": 3, "ceiling": {"low": 0.5, "high": 0.7, "source": "us"}},
                 {"name": "arousal", "low": 0, "high": 10}],
     "clusters": ["person", "talk"],
     "primary": {"target": "mean", "metric": "pcc", "weights": {"valence": 2, "arousal": 1}},
     "defaultSplit": "test",
     "splits": [{"name": "all", "file": "all.csv", "format": "csv", "rows": 40,
                 "only": {"set": "own"}, "optional": ["age"]},
                {"name": "blind", "file": "blind.csv", "format": "csv",
                 "gold": {"file": "gold.tsv", "format": "tsv",
                          "positions": {"valence": 1, "arousal": 2}}}],
     "derived": {"from": "all", "by": "person", "buckets": 10, "splits": [
                 {"name": "train", "from": 0, "to": 8}, {"name": "test", "from": 8, "to": 10}]},
     "columns": {"id": ["turn"], "text": "words",
                 "targets": {"valence": "v", "arousal": "a"},
                 "clusters": {"person": "speaker", "talk": "conversation"},
                 "attributes": {"age": "age", "platform": "app"}},
     "groups": [{"attribute": "age", "edges": [18, 30, 99], "labels": ["18-29", "30+"]},
                {"attribute": "platform", "codes": {"p": "Phone"}}],
     "missing": ["NA"], "quirks": []}
    """

  static let mistakes = [
    Mistake(#""rowNoun""#, #""rownoun""#, at: "rownoun", "did you mean 'rowNoun'"),
    Mistake(#""rowNoun": "turn","#, "", at: "rowNoun", "the key rowNoun"),
    Mistake(#""open": true"#, #""open": "yes""#, at: "open", "true or false"),
    Mistake(#""schema": 1"#, #""schema": 2"#, at: "schema", "expected 1"),
    Mistake(#""id": "turns""#, #""id": "Turns""#, at: "id", "lower-case letters"),
    Mistake(#""id": "turns""#, #""id": "ledger""#, at: "id", "another id"),
    Mistake(#""low": 0, "high": 10}"#, #""high": 10}"#, at: "targets[1].low", "the key low"),
    Mistake(
      #""low": 0, "high": 10}"#, #""low": 10, "high": 10}"#, at: "targets[1].low", "less than"),
    Mistake(
      #""low": 0, "high": 10}"#, #""low": "0", "high": 10}"#, at: "targets[1].low", "a number"),
    Mistake(#""items": 3"#, #""items": 0"#, at: "targets[0].items", "at least 1"),
    Mistake(#""items": 3"#, #""items": 2.5"#, at: "targets[0].items", "a whole number"),
    Mistake(#""items": 3"#, #""item": 3"#, at: "targets[0].item", "did you mean 'items'"),
    Mistake(#""low": 0.5"#, #""low": 0.7"#, at: "targets[0].ceiling.low", "less than high"),
    Mistake(#""low": 0.5"#, #""low": 0"#, at: "targets[0].ceiling.low", "above 0"),
    Mistake(#""high": 0.7"#, #""high": 1.7"#, at: "targets[0].ceiling.high", "at most 1"),
    Mistake(
      #", "source": "us"}"#, "}", at: "targets[0].ceiling.source", "the key source"),
    Mistake(#""metric": "pcc""#, #""metric": "pc""#, at: "primary.metric", "did you mean 'pcc'"),
    Mistake(#""valence": 2"#, #""valense": 2"#, at: "primary.weights.valense", "'valence'"),
    Mistake(#""arousal": 1}}"#, #""arousal": 0}}"#, at: "primary.weights.arousal", "more than 0"),
    Mistake(
      #""target": "mean""#, #""target": "valence""#, at: "primary.target", "a name of its own"),
    Mistake(
      #", "weights": {"valence": 2, "arousal": 1}"#, "", at: "primary.target", "(valence, arousal)"),
    Mistake(#"["person", "talk"]"#, #"["person", "talk", "app"]"#, at: "clusters", "at most two"),
    Mistake(#"["person", "talk"]"#, #"["person", "person"]"#, at: "clusters[1]", "differs"),
    Mistake(#", "talk": "conversation""#, "", at: "clusters[1]", "columns.clusters"),
    Mistake(
      #""attributes": {"age": "age""#, #""attributes": {"n": "n", "age": "age""#,
      at: "columns.attributes.n", "another name"),
    Mistake(#""defaultSplit": "test""#, #""defaultSplit": "tests""#, at: "defaultSplit", "'test'"),
    Mistake(#""name": "blind""#, #""name": "all""#, at: "splits[1].name", "splits[0].name"),
    Mistake(#""name": "blind""#, #""name": "../up""#, at: "splits[1].name", "letters, digits"),
    Mistake(
      #""format": "csv", "rows""#, #""format": "xlsx", "rows""#, at: "splits[0].format",
      "one of csv, csv-backslash, tsv, jsonl"),
    Mistake(#""rows": 40"#, #""rows": 0"#, at: "splits[0].rows", "at least 1"),
    Mistake(
      #""optional": ["age"]"#, #""optional": ["ages"]"#, at: "splits[0].optional[0]", "'age'"),
    Mistake(#""valence": 1"#, #""valence": 0"#, at: "splits[1].gold.positions.valence", "from 1"),
    Mistake(#""valence": 1"#, #""valence": 2"#, at: "splits[1].gold.positions.valence", "arousal"),
    Mistake(#""format": "tsv""#, #""format": "jsonl""#, at: "splits[1].gold.format", "one of csv"),
    Mistake(#""from": "all""#, #""from": "al""#, at: "derived.from", "'all'"),
    Mistake(#""by": "person""#, #""by": "platform""#, at: "derived.by", "(person, talk)"),
    Mistake(#""from": 8"#, #""from": 7"#, at: "derived.splits[1].from", "expected 8"),
    Mistake(#""from": 8"#, #""from": 9"#, at: "derived.splits[1].from", "without a gap"),
    Mistake(#""to": 10"#, #""to": 11"#, at: "derived.splits[1].to", "at most buckets"),
    Mistake(#""to": 10"#, #""to": 9"#, at: "derived.buckets", "no split has"),
    Mistake(
      #""targets": {"valence": "v""#, #""targets": {"mood": "m", "valence": "v""#,
      at: "columns.targets.mood", "a target"),
    Mistake(
      #""clusters": {"person""#, #""clusters": {"pair": "p", "person""#,
      at: "columns.clusters.pair", "one of clusters"),
    Mistake(#""id": ["turn"]"#, #""id": []"#, at: "columns.id", "at least one"),
    Mistake(#""id": ["turn"]"#, #""id": "turn""#, at: "columns.id", "a list"),
    Mistake(#""platform": "app""#, #""plat form": "app""#, at: "columns.attributes.plat form", "_"),
    Mistake(
      #""labels": ["18-29", "30+"]"#, #""labels": ["18+"]"#, at: "groups[0].labels", "2, one"),
    Mistake("[18, 30, 99]", "[18, 99, 30]", at: "groups[0].edges", "increase"),
    Mistake(
      #""codes": {"p": "Phone"}"#, #""codes": {"p": "Phone"}, "edges": [1, 2]"#,
      at: "groups[1]", "codes, or edges"),
    Mistake(#""attribute": "platform""#, #""attribute": "app""#, at: "groups[1].attribute", "age"),
    Mistake(#""missing": ["NA"]"#, #""missing": "NA""#, at: "missing", "a list"),
    Mistake(#""file": "all.csv""#, #""file": "../all.csv""#, at: "splits[0].file", "below it"),
    Mistake(#""file": "blind.csv""#, #""file": "/blind.csv""#, at: "splits[1].file", "below it"),
    Mistake(
      #""file": "gold.tsv""#, #""file": "a/../../g.tsv""#, at: "splits[1].gold.file", "below it"),
    Mistake(#""id": ["turn"]"#, #""id": ["turn", "turn"]"#, at: "columns.id[1]", "once"),
    Mistake(#""arousal": "a"}"#, #""arousal": "v"}"#, at: "columns.targets.valence", "arousal"),
    Mistake(
      #""talk": "conversation"}"#, #""talk": "speaker"}"#, at: "columns.clusters.talk", "person"),
    Mistake(
      #"["18-29", "30+"]"#, #"["18+", "18+"]"#, at: "groups[0].labels[1]", "no bin before it"),
    Mistake(
      #""id": "turns""#, "\"id\": \"\(String(repeating: "a", count: 65))\"", at: "id", "at most 64"),
    Mistake(
      #""name": "arousal", "low""#, #""name": "arousal", "title": "", "low""#,
      at: "targets[1].title", "heading"),
  ]

  private func faults(_ text: String) throws -> [Diagnostic] {
    DefinitionCheck.read(Data(text.utf8), name: "turns.json").faults
  }

  @Test("the definition without a mistake is sound") func noMistake() throws {
    #expect(try faults(Self.sound).map(\.description) == [])
  }

  @Test("a mistake is found at its place", arguments: mistakes)
  func planted(mistake: Mistake) throws {
    let parts = Self.sound.components(separatedBy: mistake.was)
    try #require(parts.count >= 2, "the sound definition has no \(mistake.was)")
    let broken = parts[0] + mistake.isNow + parts.dropFirst().joined(separator: mistake.was)
    let faults = try faults(broken)
    let found = try #require(faults.first { $0.field == mistake.place }, "\(faults)")
    #expect(found.description.contains(mistake.says), "\(found)")
    let folder = try TemporaryFolder()
    let file = try folder.write(broken, to: "turns.json")
    #expect(
      refusal { try BenchmarkRegistry(folder: nil).find(file.path) }.map(\.field)
        == faults.map(\.field))
  }

  @Test(
    "what is not JSON is placed by line and column",
    arguments: [
      (#""title": "Turns""#, #""title": "Turns"#, 1), (#""open": true,"#, #""open": true"#, 2),
      (#""quirks": []}"#, #""quirks": [],}"#, 21),
      (#""missing": ["NA"]"#, #""missing": ["NA",]"#, 21),
    ])
  func syntax(was: String, isNow: String, line: Int) throws {
    let faults = try faults(Self.sound.replacing(was, with: isNow))
    #expect(faults.map(\.code) == [.syntax])
    #expect(faults.first?.line == line)
    #expect(faults.first?.column != nil)
  }

  @Test("several mistakes are told at once, and a key that stands twice is one")
  func several() throws {
    let broken = Self.sound.replacing(#""open": true"#, with: #""open": 1, "open": true"#)
      .replacing(#""rows": 40"#, with: #""row": 40"#).replacing(
        #""low": 0, "high": 10}"#, with: #""low": 0}"#)
    let places = try faults(broken).compactMap(\.field)
    #expect(Set(places) == ["open", "splits[0].row", "targets[1].high"])
  }
}
