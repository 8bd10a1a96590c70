import Basics
public import Study

/// The agreement of raters as text and as a picture.
extension AgreementReport {
  private static let figures: [(String, TextTable.Alignment)] = [
    ("n", .right), ("alpha", .right), ("MAE", .right), ("SD", .right), ("PCC", .right),
    ("bias", .right),
  ]

  public var text: String {
    var parts = ["\(benchmark)/\(split): \(rows) rows"]
    var table = TextTable([("raters", .left)] + Self.figures)
    for pair in pairs { table.add(["\(pair.first), \(pair.second)"] + Self.cells(pair)) }
    parts.append(table.text)
    if !groups.isEmpty { parts.append(groupText) }
    for list in largest where !list.rows.isEmpty { parts.append(Self.listing(list)) }
    return parts.joined(separator: "\n\n")
  }

  private static func cells(_ pair: Pair) -> [String] {
    ["\(pair.n)"]
      + [pair.alpha, pair.mae, pair.sd, pair.pcc, pair.bias].map {
        $0.map { Rounding.text($0) } ?? "undefined"
      }
  }

  private var groupText: String {
    var table = TextTable(
      [("attribute", .left), ("group", .left), ("raters", .left)] + Self.figures)
    for group in groups {
      let raters = "\(group.first), \(group.second)"
      // In the wide column, so that the columns of figures stay narrow.
      let who = group.suppressed.map { "\(raters): \($0)" } ?? raters
      let empty = Array(repeating: "", count: Self.figures.count)
      table.add(
        [group.attribute, group.group, who] + (group.agreement.map(Self.cells) ?? empty))
    }
    return table.text
  }

  private static func listing(_ list: Largest) -> String {
    var table = TextTable([
      ("id", .left), (list.first, .right), (list.second, .right), ("difference", .right),
    ])
    for row in list.rows {
      table.add(
        [row.id]
          + (row.labels + [row.difference]).map { Rounding.text($0, decimals: 2) })
    }
    let essays = list.rows.compactMap { row in row.essay.map { "\(row.id): \($0)" } }
    return (["largest differences of \(list.first) and \(list.second)", table.text] + essays)
      .joined(separator: "\n")
  }

  /// The distribution of differences, a panel for each pair.
  public var plot: PlotDocument {
    PlotDocument(
      title: "\(benchmark)/\(split): differences between labels",
      panels: distributions.map { distribution in
        let points = zip(distribution.edges, distribution.counts).flatMap { edge, count in
          [(x: edge, y: Double(count)), (x: edge + 0.5, y: Double(count))]
        }
        return PlotDocument.Panel(
          horizontal: "\(distribution.first) - \(distribution.second)", vertical: "essays",
          series: [
            PlotDocument.Series(
              name: "\(distribution.counts.reduce(0, +)) essays", points: points)
          ])
      })
  }
}
