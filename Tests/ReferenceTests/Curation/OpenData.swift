import Foundation
import Reference
import TestSupport

/// NewsEmp18 and the published model labels, as they stand in `../shared/data`.
enum OpenData {
  static func newsEmp18() throws -> [LabelledEssay] {
    let text = String(decoding: try Shared.data("data/newsemp18/messages.csv"), as: UTF8.self)
    var essays = quotedRows(text).dropFirst().map { row in
      LabelledEssay(id: row[0], text: row[7], person: row[1], crowd: Double(row[3]))
    }
    for name in ["llama", "gpt"] {
      let file = Shared.url("data/llmpathy/NewsEmp2022/messages_train_ready_for_WS_\(name).tsv")
      let labels = try LabelTable.read(file).labels("llm_empathy", by: ["message_id"], in: 1...7)
      essays = essays.map { $0.adding(name, from: labels, key: $0.id) }
    }
    return essays
  }

  /// The rows of a CSV whose fields are all quoted.
  private static func quotedRows(_ text: String) -> [[String]] {
    var (rows, row, field): ([[String]], [String], String) = ([], [], "")
    var isQuoted = false
    var iterator = text.unicodeScalars.makeIterator()
    var next = iterator.next()
    while let scalar = next {
      next = iterator.next()
      switch scalar {
      case "\"" where isQuoted && next == "\"":
        field.unicodeScalars.append("\"")
        next = iterator.next()
      case "\"": isQuoted.toggle()
      case "," where !isQuoted:
        row.append(field)
        field = ""
      case "\n" where !isQuoted:
        rows.append(row + [field])
        (row, field) = ([], "")
      case "\r" where !isQuoted: break
      default: field.unicodeScalars.append(scalar)
      }
    }
    return rows
  }
}
