import Harness
import Metrics
import Study

/// The published tables beside ours, each in the form of a table of the paper: a row a setting, a
/// column a metric, a cell a claim.
struct ReplicationPage: Encodable, Sendable {
  let paper: String
  /// The paper's address.
  let link: String?
  let setting: String
  /// Of the intervals of ours, which are made with the default choices.
  let level: String
  let tally: [Count]
  let summary: [SummaryBlock]
  let errata: Listed<Markup>?
  let sweeps: Listed<SweepFigure>?
  let tables: [ClaimTable]
  let experiments: Listed<Experiment>?
  let experimentLegend: String

  struct Count: Encodable, Sendable { let count, verdict, look: String }

  /// How the parts of the report fared whose claims are of one origin.
  struct SummaryBlock: Encodable, Sendable {
    let origin: String
    /// The last is of all.
    let parts: [Part]

    init?(_ origin: Replication.Origin, _ replication: Replication) {
      let parts = replication.tables.enumerated().compactMap { number, table in
        Part(table.title, table.claims.filter { $0.origin == origin }, id: ClaimTable.id(number))
      }
      let all = replication.claims.filter { $0.origin == origin }
      guard let total = Part("All", all, id: "claims", isTotal: true) else { return nil }
      self.parts = parts + [total]
      self.origin =
        origin == .paper
        ? "Claims of the paper" : "Figures known from the published files, not from the paper"
    }
  }

  struct Part: Encodable, Sendable {
    let part, partID, replicated, notReplicated, notRun: String
    let hasFailed, isTotal: Bool

    init?(_ title: String, _ claims: [Replication.Claim], id: String, isTotal: Bool = false) {
      guard !claims.isEmpty else { return nil }
      (part, partID, self.isTotal) = (title, id, isTotal)
      func count(_ verdict: Replication.Verdict) -> Int { claims.count { $0.verdict == verdict } }
      func text(_ count: Int) -> String {
        count == 0 ? FigureText.absent : FigureText.count(count)
      }
      (replicated, notReplicated) = (text(count(.replicated)), text(count(.notReplicated)))
      (notRun, hasFailed) = (text(count(.notRun)), count(.notReplicated) > 0)
    }
  }

  /// One part of the report: what was run, unfolded, and what was not.
  struct ClaimTable: Encodable, Sendable {
    let tableName, tableID: String
    let folds: [Claims]

    static func id(_ number: Int) -> String { "table-\(number + 1)" }

    init(_ title: String, _ claims: [Replication.Claim], number: Int) {
      (tableName, tableID) = (title, Self.id(number))
      // A setting stands in one of the two as a whole: its metrics belong beside each other.
      let run = Set(claims.filter { $0.verdict != .notRun }.map(\.what))
      folds = [true, false].compactMap { isRun in
        Claims(
          claims.filter { run.contains($0.what) == isRun }, isRun: isRun,
          id: "\(Self.id(number))-\(isRun ? "run" : "rest")")
      }
    }
  }

  struct Claims: Encodable, Sendable {
    let claimsID, claimCount: String
    /// A reason that all claims share for not being run stands once, above the table.
    let shared: String?
    let isRun, hasNotes: Bool
    let metrics: [Named]
    let rows: [Row]

    init?(_ claims: [Replication.Claim], isRun: Bool, id: String) {
      guard !claims.isEmpty else { return nil }
      self.isRun = isRun
      let names = claims.map(\.metric).unique()
      let reasons = claims.map { $0.verdict == .notRun ? $0.note ?? "" : "" }.unique()
      (claimsID, claimCount) = (id, FigureText.counted(claims.count, "claim"))
      shared = reasons.count == 1 && reasons[0] != "" ? reasons[0] : nil
      hasNotes = shared == nil && claims.contains { $0.note != nil }
      metrics = names.map { name in
        let expected = claims.filter { $0.metric == name }.map(\.expectation.text).unique()
        return Named(name: name, text: expected.count == 1 ? expected[0] : "see the figures")
      }
      rows = claims.map(\.what).unique().map { setting in
        let own = claims.filter { $0.what == setting }
        let cells = names.map { name in
          Cell(metric: name, claim: own.first { $0.metric == name }.map(Claim.init))
        }
        let notes = own.compactMap(\.note).unique().joined(separator: ". ")
        return Row(what: setting, cells: cells, note: notes)
      }
    }
  }

  struct Row: Encodable, Sendable {
    let what: String
    let cells: [Cell]
    let note: String
  }

  struct Cell: Encodable, Sendable {
    let metric: String
    /// nil where the setting has no claim in this metric.
    let claim: Claim?
  }

  struct Claim: Encodable, Sendable {
    let published: String
    let printed: String?
    let verdict: String
    let measured: Measured?

    init(_ claim: Replication.Claim) {
      func text(_ value: Double?) -> String { FigureText.number(value, decimals: claim.decimals) }
      (published, printed) = (text(claim.published), claim.printed.map(text))
      verdict = claim.verdict.rawValue
      guard claim.verdict != .notRun else {
        measured = nil
        return
      }
      var ours = text(claim.ours)
      if case .below = claim.expectation { ours = FigureText.probability(claim.ours) }
      measured = Measured(
        ours: ours,
        interval: FigureText.interval(.init(value: claim.ours, low: claim.low, high: claim.high)),
        seeds: claim.seeds.map { seeds in
          let spread = seeds.sd.map { " ± \(FigureText.number($0))" } ?? ""
          let count = FigureText.counted(seeds.count, "seed")
          return "\(FigureText.number(seeds.mean))\(spread), \(count)"
        }, look: claim.verdict.look)
    }
  }

  struct Measured: Encodable, Sendable {
    let ours: String
    let interval, seeds: String?
    let look: String
  }

  struct Experiment: Encodable, Sendable {
    let experimentTitle: String
    let tables: [ExperimentTable]
    let notes: Listed<Markup>?

    init(_ summary: ExperimentSummary, number: Int) {
      experimentTitle = summary.title
      tables = summary.tables.enumerated().map { place, table in
        ExperimentTable(
          experimentTable: table.caption ?? table.name,
          experimentID: "experiment-\(number)-\(place + 1)",
          first: table.columns.first?.title ?? "", columns: table.columns.dropFirst().map(\.title),
          lines: table.rows.map { cells in
            Line(
              lineName: cells.first?.text ?? "",
              values: zip(table.columns, cells).dropFirst().map { column, cell in
                Value(column: column.title, value: cell.text)
              })
          })
      }
      notes = Listed(summary.notes.map { Markup(prose: $0) })
    }
  }

  struct ExperimentTable: Encodable, Sendable {
    let experimentTable, experimentID, first: String
    let columns: [String]
    let lines: [Line]
  }

  struct Line: Encodable, Sendable {
    let lineName: String
    let values: [Value]
  }

  struct Value: Encodable, Sendable {
    let column, value: String
  }

  struct SweepFigure: Encodable, Sendable {
    let sweepTitle, variable, sweepMetric, sweepID: String
    let plot: Markup
    let legend: [LegendEntry]
    let points: [Point]

    init(_ sweep: Sweep, number: Int) {
      (sweepTitle, variable, sweepMetric) = (sweep.title, sweep.variable, sweep.metric)
      sweepID = "sweep-\(number)"
      plot = LinePlot(sweep: sweep).drawing(id: "plot-\(number)")
      legend = sweep.series.enumerated().map { place, series in
        LegendEntry(
          legendClass: "m\(place % 4 + 1)", legendName: series.name,
          shape: ["●", "■", "▲", "◆"][place % 4])
      }
      points = sweep.series.flatMap { series in
        series.points.map { point in
          Point(
            series: series.name,
            x: sweep.categories == nil
              ? FigureText.number(point.x, decimals: 2) : sweep.name(point.x),
            y: FigureText.number(point.y),
            interval: FigureText.interval(.init(low: point.low, high: point.high)) ?? "")
        }
      }
    }
  }

  struct LegendEntry: Encodable, Sendable { let legendClass, legendName, shape: String }

  struct Point: Encodable, Sendable { let series, x, y, interval: String }

  static func page(_ replication: Replication, in context: SiteContext) -> Page {
    context.page(
      .replication, path: "replication.html", title: "Replication",
      description: "Published figures beside ours, claim by claim: \(replication.paper).",
      section: .replication, ReplicationPage(replication))
  }

  private init(_ replication: Replication) {
    (paper, link) = (replication.paper, SafeText.link(replication.paperURL))
    setting = replication.setting
    summary = [.paper, .files].compactMap { SummaryBlock($0, replication) }
    level = FigureText.percent(InferenceOptions().level)
    tally = replication.tally().map { verdict, count in
      Count(count: "\(count)", verdict: verdict.rawValue, look: verdict.look)
    }
    errata = Listed(replication.errata.map { Markup(prose: $0) })
    sweeps = Listed(replication.sweeps.enumerated().map { SweepFigure($1, number: $0 + 1) })
    tables = replication.tables.enumerated().map { number, table in
      ClaimTable(table.title, table.claims, number: number)
    }
    experiments = Listed(
      replication.experiments.enumerated().map { Experiment($1, number: $0 + 1) })
    experimentLegend = ExperimentSummary.legend
  }
}

extension Replication.Verdict {
  /// The look of its badge.
  fileprivate var look: String {
    switch self {
    case .replicated: "good"
    case .notReplicated: "bad"
    case .notRun: "kind"
    }
  }
}
