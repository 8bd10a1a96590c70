import Harness
import Metrics

/// What papers claim on a board's split, apart from what was scored.
struct PublishedTable: Encodable, Sendable {
  let columns: [Column]
  let rows: [Row]

  struct Column: Encodable, Sendable {
    let claimName: String
    let claimTarget: String
    let claimArrow: String
    let claimWords: String
    let first: String
  }

  struct Row: Encodable, Sendable {
    let link: SystemLink
    let claims: [Cell]
    let paper: String?
    let note: String
  }

  struct Cell: Encodable, Sendable {
    let claim: String
    let sortKey: String
  }

  init(_ table: BoardTable) {
    let claims = table.published.compactMap(\.metadata.claimed)
    let known = ([table.metric] + Metric.all).map(\.id)
    var places: [(target: String, name: String)] = []
    for target in [table.target] + table.benchmark.targetNames {
      guard !places.contains(where: { $0.target == target }) else { continue }
      let names = Set(claims.flatMap { ($0[target] ?? [:]).keys })
      let place = { (name: String) in known.firstIndex(of: name) ?? known.count }
      places += names.sorted { (place($0), $0) < (place($1), $1) }.map { (target, $0) }
    }
    columns = places.map { target, name in
      let metric = Metric(named: name)
      return Column(
        claimName: SafeText.shortened(metric?.title ?? name, to: 20),
        claimTarget: target, claimArrow: metric?.arrow ?? "",
        claimWords: metric?.direction ?? "",
        first: metric?.higherIsBetter == false ? "ascending" : "descending")
    }
    rows = table.published.map { entry in
      Row(
        link: SystemLink(entry),
        claims: places.map { target, name in
          let value = entry.metadata.claimed?[target]?[name]
          return Cell(claim: FigureText.number(value), sortKey: FigureText.sortKey(value))
        },
        paper: SafeText.link(entry.metadata.paperURL),
        note: SafeText.shortened(entry.metadata.description ?? "", to: 160))
    }
  }
}
