import Harness
import Report

/// The faults of one line of a file, or of no line, with the line as it stands there.
struct FaultGroup: Encodable {
  private var number: Int?
  var line, text: String?
  var faults: [Fault]

  struct Fault: Encodable {
    var isError: Bool
    var words: String

    init(_ fault: Diagnostic) {
      isError = fault.severity == .error
      let column = fault.column.map { "column \($0)" }
      let place = [column, fault.field].compactMap { $0 }.joined(separator: ", ")
      let found = fault.found.map { "found \($0.isEmpty ? "an empty value" : "“\($0)”"), " } ?? ""
      words = (place.isEmpty ? "" : place + ": ") + found + "expected \(fault.expected)"
    }
  }

  /// Lines that are shown; the rest is counted.
  static let maxLines = 50

  /// In the order of the file: what is no line's stands first.
  /// - Parameter lines: of the file, by number.
  static func list(_ faults: [Diagnostic], lines: [Int: String] = [:]) -> [FaultGroup] {
    var groups: [FaultGroup] = []
    var places: [Int?: Int] = [:]
    for fault in faults {
      if let place = places[fault.line] {
        groups[place].faults.append(Fault(fault))
        continue
      }
      guard groups.count < maxLines else { continue }
      places[fault.line] = groups.count
      groups.append(
        FaultGroup(
          number: fault.line, line: fault.line.map(String.init),
          text: fault.line.flatMap { lines[$0] },
          faults: [Fault(fault)]))
    }
    return groups.sorted { ($0.number ?? 0) < ($1.number ?? 0) }
  }

  /// The numbers of the lines that a list shows.
  static func lines(of faults: [Diagnostic]) -> Set<Int> {
    Set(faults.compactMap(\.line).prefix(2000))
  }
}
