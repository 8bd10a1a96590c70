import Foundation
import Harness
import Metrics
import TestSupport
import Testing

@Suite("The JSON Schema of a benchmark's definition")
struct SchemaTests {
  private static func schema() throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: DefinitionCheck.schema) as? [String: Any])
  }

  /// The properties and required keys of the schema, or of one of its definitions.
  private func keys(_ name: String?) throws -> (all: Set<String>, required: Set<String>) {
    var part = try Self.schema()
    if let name {
      for word in (["$defs"] + name.split(separator: "/").map(String.init)) {
        part = try #require(part[word] as? [String: Any], "\(name)")
      }
    }
    let properties = try #require(part["properties"] as? [String: Any])
    return (Set(properties.keys), Set(part["required"] as? [String] ?? []))
  }

  @Test("the published document is the one that the program has")
  func published() throws {
    let file = Shared.checkout.appending(path: "docs/reference/benchmark.schema.json")
    #expect(try Data(contentsOf: file) == DefinitionCheck.schema)
  }

  @Test("every shipped definition is sound")
  func shipped() throws {
    let shipped = try BenchmarkRegistry.shipped()
    #expect(shipped.count >= 5)
    for definition in shipped {
      let (read, faults) = DefinitionCheck.read(
        try JSONEncoder().encode(definition), name: definition.id)
      #expect(faults.map(\.description) == [])
      #expect(read == definition)
    }
  }

  /// A part of a definition with every key that the schema has for it.
  struct Part: Sendable {
    /// The schema's definition; nil for the whole.
    var name: String?
    var type: any (Decodable & Sendable).Type
    var json: String
  }

  /// Keys that the schema has ahead of the program.
  private static let announced: Set<String> = []

  private static let split = #"{"name": "a", "file": "a.csv", "format": "csv", "rows": 1"#
  private static let parts = [
    Part(
      name: nil, type: BenchmarkDefinition.self,
      json: PlantedMistakeTests.sound.dropLast()
        + #", "track": "t", "statement": {}, "papers": []}"#),
    Part(
      name: "target", type: Target.self,
      json: #"{"name": "a", "title": "A", "low": 0, "high": 1, "items": 2, "ceiling": "#
        + #"{"low": 0.4, "high": 0.7, "source": "s"}}"#),
    Part(
      name: "ceiling", type: Target.Ceiling.self,
      json: #"{"low": 0.4, "high": 0.7, "source": "s"}"#),
    Part(
      name: "primary", type: BenchmarkDefinition.PrimaryMetric.self,
      json: #"{"target": "a", "metric": "pcc", "weights": {"a": 1}}"#),
    Part(
      name: "split", type: BenchmarkDefinition.SplitSource.self,
      json: split
        + #", "columns": {}, "gold": {"file": "g", "format": "tsv", "positions": {"a": 1}}, "#
        + #""attributes": {"file": "p", "format": "csv", "key": "k"}, "items": {"a": 1}, "#
        + #""only": {"c": "v"}, "optional": ["a"], "officialRows": 1}"#),
    Part(
      name: "gold", type: BenchmarkDefinition.LabelFile.self,
      json: #"{"file": "g", "format": "tsv", "positions": {"a": 1}}"#),
    Part(
      name: "attributes", type: BenchmarkDefinition.AttributeFile.self,
      json: #"{"file": "p", "format": "csv", "key": "k"}"#),
    Part(
      name: "derived", type: BenchmarkDefinition.DerivedSplits.self,
      json: #"{"from": "a", "by": "p", "buckets": 1, "splits": []}"#),
    Part(
      name: "derived/properties/splits/items", type: BenchmarkDefinition.DerivedSplits.Range.self,
      json: #"{"name": "a", "from": 0, "to": 1, "rows": 1}"#),
    Part(
      name: "columns", type: BenchmarkDefinition.ColumnMap.self,
      json:
        #"{"id": [], "text": "t", "pair": "p", "targets": {}, "clusters": {}, "attributes": {}, "#
        + #""references": {}, "numberRepeats": true}"#),
    Part(
      name: "group", type: BenchmarkDefinition.GroupDefinition.self,
      json: #"{"attribute": "a", "codes": {}, "edges": [], "labels": []}"#),
    Part(
      name: "statement", type: BenchmarkDefinition.DataStatement.self,
      json: #"{"collection": "", "annotation": "", "annotationsPerItem": "", "#
        + #""personalInformation": []}"#),
    Part(
      name: "paper", type: BenchmarkDefinition.Paper.self,
      json: #"{"authors": [], "title": "", "year": 1, "url": "https://a"}"#),
  ]

  @Test(
    "the schema has the keys that the program reads, and requires those that it needs",
    arguments: parts)
  func keysAgree(part: Part) throws {
    var (all, required) = try keys(part.name)
    // $schema is for editors.
    all.remove("$schema")
    let whole = try #require(
      JSONSerialization.jsonObject(with: Data(part.json.utf8)) as? [String: Any])
    #expect(Set(whole.keys) == all)
    func decoded(_ object: [String: Any]) throws -> any Sendable {
      let data = try JSONSerialization.data(withJSONObject: object)
      return try JSONDecoder().decode(part.type, from: data)
    }
    let read = Set(Swift.Mirror(reflecting: try decoded(whole)).children.compactMap(\.label))
    #expect(read.isSubset(of: all) && all.subtracting(Self.announced).isSubset(of: read))
    for key in read {
      var lacking = whole
      lacking[key] = nil
      // columns.id may be absent where a split's columns are laid over the benchmark's.
      #expect(((try? decoded(lacking)) == nil) == required.contains(key), "\(key)")
    }
  }

  @Test("metrics that boards rank by are in the schema, and no unknown one")
  func metrics() throws {
    let schema = try Self.schema()
    let parts = try #require(schema["$defs"] as? [String: [String: Any]])
    let properties = try #require(parts["primary"]?["properties"] as? [String: [String: Any]])
    let known = Set(try #require(properties["metric"]?["enum"] as? [String]))
    #expect(known.isSuperset(of: Metric.all.map(\.id)))
    #expect(known.isSubset(of: Metric.all.map(\.id)))
  }
}
