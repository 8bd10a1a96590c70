import Basics
import Foundation

/// Forms that programs and spreadsheets write and no reader can take: each is told once, with the way
/// to write the file instead.
enum FormMistake {
  /// What is wrong with the form of a file as a whole; nil where nothing is known to be.
  static func find(in text: SourceText) -> Diagnostic? {
    let isBlank: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    guard let start = text.bytes.firstIndex(where: { !isBlank($0) }) else { return nil }
    let line = text.bytes[start...].prefix { $0 != 0x0A }
    switch text.bytes[start] {
    case UInt8(ascii: "["): return list(text)
    case UInt8(ascii: "{"): return object(text, firstLine: line)
    default: return semicolons(String(decoding: line, as: UTF8.self), text)
    }
  }

  private static let objectALine =
    "one JSON object on each line: pandas writes them with to_json(FILE, orient='records', "
    + "lines=True)"

  /// One list of everything. A list on each line is told by its cells.
  private static func list(_ text: SourceText) -> Diagnostic? {
    guard let whole = try? JSONSerialization.jsonObject(with: Data(text.bytes)) as? [Any],
      whole.count > 1
    else { return nil }
    let isOfObjects = whole.first is [String: Any]
    return Diagnostic(
      .json, file: text.name, line: 1, found: "one JSON list of \(whole.count) elements",
      expected: isOfObjects
        ? objectALine + ", jq makes them with jq -c '.[]' FILE"
        : "a row on each line: numbers separated by tabs, without brackets")
  }

  /// One object that goes over several lines, or whose values are columns.
  private static func object(_ text: SourceText, firstLine: ArraySlice<UInt8>) -> Diagnostic? {
    let first = try? JSONSerialization.jsonObject(with: Data(firstLine)) as? [String: Any]
    if let first {
      guard !first.isEmpty, first.values.allSatisfy({ $0 is [Any] || $0 is [String: Any] }) else {
        return nil
      }
      return Diagnostic(
        .json, file: text.name, line: 1, found: "one JSON object of whole columns",
        expected: objectALine)
    }
    guard (try? JSONSerialization.jsonObject(with: Data(text.bytes))) is [String: Any] else {
      return nil
    }
    return Diagnostic(
      .json, file: text.name, line: 1, found: "one JSON object over several lines",
      expected: objectALine)
  }

  /// Semicolons between fields, with decimal commas where lines have any.
  private static func semicolons(_ line: String, _ text: SourceText) -> Diagnostic? {
    let fields = line.trimmingCharacters(in: .whitespacesAndNewlines).split(
      separator: ";", omittingEmptySubsequences: false)
    guard fields.count > 1, !line.contains("\t") else { return nil }
    let isNumeric = fields.allSatisfy { Double($0.replacing(",", with: ".")) != nil }
    guard isNumeric || !line.contains(",") else { return nil }
    let comma = text.bytes.contains(UInt8(ascii: ","))
    return Diagnostic(
      .delimiter, file: text.name, line: 1,
      found: "semicolons between the fields" + (comma ? ", and decimal commas" : ""),
      expected: "tabs\(comma ? ", and decimal points" : ""), as this makes them: "
        + "sed '\(comma ? "s/,/./g; " : "")s/;/\\t/g' FILE > FILE.tsv")
  }

  /// What is wrong with the rows of a file without a header as a whole.
  /// - Parameters:
  ///   - targets: at most so many fields a row are right.
  static func find(
    inRows records: [DelimitedRecord], targets: [String], name: String
  ) -> Diagnostic? {
    guard let first = records.first, records.allSatisfy({ $0.fields.count == first.fields.count })
    else { return nil }
    return printedArrays(records, name) ?? decimalCommas(records, targets, name)
      ?? (first.fields.count > 1
        ? rowNumbers(records.map { Double($0.fields[0]) ?? .nan }, targets, name) : nil)
  }

  /// Rows most of which hold a number as Python prints tensors.
  private static func printedArrays(_ records: [DelimitedRecord], _ name: String) -> Diagnostic? {
    func isPrinted(_ record: DelimitedRecord) -> Bool {
      record.fields.contains { NumberSyntax.isPrinted($0.lowercased()) }
    }
    guard let first = records.first, isPrinted(first),
      records.count(where: isPrinted) * 2 > records.count
    else { return nil }
    return Diagnostic(
      .number, file: name, line: first.line, found: first.fields.joined(separator: ","),
      expected: NumberSyntax.plain)
  }

  /// `4,5` is one number to whoever wrote it, and two to the reader of a comma-separated file.
  private static func decimalCommas(
    _ records: [DelimitedRecord], _ targets: [String], _ name: String
  ) -> Diagnostic? {
    let width = records.first?.fields.count ?? 0
    let isWhole = records.allSatisfy { record in
      record.fields.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && !$0.isEmpty }
    }
    guard let first = records.first else { return nil }
    if records.count(where: hasCommas) * 2 > records.count {
      return Diagnostic(
        .decimalComma, file: name, line: first.line, found: first.fields.joined(separator: "  "),
        expected: "numbers with a decimal point, as this makes them: sed 's/,/./g' FILE > FILE.tsv")
    }
    guard width > 1, width % 2 == 0, isWhole else { return nil }
    let long = records.count { record in
      stride(from: 1, to: width, by: 2).allSatisfy { record.fields[$0].count > 1 }
    }
    guard width > targets.count || long * 2 > records.count else { return nil }
    return Diagnostic(
      .decimalComma, file: name, line: first.line, found: "\(first.fields[0]),\(first.fields[1])",
      expected: "numbers with a point as decimal sign, separated by tabs; "
        + "a comma separates fields")
  }

  /// Whether a row whose fields are apart has numbers with decimal commas.
  private static func hasCommas(_ record: DelimitedRecord) -> Bool {
    record.fields.contains { $0.contains(",") }
      && record.fields.allSatisfy { Double($0.replacing(",", with: ".")) != nil }
  }

  /// Rows that are counted in the first column, from 0 or 1 on.
  static func rowNumbers(
    _ column: [Double], _ targets: [String], _ name: String
  ) -> Diagnostic? {
    let fewest = 10
    guard column.count >= fewest, let start = column.first, start == 0 || start == 1,
      column.indices.allSatisfy({ column[$0] == start + Double($0) })
    else { return nil }
    return Diagnostic(
      .rowNumbers, file: name, line: 1, column: 1,
      found: "the row numbers \(Int(start)), \(Int(start) + 1), \(Int(start) + 2) …",
      expected: "predictions of \(targets.first ?? "the first target") in the first column; pandas "
        + "leaves its index out with to_csv(FILE, sep='\\t', header=False, index=False)")
  }
}

extension PredictionColumns {
  /// The way out where `header` has no column of ids.
  func idHint(_ header: [String]) -> String {
    let usual = id + (id.count == 1 ? ["id", "row_id"] : ["id"])
    let near = usual.lazy.compactMap { name in Self.near(name, in: header).map { (name, $0) } }
      .first
    if let (name, column) = near { return "; did you mean '\(column)'? Rename it to \(name)" }
    guard let index = header.first, index.isEmpty || index.hasPrefix("Unnamed:") else { return "" }
    return "; the first column is pandas' index: name it with to_csv(FILE, index_label='id') if it "
      + "holds the ids"
  }

  /// The column that may be meant for `target`, of those that are no target's own.
  func nearColumn(of target: String, in header: [String]) -> String? {
    let taken = Set(targets.flatMap(names(of:))).union(id)
    return Self.near(target, in: header.filter { !taken.contains($0) })
  }

  /// The name of `header` that holds `name`, in capitals or not, or is spelt nearly so.
  private static func near(_ name: String, in header: [String]) -> String? {
    let small = name.lowercased()
    return header.first { $0.lowercased() == small }
      ?? Spelling.nearest(name, among: header)
      ?? (small.count > 3 ? header.first { $0.lowercased().contains(small) } : nil)
  }

  /// Tells of targets without a column whose column may be called otherwise; an error where no target
  /// has one.
  /// - Parameter line: of the header.
  func unnamed(
    among header: [String], file: String, line: Int?, known: some Sequence<String>
  ) -> [Diagnostic] {
    let known = Set(known)
    let hints = targets.filter { !known.contains($0) && named[$0] == nil }.compactMap { target in
      nearColumn(of: target, in: header).map { (target, $0) }
    }
    if known.isEmpty {
      let hint = hints.map { "\($0)='\($1)'" }.joined(separator: " --column ")
      let example = "(or name it: --column \(targets.first ?? "target")=NAME)"
      return [
        Diagnostic(
          .header, file: file, line: line, found: header.joined(separator: ", "),
          expected: "a column named \(choice)"
            + (hints.isEmpty
              ? " " + example
              : "; did you mean '\(hints[0].1)'? Rename it, or name it: --column \(hint)"))
      ]
    }
    return hints.map { target, column in
      Diagnostic(
        .header, severity: .warning, file: file, line: line, field: target, found: column,
        expected: "the name \(target), if it is meant: rename it, or name it: --column "
          + "\(target)='\(column)'; so \(target) counts as not attempted")
    }
  }
}
