import Foundation
import Harness
import Reference

extension EmbeddedRows {
  /// A training table that `invitro curate` wrote, with its own labels.
  init(table file: URL) throws {
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw HarnessError.missing(
        path: file.relativePath, hint: "Make it with `invitro curate`.")
    }
    let target = try BenchmarkRegistry.standard().primary.target
    let table = try TableRows(file, target: target, range: RatingPrompt.scale)
    self.init(
      title: file.lastPathComponent,
      rows: table.rows.map {
        Row(set: $0.set, id: $0.id, text: $0.text, label: $0.label, provenance: $0.provenance)
      })
  }
}
