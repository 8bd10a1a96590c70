import Basics
import Harness
import Metrics

/// The pairwise matrix of a board: differences and adjusted p-values as a table that is shaded.
///
/// Three shades grow darker in every colour scheme and in grey, and a sign in each cell says the
/// direction, so that nothing rests on colour.
struct ComparePage: Sendable {
  let table: BoardTable
  let comparison: BoardComparison
  let chrome: Chrome

  /// Systems beyond this place are left to the documents: the matrix would not be read.
  static let limit = 40

  var path: String { "\(table.board.key.path)/compare.html" }

  func content() -> Content {
    let board = "\(table.benchmark.title), \(table.board.split)"
    var content = chrome.content(
      path: path, title: "All pairs on \(board)",
      description:
        "Pairwise differences in \(table.metric.longTitle) with adjusted p-values on \(board).",
      section: .boards, preview: "\(table.board.key.path)/\(SitePaths.preview)")
    let all = table.scored.filter { table.primary($0)?.value != nil }
    let shown = Array(all.prefix(Self.limit))
    content["boardName"] = board
    content["metricName"] = table.metric.longTitle
    content["metricShort"] = table.metric.title
    content["targetName"] = table.target
    content["direction"] = table.metric.direction
    content["testWords"] = comparison.test
    content["intervalWords"] = comparison.interval
    content["adjustmentWords"] = comparison.adjustment
    content["familyWords"] = comparison.family
    content["level"] = Rounding.text(comparison.level, decimals: 2)
    content["isCut"] = all.count > shown.count
    content["shownCount"] = "\(shown.count)"
    content["allCount"] = "\(all.count)"
    content["hasMatrix"] = shown.count > 1
    content.merge(matrix(shown)) { _, new in new }
    content["hasSignature"] = comparison.signature != nil
    content["signature"] = comparison.signature ?? ""
    return content
  }

  private struct Key: Hashable {
    let first: String
    let second: String
  }

  private func matrix(_ shown: [Board.Entry]) -> Content {
    var pairs: [Key: BoardComparison.Pair] = [:]
    for pair in comparison.pairs {
      pairs[Key(first: pair.first, second: pair.second)] = pair
      pairs[Key(first: pair.second, second: pair.first)] = Self.turned(pair)
    }
    let heads = shown.enumerated().map { place, entry -> Content in
      ["place": "\(place + 1)", "columnSystem": SafeText.shortened(entry.metadata.system, to: 60)]
    }
    let rows = shown.enumerated().map { place, entry -> Content in
      [
        "place": "\(place + 1)", "page": SitePaths.system(entry.slug),
        "system": SafeText.shortened(entry.metadata.system, to: 60),
        "cells": shown.map { other -> Content in
          entry.slug == other.slug
            ? Self.blank("self", "", "the system itself")
            : cell(pairs[Key(first: entry.slug, second: other.slug)])
        },
      ]
    }
    return ["heads": heads, "matrixRows": rows]
  }

  private func cell(_ pair: BoardComparison.Pair?) -> Content {
    guard let pair else { return Self.blank("none", "·", "not tested") }
    guard let difference = pair.difference else {
      return Self.blank("none", "·", pair.undefined ?? "undefined")
    }
    let better = table.metric.higherIsBetter ? difference > 0 : difference < 0
    let told = pair.adjusted.map { $0 < comparison.level } ?? false
    let strongly = pair.adjusted.map { $0 < comparison.level / 10 } ?? false
    let sign = !told ? "=" : better ? "▲" : "▼"
    let words = !told ? "no significant difference" : better ? "better" : "worse"
    let figure = ScoredFigure(value: difference, low: pair.low, high: pair.high)
    let interval = FigureText.interval(figure).map { " \($0)" } ?? ""
    return [
      "shade": strongly ? "h3" : told ? "h2" : "h1", "sign": sign,
      "difference": FigureText.number(difference, decimals: 2), "isBlank": false,
      "words": "\(words): difference \(FigureText.number(difference))\(interval), "
        + "adjusted p \(FigureText.probability(pair.adjusted))",
    ]
  }

  private static func blank(_ shade: String, _ sign: String, _ words: String) -> Content {
    ["shade": shade, "sign": sign, "words": words, "isBlank": true, "difference": ""]
  }

  private static func turned(_ pair: BoardComparison.Pair) -> BoardComparison.Pair {
    let minus = { (value: Double?) in value.map { 0 - $0 } }
    return BoardComparison.Pair(
      first: pair.second, second: pair.first, difference: minus(pair.difference),
      low: minus(pair.high), high: minus(pair.low), p: pair.p, adjusted: pair.adjusted,
      undefined: pair.undefined)
  }
}
