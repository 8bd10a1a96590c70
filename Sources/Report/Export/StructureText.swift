import Basics
import Harness
public import Study

/// The structure of a split's labels as tables and as a picture.
extension LabelStructure {
  /// As far as there is something to say.
  var parts: [ResultDocument.Part] {
    let tables = [shares, correlationTable, quantileTable, replacedTable]
    return tables.filter { !$0.rows.isEmpty }.map { .table($0) }
      + (rowsByPerson.map { [.prose(text($0))] } ?? [])
  }

  private var percent: String { FigureText.percent(level) }

  private var shares: ResultTable {
    let names = [cluster] + (crossed.map { [$0] } ?? [])
    return ResultTable(
      "shares", caption: "Shares of the variance: REML, \(percent) profile likelihood",
      [.text("labels"), .number("rows")]
        + zip(names, ["clusters", "crossed_clusters"]).map { .number($0.plural, key: $1) }
        + zip(names, ["share", "crossed_share"]).map { .bounded($0, key: $1) }
        + [.bounded("rest", key: "rest_share")],
      components.map { components in
        [.text(components.rater), .count(components.rows)]
          + names.map { .count(components.clusters[$0] ?? 0) }
          + (names + ["rest"]).map { name in
            components.shares[name].map(Self.cell) ?? .none(components.undefined)
          }
      })
  }

  private var correlationTable: ResultTable {
    ResultTable(
      "correlations", caption: "Correlations: \(percent) jackknife over \(cluster.plural)",
      [
        .text("rater"), .text("other"), .number("rows"), .number(cluster.plural, key: "clusters"),
        .bounded("within \(cluster.plural)", key: "within"), .bounded("of means"),
        .bounded("of means, by rows"), .bounded("latent"),
      ],
      correlations.map { pair in
        [.text(pair.first), .text(pair.second), .count(pair.rows), .count(pair.persons)]
          + [pair.within, pair.means, pair.weightedMeans, pair.latent].map(Self.cell)
      })
  }

  private var quantileTable: ResultTable {
    ResultTable(
      "quantiles",
      caption:
        "Agreement of single \(cluster.plural) with \(Self.rowsOfPerson) rows or more: each "
        + "quantile is the mean of five \(cluster.plural)",
      [.text("rater"), .text("other"), .text("figure"), .number(cluster.plural, key: "clusters")]
        + ["10", "25", "50", "75", "90"].map { .number("\($0)%", key: "q\($0)") },
      byPerson.map { row in
        [
          .text(row.first), .text(row.second),
          .text(row.figure.uppercased(), remark: row.undefined), .count(row.persons),
        ] + Self.quantiles.map { .number(row.quantiles?["\($0)"], decimals: 3) }
      })
  }

  private var replacedTable: ResultTable {
    ResultTable(
      "replaced",
      caption:
        "Labels replaced: seed \(seed) of the random rows, in brackets their central 95%",
      [
        .text("model"), .number("alpha"), .number("replaced"),
        .number(cluster.plural, key: "clusters"),
        .number("top five"), .bounded("random rows", key: "top_five_random"),
        .number("p", key: "top_five_p"), .number("Gini"),
        .bounded("random rows", key: "gini_random"), .number("p", key: "gini_p"),
      ],
      replaced.map { row in
        [
          .text(row.model), .number(row.alpha, decimals: 1), .count(row.rows),
          .count(row.persons, remark: row.persons == nil ? row.undefined : nil),
        ] + Self.cells(row.topShare) + Self.cells(row.gini)
      })
  }

  private static func cell(_ value: Value) -> ResultTable.Cell {
    let reason = value.undefined ?? ""
    guard value.value != nil else { return .none("undefined: \(reason)") }
    let hasInterval = value.low != nil && value.high != nil
    return .bounded(
      value.value, value.low, value.high, remark: hasInterval ? nil : "no interval: \(reason)")
  }

  private static func cells(_ figure: Compared?) -> [ResultTable.Cell] {
    guard let figure else { return [.empty, .empty, .empty] }
    return [
      .number(figure.value, decimals: 3), .bounded(figure.random, figure.low, figure.high),
      .probability(figure.p),
    ]
  }

  private func text(_ rows: RowsByPerson) -> String {
    let spread =
      rows.least == rows.most
      ? "\(rows.least) each"
      : "\(rows.least) to \(rows.most) each, median \(Rounding.text(rows.median, decimals: 1))"
    func cell(_ value: Double?, _ decimals: Int) -> String {
      TextTable.cell(value, decimals: decimals)
    }
    return "\(rows.rows) rows of \(rows.persons) \(cluster.plural), \(spread): as much as "
      + "\(cell(rows.effective, 1)) \(cluster.plural) of one size. The five with most rows have "
      + "\(cell(rows.topShare, 3)) of them; Gini \(cell(rows.gini, 3))."
  }

  /// Panels for each pair of raters, within and between persons; nil without any mark.
  public func plot(of set: String) -> PlotDocument? {
    func series(_ name: String, _ marks: [Mark]) -> PlotDocument.Series {
      PlotDocument.Series(
        name: name, points: marks.map { (x: $0.x, y: $0.y) },
        bars: marks.map { (x: $0.x, low: $0.low, high: $0.high) })
    }
    let panels = pictures.flatMap { picture in
      [
        PlotDocument.Panel(
          horizontal: "\(picture.second), less the \(cluster)'s mean",
          vertical: "\(picture.first), less its mean",
          series: [series("groups of rows", picture.within)]),
        PlotDocument.Panel(
          horizontal: "\(picture.second), \(cluster.plural) in groups", vertical: picture.first,
          series: [
            series("means", picture.means), series("shrunken effects", picture.predicted),
          ]),
      ]
    }.filter { panel in panel.series.contains { !$0.points.isEmpty } }
    guard !panels.isEmpty else { return nil }
    return PlotDocument(
      title: "\(set): agreement within and between \(cluster.plural), with 95% intervals",
      panels: panels)
  }
}
