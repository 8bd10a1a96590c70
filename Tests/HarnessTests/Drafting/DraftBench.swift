import Foundation
import Harness
import TestSupport

/// A file that a definition is guessed from.
struct DraftBench {
  let folder: TemporaryFolder
  var request: DraftRequest

  init(_ text: String, _ file: String = "all.csv", name: String = "turns") throws {
    folder = try TemporaryFolder()
    request = DraftRequest(name: name, file: try folder.write(text, to: "files/\(file)"))
  }

  func draft() throws -> DefinitionDraft { try DefinitionDraft(request) }

  /// Keeps the draft and imports the file with it.
  func imported() throws -> (definition: BenchmarkDefinition, home: DataHome) {
    let home = DataHome(folder.file("home"))
    let draft = try draft()
    _ = try home.keep(draft, of: request, replacing: false)
    let definition = try home.benchmarks.find(draft.definition.id)
    _ = try DatasetImporter.run(definition, from: folder.file("files"), into: home)
    return (definition, home)
  }

  /// Rows of a table as CSV, TSV or JSON lines; cells of JSON are numbers where they can be.
  static func table(_ header: [String], _ rows: [[String]], _ format: TableFormat) -> String {
    switch format {
    case .csv, .csvBackslash:
      return ([header] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
    case .tsv:
      return ([header] + rows).map { $0.joined(separator: "\t") + "\n" }.joined()
    case .jsonl:
      return rows.map { row in
        let members = zip(header, row).map { key, cell in
          "\"\(key)\": " + (Double(cell) == nil ? "\"\(cell)\"" : cell)
        }
        return "{" + members.joined(separator: ", ") + "}\n"
      }.joined()
    }
  }

  static let header = [
    "turn_id", "conversation_id", "speaker_id", "platform", "age", "part", "words", "valence",
  ]

  /// 120 turns of 12 conversations by 10 speakers.
  static let turns: [[String]] = (0..<120).map { n in
    [
      "t\(n)", "c\(n / 10)", "s\((n * 7) % 10)", ["forum", "chat", "mail"][n % 3],
      "\(18 + (n * 7) % 10 * 5)", ["train", "train", "dev", "test"][n / 10 % 4],
      "Turn \(n) of them: I had hoped for better news than these all along",
      "\(Double(n * 37 % 101) / 10)",
    ]
  }

  static func turns(_ format: TableFormat = .csv, file: String? = nil) throws -> DraftBench {
    try DraftBench(
      table(header, turns, format),
      file ?? "all.\(format == .csvBackslash ? "csv" : format.rawValue)")
  }
}

extension DefinitionDraft {
  /// What a column was taken for.
  func role(_ column: String) -> String? { columns.first { $0.name == column }?.role }
}
