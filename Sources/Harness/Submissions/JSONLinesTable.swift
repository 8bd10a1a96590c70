import Foundation

/// Reads predictions from JSON lines: one object a line with an id and the targets.
enum JSONLinesTable {
  static func read(
    _ text: SourceText, columns: PredictionColumns
  ) throws(HarnessError) -> PredictionTable {
    var table = PredictionTable(name: text.name, ids: [], columns: [:], lines: [])
    var values: TargetTable<[Double?]> = [:]
    for (index, bytes) in text.bytes.split(
      separator: 0x0A, omittingEmptySubsequences: false
    ).enumerated() {
      if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      let line = index + 1
      guard let object = object(bytes, file: text.name, line: line, faults: &table.faults) else {
        continue
      }
      table.lines.append(line)
      table.ids?.append(id(object, columns, file: text.name, line: line, faults: &table.faults))
      for target in columns.targets {
        guard let name = columns.names(of: target).first(where: { object[$0] != nil }) else {
          values[target]?.append(nil)
          continue
        }
        let number = number(
          object[name] ?? nil, field: name, file: text.name, line: line, faults: &table.faults)
        let before = table.lines.count - 1
        values[target, default: [Double?](repeating: nil, count: before)].append(number)
      }
    }
    if values.isEmpty && table.faults.isEmpty {
      table.faults.add(
        .json, file: text.name, line: 1, found: "no key named \(columns.choice)",
        expected: #"{"id": "…", "\#(columns.targets.first ?? "target")": 4.5}"#)
    }
    if values.isEmpty { throw .invalid(table.faults) }
    table.columns = values.mapValues { PredictionColumn($0) }
    return table
  }

  private static func object(
    _ bytes: ArraySlice<UInt8>, file: String, line: Int, faults: inout [Diagnostic]
  ) -> [String: Any?]? {
    do {
      let value = try JSONSerialization.jsonObject(with: Data(bytes))
      if let object = value as? [String: Any] { return object }
      faults.add(.json, file: file, line: line, found: "no object", expected: "a JSON object")
    } catch {
      let reason = (error as NSError).userInfo["NSDebugDescription"] as? String
      faults.add(.json, file: file, line: line, found: reason ?? "\(error)", expected: "valid JSON")
    }
    return nil
  }

  private static func id(
    _ object: [String: Any?], _ columns: PredictionColumns, file: String, line: Int,
    faults: inout [Diagnostic]
  ) -> String {
    let own = columns.id.compactMap { text(object[$0] ?? nil) }
    if own.count == columns.id.count { return own.joined(separator: ":") }
    if let single = text(object["id"] ?? nil) { return single }
    faults.add(
      .missingID, file: file, line: line, expected: "the key \(columns.id.joined(separator: ", "))")
    return ""
  }

  private static func text(_ value: Any?) -> String? {
    switch value {
    case let text as String: RowLayout.identifier(text)
    case let number as NSNumber: RowLayout.identifier("\(number)")
    default: nil
    }
  }

  private static func number(
    _ value: Any?, field: String, file: String, line: Int, faults: inout [Diagnostic]
  ) -> Double? {
    switch value {
    case nil, is NSNull: return nil
    // A JSON true is an NSNumber too; its type encoding tells it from a number.
    case let number as NSNumber where String(cString: number.objCType) != "c":
      if number.doubleValue.isFinite { return number.doubleValue }
      faults.add(
        .nonFinite, file: file, line: line, field: field, found: "\(number)",
        expected: "a finite number")
      return nil
    case let text as String:
      return DelimitedPredictions.cell(
        text, file: file, line: line, column: 1, field: field, emptyIsFault: false, faults: &faults)
    default:
      faults.add(
        .number, file: file, line: line, field: field, found: "another type", expected: "a number")
      return nil
    }
  }
}
