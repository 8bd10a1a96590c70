import Basics
import Harness

/// `comparison.csv`: every pair of a board.
enum ComparisonCSV {
  static func text(_ comparison: BoardComparison) -> String {
    var csv = CSVWriter([
      "first", "second", "difference", "low", "high", "p", "p_holm", "p_bh", "undefined",
    ])
    for pair in comparison.pairs {
      let figures = [
        pair.difference, pair.low, pair.high, pair.p, pair.adjusted, pair.discoveryRate,
      ]
      csv.add(
        [.text(pair.first), .text(pair.second)] + CSVWriter.Cell.numbers(figures, decimals: 4)
          + [.text(pair.undefined)])
    }
    return csv.text
  }
}
