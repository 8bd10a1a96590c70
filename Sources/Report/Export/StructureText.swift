import Basics
import Harness
public import Study

/// The structure of a split's labels as tables and as a picture.
extension LabelStructure {
  /// A title and a table each, as far as there is something to say.
  var tables: [String] {
    let percent = FigureText.percent(level)
    var parts: [String] = []
    func add(_ title: String, _ columns: [String], _ rows: [[String]]) {
      if !rows.isEmpty { parts.append("\(title)\n\(TextTable.text(columns, rows))") }
    }
    let names = [cluster] + (crossed.map { [$0] } ?? [])
    add(
      "Shares of the variance: REML, \(percent) profile likelihood",
      ["labels", ">rows"] + names.map { ">\($0.plural)" } + names + ["rest"],
      components.map { components in
        [components.rater, "\(components.rows)"]
          + names.map { "\(components.clusters[$0] ?? 0)" }
          + (names + ["rest"]).map { name in
            components.shares[name].map { Self.text($0) } ?? components.undefined ?? ""
          }
      })
    add(
      "Correlations: \(percent) jackknife over \(cluster.plural)",
      [
        "raters", ">rows", ">\(cluster.plural)", "within \(cluster.plural)", "of means",
        "of means, by rows", "latent",
      ],
      correlations.map { pair in
        ["\(pair.first), \(pair.second)", "\(pair.rows)", "\(pair.persons)"]
          + [pair.within, pair.means, pair.weightedMeans, pair.latent].map { Self.text($0) }
      })
    add(
      "Agreement of single \(cluster.plural) with \(Self.rowsOfPerson) rows or more: each quantile is "
        + "the mean of five \(cluster.plural)",
      ["raters", "figure", ">\(cluster.plural)", ">10%", ">25%", ">50%", ">75%", ">90%"],
      byPerson.map { row in
        let figure = row.undefined.map { "\(row.figure.uppercased()): \($0)" }
        return ["\(row.first), \(row.second)", figure ?? row.figure.uppercased(), "\(row.persons)"]
          + Self.quantiles.map { TextTable.cell(row.quantiles?["\($0)"], decimals: 3) }
      })
    add(
      "Labels replaced: seed \(seed) of the random rows, in brackets their central 95%",
      [
        "model", ">alpha", ">replaced", ">\(cluster.plural)", ">top five", "random rows", ">p",
        ">Gini", "random rows", ">p",
      ],
      replaced.map { row in
        [
          row.model, TextTable.cell(row.alpha, decimals: 1), "\(row.rows)",
          row.persons.map { "\($0)" } ?? row.undefined ?? "",
        ] + Self.cells(row.topShare) + Self.cells(row.gini)
      })
    if let rowsByPerson { parts.append(text(rowsByPerson)) }
    return parts
  }

  private static func text(_ value: Value) -> String {
    guard let number = value.value else { return "undefined (\(value.undefined ?? ""))" }
    let interval = TextTable.interval(value.low, value.high, decimals: 3)
    return Rounding.text(number, decimals: 3) + " "
      + (interval ?? "(no interval: \(value.undefined ?? ""))")
  }

  private static func cells(_ figure: Compared?) -> [String] {
    guard let figure else { return ["", "", ""] }
    let interval = TextTable.interval(figure.low, figure.high, decimals: 3).map { " \($0)" } ?? ""
    return [
      TextTable.cell(figure.value, decimals: 3),
      TextTable.cell(figure.random, decimals: 3) + interval, TextTable.probability(figure.p),
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
