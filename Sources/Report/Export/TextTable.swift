import Basics

/// A table for the terminal: columns as wide as their widest cell, numbers to the right.
public struct TextTable {
  public enum Alignment: Sendable { case left, right }

  private let header: [String]
  private let alignment: [Alignment]
  private var rows: [[String]] = []

  public init(_ columns: [(String, Alignment)]) {
    header = columns.map(\.0)
    alignment = columns.map(\.1)
  }

  public mutating func add(_ cells: [String]) {
    precondition(cells.count == header.count, "as many cells as columns")
    // A name from outside may hold what a terminal takes for a command.
    rows.append(cells.map(InvisibleCharacters.escaped))
  }

  public var text: String {
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { index, cell in
        let space = String(repeating: " ", count: widths[index] - cell.count)
        return alignment[index] == .left ? cell + space : space + cell
      }
      return padded.joined(separator: "  ").trimmingSuffix(" ")
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
    return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
  }
}

extension String {
  fileprivate func trimmingSuffix(_ character: Character) -> String {
    var out = self[...]
    while out.last == character { out.removeLast() }
    return String(out)
  }
}
