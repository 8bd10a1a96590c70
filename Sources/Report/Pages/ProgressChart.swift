import Basics
import Harness
import Metrics

/// What a board's systems and the papers about it reached over the years: a point each at its day, the
/// best so far as a line.
struct ProgressChart {
  let chart: RecordChart

  /// Nil where fewer than two days have a figure: then there is no progress to see.
  init?(_ table: BoardTable) {
    let dated = table.drawn().compactMap { system in
      SafeText.day(system.entry.metadata.submitted).map { (day: $0, system: system) }
    }
    .sorted { ($0.day, $0.system.name) < ($1.day, $1.system.name) }
    let years = dated.map { Self.year($0.day) }
    guard Set(dated.map(\.day)).count > 1, let first = years.first, let last = years.last else {
      return nil
    }
    let length = Double(last + 1 - first)
    let share = { (time: Double) in (time - Double(first)) / length }
    chart = RecordChart(
      metric: table.metric,
      points: dated.map { day, system in system.point(at: share(Self.time(day)), place: day) },
      axis: RecordChart.Axis(
        marks: (first...last).map { share(Double($0)) },
        labels: (first...last).map { (share(Double($0) + 0.5), "\($0)") }))
  }

  private static func year(_ day: String) -> Int { Int(day.prefix(4)) ?? 0 }

  /// Years, a month being a twelfth and a day a 31st of that: near enough for a drawing.
  private static func time(_ day: String) -> Double {
    let month = Double(day.dropFirst(5).prefix(2)) ?? 1
    let date = Double(day.suffix(2)) ?? 1
    return Double(year(day)) + (month - 1 + (date - 1) / 31) / 12
  }

  /// What the records say: the gain, and whether the best one's interval holds the first.
  var verdict: String? {
    let records = chart.records
    guard let first = records.first, let last = records.last, records.count > 1 else { return nil }
    let gain = FigureText.number((last.value - first.value).magnitude, decimals: 2)
    let (start, end) = (Self.year(first.place), Self.year(last.place))
    let span = start == end ? "within \(start)" : "from \(start) to \(end)"
    guard let low = last.figure.low, let high = last.figure.high else { return nil }
    let title = chart.metric.title
    return (low...high).contains(first.value)
      ? "The gain \(span), \(gain) in \(title), lies within the interval of the best figure."
      : "The gain \(span), \(gain) in \(title), exceeds the interval of the best figure."
  }
}

extension BoardTable {
  /// A system or a claim with a figure of the primary metric, as charts draw it.
  struct Drawn {
    let entry: Board.Entry
    let figure: ScoredFigure
    let decimals: Int
    /// The system's name, of a claim its team's, at most 24 characters.
    let name: String

    var isClaim: Bool { entry.metadata.kind == .published }

    func point(at x: Double, place: String) -> RecordChart.Point {
      RecordChart.Point(
        x: x, place: place, figure: figure, name: name, isClaim: isClaim, decimals: decimals)
    }
  }

  func drawn() -> [Drawn] {
    (scored + published).compactMap { entry in
      let isClaim = entry.metadata.kind == .published
      guard let figure = isClaim ? claim(entry) : primary(entry), figure.value != nil else {
        return nil
      }
      let name = isClaim ? entry.metadata.team : entry.metadata.system
      return Drawn(
        entry: entry, figure: figure, decimals: isClaim ? metric.decimals : decimals(metric),
        name: SafeText.shortened(SafeText.cleaned(name), to: 24))
    }
  }
}
