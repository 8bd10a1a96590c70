public import Harness
import Metrics

/// The page that a scoring program leaves beside its scores: one HTML document that needs nothing
/// beside it. It holds what the reports hold: aggregates, and of a small group that it exists.
public struct DetailedResults {
  private let tracks: [ScoringProgram.Track]
  private let decimals: Int

  /// The page of the tracks' reports, which are rounded already; `decimals` (0 to 4) are shown of
  /// every figure.
  public init(_ tracks: [ScoringProgram.Track], decimals: Int = 4) {
    (self.tracks, self.decimals) = (tracks, decimals)
  }

  public var html: String {
    let parts = tracks.map { track in
      (track.title, TrackResults(track.report, targets: track.targets, decimals: decimals))
    }
    let title = parts.count == 1 ? parts[0].1.title : "Scores on \(parts.count) tracks"
    let content = parts.map { name, results in
      (name.map { "<h1>\(Escaping.markup($0))</h1>\n" } ?? "<h1>\(title)</h1>\n") + results.content
    }
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(title)</title>
      <style>\(Self.style)</style>
      </head>
      <body>
      <main>
      \(content.joined())</main>
      </body>
      </html>

      """
  }

  private static let style = """

    :root { color-scheme: light dark; --ink: #14212b; --paper: #fff; --rule: #d5dde2;
      --accent: #0072b2; --soft: #4b5b67; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6edf2; --paper: #11181e;
      --rule: #33414c; --accent: #6cb8e6; --soft: #a9b7c2; } }
    body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
      background: var(--paper); }
    main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
    h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th, td { padding: 0.3rem 0.8rem 0.3rem 0; border-bottom: 1px solid var(--rule);
      text-align: left; vertical-align: top; }
    tbody th { font-weight: 400; }
    .wide { overflow-x: auto; } .note, em { color: var(--soft); }
    code { overflow-wrap: anywhere; }
    .wk .iv { stroke: var(--accent); stroke-width: 2; fill: none; }
    .wk .pt { fill: var(--accent); }

    """
}

/// What the page shows of one report.
private struct TrackResults {
  private let report: ScoreReport
  private let targets: [Target]
  private let decimals: Int

  init(_ report: ScoreReport, targets: [Target], decimals: Int) {
    (self.report, self.targets, self.decimals) = (report, targets, decimals)
  }

  var title: String { "Scores on \(text(report.benchmark)), \(text(report.split))" }

  var content: String {
    let tables = targets.compactMap { target in
      report.targets[target.name].map { figures(target, $0) }
    }
    let sections = tables + [groups, disparities, wassa, provenance]
    return """
      <p>\(FigureText.count(report.n)) rows by \(FigureText.counted(report.clusters, "cluster")); \
      intervals take the rows of a cluster as belonging together.</p>
      \((report.notes ?? []).map { "<p class=\"note\">\(text($0))</p>\n" }.joined())\
      \(sections.joined())
      """
  }

  /// Made harmless, then escaped.
  private func text(_ text: String) -> String { Escaping.markup(SafeText.cleaned(text)) }

  private func number(_ value: Double?) -> String { FigureText.number(value, decimals: decimals) }

  private func section(_ title: String, _ content: String) -> String {
    "<section>\n<h2>\(title)</h2>\n\(content)</section>\n"
  }

  private func table(_ heads: [String], _ rows: [String]) -> String {
    let cells = heads.map { "<th scope=\"col\">\($0)</th>" }.joined()
    return "<div class=\"wide\"><table>\n<thead><tr>\(cells)</tr></thead>\n<tbody>\n"
      + rows.joined() + "</tbody>\n</table></div>\n"
  }

  private func row(_ head: String, _ cells: [String]) -> String {
    "<tr><th scope=\"row\">\(head)</th>" + cells.map { "<td>\($0)</td>" }.joined() + "</tr>\n"
  }

  private func figures(_ target: Target, _ scores: TargetScores) -> String {
    let metrics = scores.metrics.compactMap { metric in scores[metric].map { (metric, $0) } }
    let axis = BoardTable.axis(metrics.filter { $0.0 == .pcc || $0.0 == .ccc }.map(\.1), .pcc)
    let rows = metrics.map { metric, figure in
      let bounded = metric == .pcc || metric == .ccc
      return row(
        "\(metric.longTitle) (\(metric.title))",
        [
          figure.value == nil
            ? "<em>undefined: \(text(figure.undefined ?? "no reason given"))</em>"
            : number(figure.value), FigureText.interval(figure, decimals: decimals) ?? "",
          bounded ? Whisker(axis: axis).drawing(figure).text : "", metric.direction,
        ])
    }
    return section(
      target.title, table(["Metric", "Value", "Interval", "Drawing", "Direction"], rows))
  }

  private var groupMetrics: [Metric] {
    let shown = Set(report.groups.flatMap { $0.targets.values.flatMap(\.metrics) })
    return Metric.all.filter { [.pcc, .ccc, .rmse].contains($0) || shown.contains($0) }
  }

  private var groups: String {
    guard !report.groups.isEmpty else { return "" }
    let rows = report.groups.flatMap { group -> [String] in
      let name = "\(text(group.attribute)): \(text(group.group))"
      if let reason = group.suppressed {
        return [
          row(
            name, ["<em>\(text(reason))</em>"] + Array(repeating: "", count: groupMetrics.count + 2)
          )
        ]
      }
      return targets.compactMap { target in
        group.targets[target.name].map { scores in
          row(
            name,
            [target.name, group.n.map { FigureText.count($0) } ?? ""]
              + groupMetrics.map { number(scores[$0]?.value) } + [number(scores.bias)])
        }
      }
    }
    return section(
      "Groups",
      table(["Group", "Target", "Rows"] + groupMetrics.map(\.title) + ["Bias"], rows)
        + "<p>A group under 10 rows or 5 clusters is not shown, nor one that would reveal such a "
        + "group.</p>\n")
  }

  private var disparities: String {
    let tested = report.disparities ?? []
    guard !tested.isEmpty else { return "" }
    let rows = tested.map { one in
      row(
        text(one.attribute),
        [
          one.target, one.undefined.map { "<em>\(text($0))</em>" } ?? number(one.gap),
          text(one.lowest ?? ""), text(one.highest ?? ""),
          one.adjusted.map(FigureText.probability) ?? "",
        ])
    }
    return section(
      "Gaps between groups in CCC",
      table(["Attribute", "Target", "Gap", "Lowest", "Highest", "p (Holm)"], rows))
  }

  private var wassa: String {
    func cell(_ value: Double?) -> String { value.map { number($0) } ?? "not attempted" }
    let official = report.wassa.official
    func cells(_ all: Double?, _ first: Double?) -> [String] {
      [cell(all)] + (official == nil ? [] : [cell(first)])
    }
    let heads = official.map { ["All rows", $0.title] } ?? ["Value"]
    return section(
      "As the WASSA shared tasks count",
      table(
        ["Pearson correlation"] + heads,
        [row("Averaged", cells(report.wassa.averaged, official?.averaged))]
          + targets.map { row($0.title, cells(report.wassa[$0.name], official?[$0.name])) }))
  }

  private var provenance: String {
    section(
      "How this was made",
      "<p>invitro \(text(report.version)); signature <code>\(text(report.signature))</code>; "
        + "predictions SHA-256 <code>\(text(report.digests.predictions))</code>.</p>\n")
  }
}
