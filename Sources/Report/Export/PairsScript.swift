import Basics
import Foundation
import Harness
import Metrics

/// `pairs.js`: every tested pair for the page's comparison of two rows.
///
/// It is a script and not JSON so that it loads from a folder opened without a server too.
struct PairsScript: Encodable {
  let systems: [String]
  let pairs: [Row]
  let metric: String
  let level: Double
  let adjustment: String
  let family: String

  /// Written as a list: first, second, difference, low, high, p, adjusted, reason.
  struct Row: Encodable {
    let first: Int
    let second: Int
    let pair: BoardComparison.Pair

    func encode(to encoder: any Encoder) throws {
      var list = encoder.unkeyedContainer()
      try list.encode(first)
      try list.encode(second)
      for value in [pair.difference, pair.low, pair.high, pair.p, pair.adjusted] {
        if let value, value.isFinite { try list.encode(value) } else { try list.encodeNil() }
      }
      if let reason = pair.undefined { try list.encode(reason) }
    }
  }

  init(_ table: BoardTable, _ comparison: BoardComparison) {
    let systems = table.scored.map(\.slug)
    let places = Dictionary(
      systems.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
    self.systems = systems
    pairs = comparison.pairs.compactMap { pair in
      guard let first = places[pair.first], let second = places[pair.second] else { return nil }
      return Row(first: first, second: second, pair: pair)
    }
    metric = table.metric.title
    level = comparison.level
    adjustment = comparison.adjustment
    family = comparison.family
  }

  func script() throws -> Data {
    Data("window.invitroPairs = ".utf8) + (try CanonicalJSON.compact(self))
      + Data(";\n".utf8)
  }
}
