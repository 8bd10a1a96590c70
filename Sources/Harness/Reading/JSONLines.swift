import Basics
import Foundation

/// Text with one JSON object a line; lines of white space are skipped.
enum JSONLines {
  /// Calls `body` with each object, its one-based line and the line's bytes.
  /// - Returns: what is no JSON object.
  static func forEach(
    in text: SourceText, _ body: ([String: Any], Int, ArraySlice<UInt8>) -> Void
  ) -> [Diagnostic] {
    var faults: [Diagnostic] = []
    let lines = text.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, bytes) in lines.enumerated()
    where !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
      do throws(HarnessError) {
        let object = try Documents.object(Data(bytes), name: text.name, line: index + 1)
        body(object, index + 1, bytes)
      } catch {
        if case .invalid(let found) = error { faults += found }
      }
    }
    return faults
  }

  /// The objects as records of a table, the first record its header: the keys in the order in which
  /// they first occur. A key that a line lacks is an empty cell there.
  static func records(
    of text: SourceText
  ) -> (records: [DelimitedRecord], faults: [Diagnostic]) {
    if text.bytes.first(where: { !$0.isWhiteSpace }) == UInt8(ascii: "[") {
      let fault = Diagnostic(
        .json, file: text.name, line: 1, found: "a list",
        expected: "one object on each line, as to_json(orient=\"records\", lines=True) writes them")
      return ([], [fault])
    }
    var header: [String] = []
    var places: [String: Int] = [:]
    var rows: [(line: Int, cells: [Int: String])] = []
    var nested: [Diagnostic] = []
    let faults = forEach(in: text) { object, line, bytes in
      if object.keys.contains(where: { places[$0] == nil }) {
        for key in keys(bytes) ?? object.keys.sorted() where places[key] == nil {
          places[key] = header.count
          header.append(key)
        }
      }
      var cells: [Int: String] = [:]
      for (key, value) in object {
        guard let place = places[key] else { continue }
        cells[place] = cell(value)
        if cells[place] == nil {
          nested.add(
            .json, file: text.name, line: line, field: key, found: "a list or an object",
            expected: "text, a number, true, false or null")
        }
      }
      rows.append((line, cells))
    }
    guard !rows.isEmpty else { return ([], faults) }
    let records = rows.map { row in
      DelimitedRecord(line: row.line, fields: header.indices.map { row.cells[$0] ?? "" })
    }
    let all = (faults + nested).sorted { ($0.line ?? 0) < ($1.line ?? 0) }
    return ([DelimitedRecord(line: 1, fields: header)] + records, all)
  }

  /// The keys of a line's object in their order, which Foundation does not keep.
  private static func keys(_ bytes: ArraySlice<UInt8>) -> [String]? {
    guard case .object(let members) = try? ByteJSON(Array(bytes)) else { return nil }
    return members.map { String(decoding: $0.name, as: UTF8.self) }
  }

  /// A value as a cell; nil for a list or an object.
  private static func cell(_ value: Any) -> String? {
    switch value {
    case is NSNull: ""
    case let text as String: text
    // A JSON true is an NSNumber too; its type encoding tells it from a number.
    case let number as NSNumber where String(cString: number.objCType) == "c":
      number.boolValue ? "true" : "false"
    case let number as NSNumber: "\(number)"
    default: nil
    }
  }
}

extension UInt8 {
  fileprivate var isWhiteSpace: Bool { [0x20, 0x09, 0x0A, 0x0D].contains(self) }
}
