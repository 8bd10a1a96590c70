import Basics
import Harness
import Metrics
import Reference
import Report

/// What `invitro agreement` says.
struct AgreementReport: Encodable {
  var schema = 1
  let benchmark: String
  let split: String
  let rows: Int
  /// Rows with a label, by rater.
  let labels: [String: Int]
  let pairs: [Pair]
  let groups: [Group]
  let distributions: [Distribution]
  let largest: [Largest]

  /// Agreement of two raters; figures rounded to 4 decimals, an undefined one absent.
  struct Pair: Encodable {
    let first: String
    let second: String
    let n: Int
    let alpha: Double?
    let mae: Double?
    let sd: Double?
    let pcc: Double?
    let bias: Double?
    /// Why figures are absent.
    let undefined: [String: String]?

    init(_ agreement: Agreement) {
      (first, second, n) = (agreement.first, agreement.second, agreement.count)
      let figures = [
        "alpha": agreement.alpha, "mae": agreement.mae, "sd": agreement.deviation,
        "pcc": agreement.pcc, "bias": agreement.bias,
      ]
      func value(_ name: String) -> Double? { Rounding.published(figures[name]?.value) }
      (alpha, mae, sd) = (value("alpha"), value("mae"), value("sd"))
      (pcc, bias) = (value("pcc"), value("bias"))
      let reasons = figures.compactMapValues { $0.reason?.rawValue }
      undefined = reasons.isEmpty ? nil : reasons
    }

    var cells: [String] {
      ["\(n)"] + [alpha, mae, sd, pcc, bias].map { $0.map { Rounding.text($0) } ?? "undefined" }
    }
  }

  struct Group: Encodable {
    let attribute: String
    let group: String
    let first: String
    let second: String
    let agreement: Pair?
    let suppressed: String?
  }

  /// Rows by first - second, in bins of half a point; `edges` are their lower ends.
  struct Distribution: Encodable {
    let first: String
    let second: String
    let edges: [Double]
    let counts: [Int]
  }

  struct Largest: Encodable {
    let first: String
    let second: String
    let rows: [Row]

    struct Row: Encodable {
      let id: String
      let labels: [Double]
      let difference: Double
      let essay: String?
    }
  }

  init(_ rated: RatedSplit, largest count: Int, showText: Bool) {
    let essays = rated.essays
    let all = Agreement.all(essays)
    (benchmark, split, rows) = (rated.definition.id, rated.dataset.split, essays.count)
    var labels = [Agreement.crowd: essays.count { $0.crowd != nil }]
    for name in rated.names { labels[name] = essays.count { $0.labels[name] != nil } }
    self.labels = labels
    pairs = all.map(Pair.init)
    groups = rated.definition.groups.flatMap { attribute in
      all.flatMap { pair in
        Agreement.byGroup(
          essays, attribute: attribute.attribute, pair.first, pair.second,
          threshold: .standard
        ).map { name, agreement in
          Group(
            attribute: attribute.attribute, group: name, first: pair.first, second: pair.second,
            agreement: agreement.map(Pair.init),
            suppressed: agreement == nil ? DemographicGroups.tooSmall : nil)
        }
      }
    }
    distributions = all.map { pair in
      let found = Agreement.distribution(essays, pair.first, pair.second)
      return Distribution(
        first: pair.first, second: pair.second, edges: found.edges, counts: found.counts)
    }
    let texts = Dictionary(essays.map { ($0.id, $0.text) }) { first, _ in first }
    largest =
      count == 0
      ? []
      : all.map { pair in
        Largest(
          first: pair.first, second: pair.second,
          rows: Agreement.largest(essays, pair.first, pair.second, count: count).map {
            Largest.Row(
              id: $0.id, labels: [$0.first, $0.second], difference: $0.first - $0.second,
              essay: showText ? texts[$0.id] : nil)
          })
      }
  }

  /// The distribution of differences, a panel for each pair.
  var plot: PlotDocument {
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

  // MARK: As text

  private static let figures: [(String, TextTable.Alignment)] = [
    ("n", .right), ("alpha", .right), ("MAE", .right), ("SD", .right), ("PCC", .right),
    ("bias", .right),
  ]

  var text: String {
    var parts = ["\(benchmark)/\(split): \(rows) rows"]
    var table = TextTable([("raters", .left)] + Self.figures)
    for pair in pairs { table.add(["\(pair.first), \(pair.second)"] + pair.cells) }
    parts.append(table.text)
    if !groups.isEmpty { parts.append(groupText) }
    for list in largest where !list.rows.isEmpty { parts.append(Self.listing(list)) }
    return parts.joined(separator: "\n\n")
  }

  private var groupText: String {
    var table = TextTable(
      [("attribute", .left), ("group", .left), ("raters", .left)] + Self.figures)
    for group in groups {
      let raters = "\(group.first), \(group.second)"
      // In the wide column, so that the columns of figures stay narrow.
      let who = group.suppressed.map { "\(raters): \($0)" } ?? raters
      let empty = Array(repeating: "", count: Self.figures.count)
      table.add([group.attribute, group.group, who] + (group.agreement?.cells ?? empty))
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
}
