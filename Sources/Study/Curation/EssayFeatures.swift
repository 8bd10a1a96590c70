public import Foundation
import Harness
import Reference

/// What the regression behind a choice of labels reads: word counts, or an encoder's states.
public struct EssayFeatures: Sendable, CustomStringConvertible {
  private let states: URL?

  /// - Parameter states: a folder that `invitro embed` wrote; nil for word counts.
  public init(states: URL?) { self.states = states }

  public var description: String { states == nil ? "word counts" : "first-token states" }

  /// (n, D), a row for each essay of the split.
  ///
  /// - Throws: `HarnessError` where a row of the split has no state.
  public func load(for rated: RatedSplit) throws -> [[Double]] {
    guard let states else { return WordFeatures.extract(rated.essays.map(\.text)) }
    let found = try NumPyArray.read(states.appending(path: "states.npy"))
    let file = states.appending(path: "rows.tsv")
    let table = try LabelTable.read(file)
    guard table.header == ["set", "id"], table.rows.count == found.count else {
      throw HarnessError.invalid([
        Diagnostic(
          .rowCount, file: file.relativePath, found: "\(table.rows.count) rows",
          expected: "columns set and id, and \(found.count) rows as in states.npy")
      ])
    }
    let places = Dictionary(
      table.rows.enumerated().map { ("\($1[0]) \($1[1])", $0) }, uniquingKeysWith: { a, _ in a })
    let rows = rated.essays.map { places["\(rated.set) \($0.id)"] }
    let missing = rows.count { $0 == nil }
    guard missing == 0 else {
      throw HarnessError.invalid([
        Diagnostic(
          .missingID, file: file.relativePath, found: "no state for \(missing) rows",
          expected: "all rows of \(rated.set): run `invitro embed` on that split")
      ])
    }
    return rows.compactMap { $0.map { found[$0] } }
  }
}
