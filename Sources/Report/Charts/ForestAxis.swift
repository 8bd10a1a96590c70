import Basics
import Harness
import Metrics

/// One axis for a column of a table: each row draws its value and interval in shares of the column's
/// width, so that rows line up and nothing is distorted however wide the column is. Hidden from a
/// screen reader, since the figures stand beside it.
struct ForestAxis: Sendable {
  let range: ClosedRange<Double>
  /// A range of values, shaded behind every row.
  var band: ClosedRange<Double>?
  /// Names the grid; unique on its page.
  var id = "grid"

  /// The labels of the axis and, in the same drawing, the grid that the rows are filled with: a pattern as
  /// wide as the column, which costs a sort less than a copy of its lines in each row would.
  func head() -> Markup {
    let ticks = Ticks.round(range.lowerBound, range.upperBound)
    let lines = ticks.map { #"<line class="g" x1="\#(place($0))" x2="\#(place($0))" y2="100%"/>"# }
    let labels = ticks.map { tick in
      let words = Ticks.text(tick, in: range.upperBound - range.lowerBound)
      return #"<text class="tick" x="\#(place(tick))" y="14" text-anchor="middle">"#
        + "\(words.replacing("-", with: "−"))</text>"
    }
    return Markup(
      #"<svg class="fp" width="100%" height="18" aria-hidden="true"><pattern id="\#(id)" "#
        + #"patternUnits="userSpaceOnUse" width="100%" height="18">"#
        + "\(shade)\(lines.joined())</pattern>\(labels.joined())</svg>")
  }

  /// A value as a dot on its interval; a hollow dot on a grey one where `isClaim`.
  func row(_ figure: ScoredFigure?, isClaim: Bool = false) -> Markup {
    var parts = #"<rect width="100%" height="100%" fill="url(#\#(id))"/>"#
    if let figure, let value = figure.value {
      if let low = figure.low, let high = figure.high {
        parts += #"<line class="iv" x1="\#(place(low))" x2="\#(place(high))" y1="50%" y2="50%"/>"#
      }
      parts += #"<circle class="pt" cx="\#(place(value))" cy="50%" r="5.5"/>"#
    }
    let look = isClaim ? "fp claim" : "fp"
    return Markup(
      #"<svg class="\#(look)" width="100%" height="100%" aria-hidden="true">\#(parts)</svg>"#)
  }

  private var shade: String {
    guard let band else { return "" }
    let (from, to) = (share(band.lowerBound), share(band.upperBound))
    return #"<rect class="band" x="\#(SVG.number(from))%" width="\#(SVG.number(to - from))%" "#
      + #"height="100%"/>"#
  }

  /// Where `value` falls, as a share of the width; a value beyond the axis stands at its end.
  func place(_ value: Double) -> String { "\(SVG.number(share(value)))%" }

  private func share(_ value: Double) -> Double {
    let held = min(max(value, range.lowerBound), range.upperBound)
    // Half a label fits beside each end in a narrow column.
    return 6 + 88 * (held - range.lowerBound) / (range.upperBound - range.lowerBound)
  }
}

/// The range of a system's true rank as a bar on the track of all ranks.
enum RankBar {
  static func drawing(_ standing: BoardComparison.Standing, of count: Int) -> Markup {
    let all = Double(max(count, standing.highRank))
    let width = max(Double(standing.highRank - standing.lowRank + 1) / all, 0.03)
    let from = min(Double(standing.lowRank - 1) / all, 1 - width)
    return Markup(
      #"<svg class="rk" width="100%" height="6" aria-hidden="true"><rect class="track" "#
        + #"width="100%" height="6" rx="3"/><rect class="span" x="\#(SVG.number(from * 100))%" "#
        + #"width="\#(SVG.number(width * 100))%" height="6" rx="3"/></svg>"#)
  }
}

/// Tie groups as upright rules beside the rows of a board: a rule joins the systems of one group.
struct TieRules: Sendable {
  /// How many rules stand side by side; 0 where there are none, or too many to be told apart.
  let lanes: Int
  private var parts: [String: String] = [:]

  private static let most = 9
  private static let step = 5

  /// - Parameter groups: each row's slug and its groups, in the order of the rows.
  init(_ groups: [(slug: String, names: [String])]) {
    var members: [String: [Int]] = [:]
    for (place, row) in groups.enumerated() {
      for name in row.names { members[name, default: []].append(place) }
    }
    // The leftmost lane that is free; a group of one joins nothing.
    let spans = members.values.filter { $0.count > 1 }.sorted {
      ($0[0], $0.count) < ($1[0], $1.count)
    }
    var ends: [Int] = []
    var drawn = Array(repeating: "", count: groups.count)
    for span in spans {
      guard let first = span.first, let last = span.last else { continue }
      let lane = ends.firstIndex { $0 < first } ?? ends.count
      if lane == ends.count { ends.append(last) } else { ends[lane] = last }
      let inside = Set(span)
      for place in first...last {
        let (top, bottom) = (place == first ? "20%" : "0", place == last ? "80%" : "100%")
        let look = inside.contains(place) ? "tr" : "tr past"
        let x = Self.step * lane + 3
        drawn[place] +=
          #"<line class="\#(look)" x1="\#(x)" x2="\#(x)" y1="\#(top)" y2="\#(bottom)"/>"#
      }
    }
    lanes = ends.count > Self.most ? 0 : ends.count
    guard lanes > 0 else { return }
    for (place, row) in groups.enumerated() { parts[row.slug] = drawn[place] }
  }

  func drawing(_ slug: String) -> Markup? {
    guard lanes > 0 else { return nil }
    return Markup(
      #"<svg class="tl" width="\#(Self.step * lanes + 2)" height="100%" aria-hidden="true">"#
        + "\(parts[slug] ?? "")</svg>")
  }
}
