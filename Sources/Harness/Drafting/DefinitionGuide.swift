import Basics
public import Foundation
import Metrics

extension DefinitionDraft {
  /// What was guessed and why, column by column, and the commands from here to a leaderboard, as
  /// Markdown. It holds names, counts and ranges, and no cell of the file.
  public func guide(_ request: DraftRequest) -> String {
    let folder = request.file.deletingLastPathComponent().relativePath
    let from = folder.contains(" ") ? "'\(folder)'" : folder
    let id = definition.id
    let rows = definition.rowNoun.counted(self.rows)
    func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
    let table = columns.map { column in
      "| `\(cell(column.name))` | \(cell(column.role)) | \(cell(column.why)) | \(column.summary) |"
    }
    let splits = definition.splitNames.joined(separator: ", ")
    let by = definition.derived.map {
      " The splits are made by a stable hash of \($0.by ?? "the rows' ids"), so that the same "
        + "\($0.by ?? "row") always falls into the same one."
    }
    return """
      # \(definition.title)

      Taken from `\(request.file.lastPathComponent)`, \(rows). Read what was guessed, correct
      `benchmark.json` beside this file where it is wrong, and go on with the commands below.

      | column | taken as | why | values |
      |---|---|---|---|
      \(table.joined(separator: "\n"))

      Splits: \(splits).\(by ?? "") Boards rank by \(definition.primary.metric.title) of \
      \(definition.primary.target).

      ## To look at

      \(remarks.map { "- \($0)" }.joined(separator: "\n"))
      - Groups are called by their codes: give them names in `groups`.

      ## From here to a leaderboard

      ```sh
      invitro benchmark check \(id) --from \(from)
      invitro data import \(id) --from \(from)
      invitro score predictions.csv -b \(id) -s \(definition.defaultSplit)
      invitro team add "My team"
      invitro phase set -b \(id) -s \(definition.defaultSplit) --labels open --visibility public
      invitro serve
      ```

      `predictions.csv` has the columns `id` (or the file's own: \
      \(definition.columns.id?.joined(separator: ", ") ?? "id")) and \
      \(definition.targetNames.joined(separator: ", ")).

      """
  }
}

extension DataHome {
  /// Keeps `draft` and its guide.
  /// - Throws: ``HarnessError/conflict(what:hint:)`` where a definition is kept already, unless it is
  ///   to be replaced.
  public func keep(
    _ draft: DefinitionDraft, of request: DraftRequest, replacing: Bool
  ) throws(HarnessError) -> (definition: URL, guide: URL) {
    let file = definitionURL(draft.definition.id)
    if !replacing, FileManager.default.fileExists(atPath: file.path) {
      throw .conflict(
        what: "\(file.relativePath) is there already",
        hint: "Give another name, or --replace to write it anew.")
    }
    try create()
    let guide = file.deletingPathExtension().appendingPathExtension("md")
    return try HarnessError.wrapping { () throws(BasicsError) in
      try AtomicFile.createFolder(folder(draft.definition.id), permissions: 0o700)
      try AtomicFile.write(try CanonicalJSON.document(draft.definition), to: file)
      try AtomicFile.write(Data(draft.guide(request).utf8), to: guide)
      return (file, guide)
    }
  }
}

extension DatasetReader {
  /// Everything that is wrong with the files of the definition, which the user knows as `name`:
  /// files that are not there, and what an import would refuse or warn of.
  public func faults(name: String) throws(HarnessError) -> [Diagnostic] {
    do throws(HarnessError) {
      let outcome = try read()
      return absent(outcome.absent, name: name) + outcome.warnings
    } catch {
      switch error {
      case .invalid(let faults): return faults
      case .missing:
        return absent(definition.splits.map(\.name), name: name)
      default: throw error
      }
    }
  }

  /// A fault for each file that `splits` lack.
  private func absent(_ splits: [String], name: String) -> [Diagnostic] {
    var told: Set<String> = []
    return definition.splits.enumerated()
      .filter { splits.contains($1.name) && told.insert($1.file).inserted }
      .map { index, split in
        Diagnostic(
          .metadata, file: name, field: "splits[\(index)].file", found: split.file,
          expected: "a file of this name in \(folder.relativePath)")
      }
  }
}
