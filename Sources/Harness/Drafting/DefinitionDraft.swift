import Basics
import Foundation

/// A definition that was guessed from a file, with the reason of each guess.
public struct DefinitionDraft: Sendable {
  public internal(set) var definition: BenchmarkDefinition
  /// What each column of the file was taken for, in the file's order.
  public internal(set) var columns: [Column]
  /// What a user should look at before going on.
  public internal(set) var remarks: [String]
  public let rows: Int

  public struct Column: Sendable {
    public var name: String
    /// What it was taken for, such as `target valence`.
    public var role: String
    /// Why, and what its cells have in common.
    public var why, summary: String
  }

  /// What cannot be guessed from a file and has to be asked.
  public struct Question: Sendable {
    public var text: String
    /// The part of the request that takes the answer's ``parts(of:)``.
    public var answer: any WritableKeyPath<DraftRequest, [String]> & Sendable
    /// The option that answers it.
    public var option: String
    /// The file's.
    var columns: [String]

    /// What `answer` names: a column as a whole, or several with commas or spaces between them.
    public func parts(of answer: String) -> [String] {
      let whole = answer.trimmingCharacters(in: .whitespaces)
      if whole.isEmpty || columns.contains(whole) { return whole.isEmpty ? [] : [whole] }
      return whole.split(separator: whole.contains(",") ? "," : " ")
        .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
  }
}

extension DefinitionDraft {
  /// Reads the file of `request` and takes what the request leaves open from it.
  /// - Throws: ``HarnessError/invalid(_:)`` with the faults of the file and the columns that it lacks,
  ///   ``HarnessError/usage(_:)`` where an option is malformed or something cannot be guessed.
  public init(_ request: DraftRequest) throws(HarnessError) {
    self = try Guesser(guessing: request).draft()
  }

  /// What ``init(_:)`` would refuse to guess.
  public static func questions(_ request: DraftRequest) throws(HarnessError) -> [Question] {
    try Guesser(guessing: request).questions
  }

  /// The format of `file`, by its name and its first bytes.
  static func format(_ file: URL, _ text: SourceText) -> TableFormat {
    if let first = text.bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }),
      first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    {
      return .jsonl
    }
    let header = text.bytes.prefix { $0 != 0x0A }
    if header.contains(0x09) || file.pathExtension.lowercased() == "tsv" { return .tsv }
    let escapes = zip(text.bytes, text.bytes.dropFirst()).contains { $0 == 0x5C && $1 == 0x22 }
    guard escapes else { return .csv }
    let plain = DelimitedReader.records(of: text, format: .csv).faults.count
    let escaped = DelimitedReader.records(of: text, format: .csvBackslash).faults.count
    return escaped < plain ? .csvBackslash : .csv
  }
}

/// Takes the columns of a file one after another for what they probably are.
struct Guesser {
  let request: DraftRequest
  let table: DelimitedTable
  let format: TableFormat
  let sketches: [ColumnSketch]
  /// Column to what it was taken for, and why.
  var roles: [String: (role: String, why: String)] = [:]
  var remarks: [String] = []
  var ids: [String] = []
  var text: String?
  var splitColumn: String?
  var targets: [DraftRequest.Named] = []
  var clusters: [DraftRequest.Named] = []
  var attributes: [DraftRequest.Named] = []

  static let given = "as you said"

  /// Before anything is guessed.
  init(
    _ request: DraftRequest, table: DelimitedTable, format: TableFormat
  ) throws(HarnessError) {
    (self.request, self.table, self.format) = (request, table, format)
    if table.header.count == 1, let name = table.header.first, name.contains(";") {
      throw .fault(
        .header, file: table.name, line: 1, found: name,
        expected: "columns separated by commas or tabs, not by semicolons")
    }
    guard !table.records.isEmpty else {
      throw .fault(.rowCount, file: table.name, found: "no rows", expected: "at least one row")
    }
    sketches = table.header.indices.map { index in
      ColumnSketch(table.header[index], cells: table.records.map { $0.fields[index] })
    }
  }

  /// Reads the file and guesses what the request leaves open.
  init(guessing request: DraftRequest) throws(HarnessError) {
    let text = try SourceText(contentsOf: request.file)
    let format = DefinitionDraft.format(request.file, text)
    try self.init(request, table: DelimitedTable(text, format: format), format: format)
    try takeWhatIsSaid()
    guessSplitColumn()
    guessText()
    guessIDs()
    guessClusters()
    guessNamedAttributes()
    guessTargets()
    guessOtherAttributes()
  }

  /// Columns without a role yet, in the file's order.
  var free: [ColumnSketch] { sketches.filter { roles[$0.name] == nil } }

  func sketch(_ column: String) -> ColumnSketch? { sketches.first { $0.name == column } }

  mutating func take(_ column: String, _ role: String, _ why: String) {
    roles[column] = roles[column].map { ($0.role + ", " + role, $0.why) } ?? (role, why)
  }

  mutating func takeWhatIsSaid() throws(HarnessError) {
    targets = try request.targets.map { text throws(HarnessError) in
      try DraftRequest.named(text, option: "target")
    }
    clusters = try request.clusters.map { text throws(HarnessError) in
      try DraftRequest.named(text, option: "cluster")
    }
    attributes = try request.attributes.map { text throws(HarnessError) in
      try DraftRequest.named(text, option: "attribute")
    }
    (ids, text, splitColumn) = (request.ids, request.text, request.splitColumn)
    let said =
      ids.map { ($0, "id") } + targets.map { ($0.column, "target \($0.name)") }
      + clusters.map { ($0.column, "cluster \($0.name)") }
      + attributes.map { ($0.column, "attribute \($0.name)") }
      + [text.map { ($0, "text") }, splitColumn.map { ($0, "split") }].compactMap(\.self)
    var faults: [Diagnostic] = []
    for (column, role) in said where table.require(column, faults: &faults) != nil {
      take(column, role, Self.given)
    }
    for target in targets { faults += labelFaults(target.column) }
    if !faults.isEmpty { throw .invalid(faults) }
    if splitColumn != nil && request.shares != nil {
      throw .usage("Give --split-column or --split, not both.")
    }
    if let by = request.by, request.shares == nil || !clusters.isEmpty && !isCluster(by) {
      throw .usage("--by takes one of the clusters, together with --split; found '\(by)'.")
    }
  }

  /// The cells of a column of labels that are no numbers, or one fault where most are none.
  private func labelFaults(_ column: String) -> [Diagnostic] {
    guard let sketch = sketch(column), !sketch.isNumeric, let index = table.index(of: column)
    else { return [] }
    var faults: [Diagnostic] = []
    guard sketch.isMostlyNumeric else {
      faults.add(
        .number, file: table.name, field: column, found: "cells that are no numbers",
        expected: "numbers, as labels are")
      return faults
    }
    for record in table.records {
      let cell = record.fields[index]
      if sketch.missingCells.contains(RowLayout.identifier(cell)) { continue }
      _ = NumberSyntax.cell(
        cell, file: table.name, line: record.line, column: table.position(index), field: column,
        shown: "a label that is not shown", faults: &faults)
    }
    return faults
  }

  private func isCluster(_ name: String) -> Bool {
    clusters.contains { $0.name == name || $0.column == name }
  }

  mutating func guessSplitColumn() {
    let known: Set<String> = [
      "train", "training", "dev", "val", "valid", "validation", "test", "testing", "heldout",
      "eval",
    ]
    guard splitColumn == nil, request.shares == nil else { return }
    let column = free.first { sketch in
      NameHint.split.fits(sketch) && sketch.missing == 0 && sketch.distinct > 1
        && sketch.counts.keys.allSatisfy { known.contains($0.lowercased()) }
    }
    guard let column else { return }
    splitColumn = column.name
    take(column.name, "split", "its name, and values that are names of splits")
  }

  mutating func guessText() {
    guard text == nil else { return }
    let texts = free.filter { sketch in
      !sketch.isNumeric && sketch.distinct > 1
        && (sketch.meanLength >= 40 || sketch.meanLength >= 12 && NameHint.text.fits(sketch))
    }
    guard let longest = texts.max(by: { $0.meanLength < $1.meanLength }) else { return }
    text = longest.name
    take(longest.name, "text", "the longest text")
    for other in texts where other.name != longest.name {
      take(other.name, "not used", "text too, but shorter; --text takes it instead")
    }
  }

  mutating func guessIDs() {
    guard ids.isEmpty else { return }
    if let best = bestID(among: free) {
      ids = [best.name]
      take(best.name, "id", "every row has another value")
      if Self.idRank(best) == 3 {
        remarks.append(
          "The row's number (column '\(best.name)') is the id: it changes if rows are added before "
            + "others or sorted. A column of ids in the file would be safer.")
      }
    } else if let pair = uniquePair() {
      ids = pair.map(\.name)
      for sketch in pair { take(sketch.name, "id", "the two of them differ in every row") }
    }
  }

  /// Of the columns that differ in every row the one that most looks like an id.
  func bestID(among columns: [ColumnSketch]) -> ColumnSketch? {
    columns.filter { $0.isUnique && $0.canName && !NameHint.attribute.fits($0) }
      .min { Self.idRank($0) < Self.idRank($1) }
  }

  private static func idRank(_ sketch: ColumnSketch) -> Int {
    if sketch.name.isEmpty || NameHint.index.fits(sketch) { return 3 }
    if NameHint.id.fits(sketch) { return 0 }
    return sketch.isNumeric ? 2 : 1
  }

  /// Two columns that name things and together differ in every row.
  private func uniquePair() -> [ColumnSketch]? {
    let columns = free.filter { $0.canName && (isIDLike($0) || NameHint.position.fits($0)) }
      .prefix(8)
    for (place, first) in columns.enumerated() {
      for second in columns.dropFirst(place + 1) {
        let joined = zip(cells(first), cells(second)).map { "\($0):\($1)" }
        if Set(joined).count == joined.count { return [first, second] }
      }
    }
    return nil
  }

  func cells(_ sketch: ColumnSketch) -> [String] {
    guard let index = table.index(of: sketch.name) else { return [] }
    return table.records.map { RowLayout.identifier($0.fields[index]) }
  }

  func isIDLike(_ sketch: ColumnSketch) -> Bool {
    NameHint.id.fits(sketch) || NameHint.person.fits(sketch) || NameHint.cluster.fits(sketch)
  }

  /// What is needed and was neither said nor found.
  var questions: [DefinitionDraft.Question] {
    let known = "Columns: \(table.header.joined(separator: ", "))."
    var questions: [DefinitionDraft.Question] = []
    if ids.isEmpty {
      questions.append(
        DefinitionDraft.Question(
          text: "No column differs in every row. Which columns together make a row's id? \(known)",
          answer: \.ids, option: "--id", columns: table.header))
    }
    if targets.isEmpty {
      questions.append(
        DefinitionDraft.Question(
          text: "No column looks like labels. Which one is predicted (COLUMN or COLUMN:LOW:HIGH)? "
            + known, answer: \.targets, option: "--target", columns: table.header))
    }
    return questions
  }
}
