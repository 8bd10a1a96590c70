import Foundation
import Harness
import TestSupport
import Testing

/// A benchmark of one's own: its definition as a JSON file, the organisers' files, a data home.
struct Workbench {
  let folder: TemporaryFolder
  let definition: BenchmarkDefinition

  static let header = "row,person,article,essay,empathy,distress,gender,age,income\n"

  /// - Parameters:
  ///   - splits: the `splits` of the definition, JSON.
  ///   - derived: the `derived` of the definition, JSON.
  init(
    splits: String = #"[{"name": "train", "file": "train.csv", "format": "csv"}]"#,
    derived: String? = nil, id: String = "tiny"
  ) throws {
    folder = try TemporaryFolder()
    let file = try folder.write(
      Self.json(splits: splits, derived: derived, id: id), to: "definition.json")
    definition = try BenchmarkRegistry(folder: nil).find(file.path)
  }

  static func json(splits: String = "[]", derived: String? = nil, id: String = "tiny") -> String {
    """
    {"schema": 1, "id": "\(id)", "title": "Tiny", "description": "", "licence": "none",
     "source": "nowhere", "open": true, "rowNoun": "essay", "clusters": ["person", "article"],
     "targets": [{"name": "empathy", "low": 1, "high": 7}, {"name": "distress", "low": 1, "high": 7}],
     "primary": {"target": "empathy", "metric": "pcc"}, "defaultSplit": "train",
     "splits": \(splits), \(derived.map { "\"derived\": \($0)," } ?? "")
     "columns": {"id": ["row"], "text": "essay",
      "targets": {"empathy": "empathy", "distress": "distress"},
      "clusters": {"person": "person", "article": "article"},
      "attributes": {"gender": "gender", "age": "age", "income": "income"}},
     "groups": [
      {"attribute": "gender", "codes": {"1": "Male", "2": "Female", "5": "Other"}},
      {"attribute": "age", "edges": [18, 24, 30, 40, 100],
       "labels": ["18-24", "25-30", "31-40", "41+"]},
      {"attribute": "income", "edges": [0, 50000, 1000000], "labels": ["0-50K", "50K+"]}],
     "missing": ["unknown", "NA"], "quirks": []}
    """
  }

  var source: URL { folder.file("files") }
  var home: DataHome { DataHome(folder.file("home")) }

  func put(_ text: String, _ name: String = "train.csv") throws {
    try folder.write(text, to: "files/" + name)
  }

  func put(_ bytes: [UInt8], _ name: String = "train.csv") throws {
    try folder.write(Data(bytes), to: "files/" + name)
  }

  @discardableResult
  func importAll() throws -> DatasetImporter.Summary {
    try DatasetImporter.run(definition, from: source, into: home)
  }

  /// The split after an import.
  func imported(_ split: String = "train") throws -> Dataset {
    try importAll()
    return try home.load(definition, split: split)
  }

  /// The faults for which the import is refused.
  func importFaults() -> [Diagnostic] { refusal { try importAll() } }
}

/// The faults that `body` is refused for; a failure of the test where it is not refused.
func refusal<Value>(
  _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Value
) -> [Diagnostic] {
  do {
    _ = try body()
    Issue.record("nothing was refused", sourceLocation: location)
  } catch HarnessError.invalid(let faults) {
    return faults
  } catch {
    Issue.record("refused for another reason: \(error)", sourceLocation: location)
  }
  return []
}

extension [Diagnostic] {
  /// The faults of one kind.
  func of(_ code: Diagnostic.Code) -> [Diagnostic] { filter { $0.code == code } }
}
