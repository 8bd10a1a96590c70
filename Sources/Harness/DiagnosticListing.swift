/// Diagnostics as people read them: of what repeats, one line with a count, the first few and the last.
/// Programs read the diagnostics themselves.
public struct DiagnosticListing: Sendable {
  /// In the order in which each kind first occurs.
  public let lines: [String]

  /// As many of a kind are told one by one.
  private static let fewest = 3
  /// Lines of different kinds that are told at most.
  private static let mostLines = 40

  public init(_ faults: [Diagnostic]) {
    var order: [Kind] = []
    var kinds: [Kind: [Diagnostic]] = [:]
    for fault in faults {
      let kind = Kind(fault)
      if kinds[kind] == nil { order.append(kind) }
      kinds[kind, default: []].append(fault)
    }
    var (lines, told) = ([String](), 0)
    for kind in order where lines.count < Self.mostLines {
      let part = kinds[kind] ?? []
      lines += part.count > Self.fewest ? [Self.line(part)] : part.map(\.description)
      told += part.count
    }
    if told < faults.count { lines.append("… and \(faults.count - told) more of other kinds") }
    self.lines = lines
  }

  /// Faults of one kind differ in their lines and in single words alone.
  private struct Kind: Hashable {
    var code: Diagnostic.Code
    var severity: Diagnostic.Severity
    var file: String
    var field: String?
    var column: Int?
    var isFound: Bool
    var words: Int

    init(_ fault: Diagnostic) {
      (code, severity, file) = (fault.code, fault.severity, fault.file)
      (field, isFound) = (fault.field, fault.found != nil)
      // A header's columns are its cells.
      column = fault.code == .header ? nil : fault.column
      words = fault.expected.count { $0 == " " }
    }
  }

  /// All of `faults` in one line, which begins as that of the first.
  private static func line(_ faults: [Diagnostic]) -> String {
    guard var merged = faults.first else { return "" }
    let words = faults.map { $0.expected.split(separator: " ", omittingEmptySubsequences: false) }
    merged.expected = words[0].indices.map { place in
      enumerated(words.map { String($0[place]) })
    }.joined(separator: " ")
    let found = faults.compactMap(\.found).map { $0.isEmpty ? "an empty value" : "'\($0)'" }
    merged.found = nil
    let what = found.isEmpty ? "" : "found \(enumerated(found)), "
    let places = faults.compactMap(\.line)
    let several = Set(places).count > 1
    let tail =
      several
      ? "\(Set(places).count) lines: \(enumerated(places.map(String.init)))"
      : "\(faults.count) times"
    return
      "\(merged.place): \(merged.severity.rawValue): \(what)expected \(merged.expected) (\(tail))"
  }

  /// Up to four different texts as they stand, of more the first three and the last.
  private static func enumerated(_ texts: [String]) -> String {
    var (seen, distinct) = (Set<String>(), [String]())
    for text in texts where seen.insert(text).inserted { distinct.append(text) }
    guard let last = distinct.popLast() else { return "" }
    // Punctuation at a word's end belongs to the sentence.
    let marks = last.reversed().prefix { ",;:)".contains($0) }.count
    let first = distinct.map { String($0.dropLast(marks)) }
    return first.count < 4
      ? (first + [last]).joined(separator: ", ")
      : "\(first.prefix(3).joined(separator: ", ")) … \(last)"
  }
}
