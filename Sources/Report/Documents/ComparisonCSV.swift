import Harness

/// `comparison.csv`: every pair of a board, RFC 4180, UTF-8, LF line ends.
enum ComparisonCSV {
  static func text(_ comparison: BoardComparison) -> String {
    let header = "first,second,difference,low,high,p,p_holm,p_bh,undefined"
    return ([header] + comparison.pairs.map(line)).joined(separator: "\n") + "\n"
  }

  private static func line(_ pair: BoardComparison.Pair) -> String {
    var cells = [LeaderboardCSV.quoted(pair.first), LeaderboardCSV.quoted(pair.second)]
    for figure in [
      pair.difference, pair.low, pair.high, pair.p, pair.adjusted, pair.discoveryRate,
    ] {
      cells.append(FigureText.sortKey(figure))
    }
    cells.append(LeaderboardCSV.quoted(pair.undefined ?? ""))
    return cells.joined(separator: ",")
  }
}
