import Foundation
package import Harness
import Metrics

/// A board with what drawing it needs: which columns it has, and the axis of its intervals.
package struct BoardTable: Sendable {
  let board: Board
  let metric: Metric
  /// Metrics with a figure for the primary target, the primary metric first.
  let metrics: [Metric]
  /// The other targets for which some scored entry has figures.
  let otherTargets: [Target]
  /// The bracket of the highest PCC that the definition gives, on a board ranked by PCC.
  let ceiling: Target.Ceiling?
  /// Ends of the axis on which intervals of the primary metric are drawn.
  let axis: ClosedRange<Double>
  /// How wide an interval would be at the split's size; nil where the metric has no such formula.
  let reference: ReferenceInterval?

  /// The benchmark's title and the split.
  var name: String { "\(benchmark.title), \(board.split)" }
  /// `benchmark/split`.
  var path: String { board.key.path }
  /// The level of its intervals in words: `95%`.
  var level: String { FigureText.percent(board.level) }
  /// The comparison, where it has pairs.
  var pairs: BoardComparison? { board.comparison.flatMap { $0.pairs.isEmpty ? nil : $0 } }
  var benchmark: BenchmarkDefinition { board.definition }
  var target: String { board.definition.primary.target }
  var scored: [Board.Entry] { board.scored }
  var published: [Board.Entry] { board.published }
  var apart: [Board.Entry] { board.apart }
  var standings: [String: BoardComparison.Standing] { board.standings }

  package init(_ board: Board) {
    let (metric, target) = (board.definition.primary.metric, board.definition.primary.target)
    let scored = board.scored
    (self.board, self.metric) = (board, metric)
    let order = [metric] + Metric.all.filter { $0 != metric }
    metrics = order.filter { kind in
      kind == metric || scored.contains { Self.figure($0, kind, target) != nil }
    }
    otherTargets = board.definition.targets.filter { other in
      other.name != target && scored.contains { $0.report?.targets[other.name] != nil }
    }
    ceiling = metric == .pcc ? board.definition.target(target)?.ceiling : nil
    let reference = metric == .pcc ? ReferenceInterval(board) : nil
    self.reference = reference
    let band = ceiling.map { [ScoredFigure(value: $0.low), ScoredFigure(value: $0.high)] } ?? []
    let claims = board.published.compactMap {
      Self.claim($0, metric, target, reference)
    }
    axis = Self.axis(scored.compactMap { Self.figure($0, metric, target) } + claims + band, metric)
  }

  /// The axis of the primary metric with the ceiling behind it.
  func forest(id: String = "grid") -> ForestAxis {
    ForestAxis(range: axis, band: ceiling.map { $0.low...$0.high }, id: id)
  }

  /// What a published entry claims in the primary metric, with the reference interval.
  func claim(_ entry: Board.Entry) -> ScoredFigure? { Self.claim(entry, metric, target, reference) }

  /// What the grey width behind a claim is.
  var referenceWords: String? {
    reference.map {
      "\(FigureText.percent($0.level)) interval that a \(metric.title) of this value would have on "
        + $0.size
    }
  }

  private static func claim(
    _ entry: Board.Entry, _ metric: Metric, _ target: String, _ reference: ReferenceInterval?
  ) -> ScoredFigure? {
    guard let value = entry.metadata.claimed?[target]?[metric.id], value.isFinite else {
      return nil
    }
    return reference?.figure(value) ?? ScoredFigure(value: value)
  }

  func decimals(_ metric: Metric) -> Int { metric.decimals(isGuarded: board.isGuarded) }

  /// The figure of the primary metric.
  func primary(_ entry: Board.Entry) -> ScoredFigure? { Self.figure(entry, metric, target) }

  static func figure(_ entry: Board.Entry, _ metric: Metric, _ target: String) -> ScoredFigure? {
    entry.report?.targets[target]?[metric]
  }

  /// The least range of whole tenths that holds every interval.
  static func axis(_ figures: [ScoredFigure], _ metric: Metric) -> ClosedRange<Double> {
    let ends = figures.flatMap { [$0.value, $0.low, $0.high].compactMap { $0 } }.filter(\.isFinite)
    guard let least = ends.min(), let greatest = ends.max() else { return 0...1 }
    let low = (least * 10).rounded(.down) / 10
    let high = (greatest * 10).rounded(.up) / 10
    let bounds = metric.higherIsBetter ? max(low, -1)...min(high, 1) : max(low, 0)...max(high, 0.1)
    return bounds.upperBound - bounds.lowerBound < 0.1
      ? bounds.lowerBound...(bounds.lowerBound + 0.1) : bounds
  }
}

/// The interval that a correlation would have at a split's size, by Fisher's z of independent units
/// (Fisher 1921): a width to hold claims against that come without one, and not the claim's own.
struct ReferenceInterval: Sendable {
  let level: Double
  /// Independent units: clusters where their number is known, rows elsewhere.
  let units: Int
  /// `83 essays by 57 persons`.
  let size: String

  /// Nil where the split's size is unknown or too small.
  init?(_ board: Board) {
    let definition = board.definition
    let report = board.scored.lazy.compactMap(\.report).first
    guard let rows = report?.n ?? board.labels?.rows ?? definition.expectedRows(board.split) else {
      return nil
    }
    let clusters =
      report?.clusters ?? definition.clusters.first.flatMap { board.labels?.clusters[$0] }
    units = clusters ?? rows
    guard units > 3 else { return nil }
    level = board.level
    let unit = definition.clusters.first
    let by = unit.flatMap { unit in
      clusters.map { " by \(FigureText.count($0)) \(unit.plural)" }
    }
    size = "\(FigureText.count(rows)) \(definition.rowNoun.plural)\(by ?? "")"
  }

  func figure(_ value: Double) -> ScoredFigure {
    guard value.magnitude < 1 else { return ScoredFigure(value: value) }
    let half = Distributions.normalQuantile((1 + level) / 2) / Double(units - 3).squareRoot()
    return ScoredFigure(
      value: value, low: tanh(atanh(value) - half), high: tanh(atanh(value) + half))
  }
}

extension BoardComparison.Standing {
  /// `2–5`, or `2` where the data leave one place.
  var rankText: String { lowRank == highRank ? "\(lowRank)" : "\(lowRank)–\(highRank)" }
}

/// Where pages stand below the site's root.
enum SitePaths {
  /// A system's page, relative to its board's folder.
  static func system(_ slug: String) -> String { "systems/\(slug).html" }
  static func systemDocument(_ slug: String) -> String { "systems/\(slug).json" }
  static func systemTable(_ slug: String) -> String { "systems/\(slug).csv" }
  static func badge(_ slug: String) -> String { "badges/\(slug).svg" }
  /// A server's page for submitting to the board at `path`, from the root.
  static func submit(to path: String) -> String { "submit/\(path)" }

  /// The picture beside a link to a page of a folder, or to a system's page.
  static let preview = "preview.png"
  static func preview(_ slug: String) -> String { "systems/\(slug).png" }
  /// That of the page at `path`: `method.png`; of a folder's index `preview.png`.
  static func picture(of path: String) -> String {
    let index = "index.html"
    return path.hasSuffix(index)
      ? "\(path.dropLast(index.count))\(preview)" : "\(path.dropLast(".html".count)).png"
  }
  /// Stands in for it where none can be drawn.
  static let standInPreview = "assets/preview.png"
}

extension Metric {
  /// How many decimals a figure is shown with: a correlation has two at most where labels are hidden.
  package func decimals(isGuarded: Bool) -> Int {
    isGuarded && higherIsBetter ? min(2, decimals) : decimals
  }
}
