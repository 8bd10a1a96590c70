package import Foundation
import Harness
import Metrics

/// The picture that a chat or a social network shows beside a link to the site: 1200 × 630, an SVG
/// of which ``Pictures`` makes a PNG, since their readers take no SVG.
package struct PreviewImage: Sendable {
  /// The site's name.
  private let site: String

  package init(site: String) { self.site = site }

  private static let left = 72.0
  private static let right = 1128.0

  /// The site as a whole.
  func home(boards: [BoardTable]) -> String {
    let systems = boards.reduce(0) { $0 + $1.scored.count }
    return sheet(
      text("How well can a machine", y: 300, size: 54) + text("read empathy?", y: 392, size: 54)
        + text(
          "\(FigureText.counted(boards.count, "leaderboard")), "
            + "\(FigureText.counted(systems, "scored system")), every figure with its interval",
          y: 520, size: 23, look: "soft"))
  }

  /// A board: its leading systems on one axis.
  package func board(_ table: BoardTable) -> String {
    var parts = text(table.name, y: 210, size: 40)
    let leaders = table.scored.prefix(5).filter { table.primary($0)?.value != nil }
    if leaders.isEmpty { parts += text("No scored system yet", y: 330, size: 28, look: "soft") }
    for (place, entry) in leaders.enumerated() {
      guard let figure = table.primary(entry) else { continue }
      let y = 296 + 58 * Double(place)
      parts += text(entry.metadata.system, y: y, size: 22, limit: 480)
      // The whisker of the pages, three times as large.
      let drawing = Whisker(axis: table.axis, width: 140).drawing(figure).text
      parts += #"<g transform="translate(585 \#(SVG.number(y - 35))) scale(3)">\#(drawing)</g>"#
      parts += text(FigureText.number(figure.value, decimals: 2), x: 1042, y: y, size: 22)
    }
    let scored = FigureText.counted(table.scored.count, "scored system")
    let metric = "\(table.metric.title) for \(table.target), \(table.metric.direction)"
    return sheet(
      parts
        + text("\(metric); \(scored); \(table.level) intervals", y: 590, size: 22, look: "soft"))
  }

  /// A system: its figure and its interval on the board's axis.
  func system(_ entry: Board.Entry, _ table: BoardTable) -> String {
    let figure = table.primary(entry) ?? ScoredFigure()
    let decimals = table.decimals(table.metric)
    let rank = table.standings[entry.slug].map {
      "rank \($0.rankText) of \(table.standings.count), "
    }
    let interval = FigureText.interval(figure, decimals: decimals).map { " \($0)" } ?? ""
    let drawing = Whisker(axis: table.axis, width: 200).drawing(figure).text
    return sheet(
      text(entry.metadata.system, y: 220, size: 46)
        + text(entry.metadata.team, y: 270, size: 26, look: "soft")
        + text(FigureText.number(figure.value, decimals: decimals), y: 410, size: 84, limit: 360)
        + text(interval, x: 380, y: 410, size: 34)
        + #"<g transform="translate(62 440) scale(5.2)">\#(drawing)</g>"#
        + text(
          "\(rank ?? "")\(table.metric.title) for \(table.target), \(table.name)", y: 590, size: 22,
          look: "soft"))
  }

  /// A page without figures of a system.
  func page(_ layout: Layout) -> String {
    sheet(
      text(layout.pageTitle, y: 330, size: 50)
        + text(layout.description, y: 420, size: 24, look: "soft"))
  }

  private func sheet(_ parts: String) -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" width="1200" height="630" viewBox="0 0 1200 630">
    <style>text{font-family:"DejaVu Sans","Noto Sans","Noto Sans CJK SC",sans-serif;fill:#f2f6f8}
    text.soft{fill:#a9b8c3}.iv{stroke:#56b4e9;fill:none;stroke-width:2}.pt{fill:#56b4e9}</style>
    <rect width="1200" height="630" fill="#10212d"/>
    <circle cx="96" cy="92" r="24" fill="none" stroke="#9ad0e6" stroke-width="4.5"/>
    <circle cx="89" cy="88" r="9" fill="#f0a65a"/><circle cx="104" cy="97" r="6.5" fill="#56b4e9"/>
    <path d="M0 626H1200" stroke="#56b4e9" stroke-width="8"/>
    \(text(site, x: 140, y: 104, size: 28, limit: 900))\(parts)
    </svg>

    """
  }

  private func text(
    _ words: String, x: Double = left, y: Double, size: Double, look: String = "",
    limit: Double? = nil
  ) -> String {
    let fitted = Self.fitted(SafeText.cleaned(words), to: (limit ?? Self.right - x) / size)
    return #"<text class="\#(look)" x="\#(SVG.number(x))" y="\#(SVG.number(y))" "#
      + #"font-size="\#(SVG.number(size))">\#(Escaping.markup(fitted))</text>"#
  }

  /// `text` cut to about `width` ems: a letter takes two thirds of one, an East Asian one a whole.
  private static func fitted(_ text: String, to width: Double) -> String {
    var room = width
    for (place, character) in text.enumerated() {
      let isWide = character.unicodeScalars.contains { $0.value >= 0x2E80 }
      room -= isWide ? 1 : 0.62
      if room < 0 { return SafeText.shortened(text, to: place) }
    }
    return text
  }
}

/// Makes PNGs of SVGs with `rsvg-convert` (Debian's librsvg2-bin), where it is installed.
package struct Pictures: Sendable {
  /// What stands in for a picture that could not be drawn; nil for none.
  let standIn: Data?
  private let tool: URL?

  private static let timeLimit = DispatchTimeInterval.seconds(10)

  /// - Parameter path: folders to look for the tool in, as in `PATH`.
  package init(standIn: Data?, path: String? = ProcessInfo.processInfo.environment["PATH"]) {
    self.standIn = standIn
    tool = (path ?? "").split(separator: ":").map { URL(filePath: "\($0)/rsvg-convert") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  package var canDraw: Bool { tool != nil }

  /// The PNG of `svg`, or the stand-in where the tool fails or takes too long.
  package func png(_ svg: String) throws -> Data { try drawn(svg) ?? standIn ?? Data() }

  private func drawn(_ svg: String) throws -> Data? {
    guard let tool else { return nil }
    let place = FileManager.default.temporaryDirectory
      .appending(path: "invitro-picture-\(UUID().uuidString)")
    let (source, target) = (
      place.appendingPathExtension("svg"), place.appendingPathExtension("png")
    )
    defer { for file in [source, target] { try? FileManager.default.removeItem(at: file) } }
    try Data(svg.utf8).write(to: source)
    let process = Process()
    process.executableURL = tool
    process.arguments = ["--format", "png", "--output", target.path, source.path]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    guard (try? process.run()) != nil else { return nil }
    if ended.wait(timeout: .now() + Self.timeLimit) == .timedOut {
      process.terminate()
      return nil
    }
    return process.terminationStatus == 0 ? try? Data(contentsOf: target) : nil
  }
}
