import Basics
import Foundation
import Harness
import Report

/// Building a site: how long it takes, and whether that grows with the number of submissions only.
enum SiteBench {
  static func run(source: URL) throws {
    let builder = try SiteBuilder(source: source)
    let clock = ContinuousClock()
    let folder = FileManager.default.temporaryDirectory.appending(path: "invitro-site-bench")
    try? FileManager.default.removeItem(at: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    print("site: seconds to build, of which none is spent on scoring")
    print("submissions   full     per 1000   nothing changed   one changed")
    for count in [100, 1_000, 10_000] {
      var input = try SiteFixture.input(systems: count)
      try? FileManager.default.removeItem(at: folder)
      let full = try clock.measure { try builder.build(input: input, to: folder) }
      let still = try clock.measure {
        let summary = try builder.build(input: input, to: folder, incremental: true)
        precondition(summary.written == 0)
      }
      input.boards[0].entries[count / 2].metadata.description = "changed"
      let one = try clock.measure {
        try builder.build(input: input, to: folder, incremental: true)
      }
      let cells = [
        "\(count)", text(full), text(full / Double(count) * 1_000), text(still), text(one),
      ]
      print(zip(cells, [14, 9, 11, 18, 12]).map(padded).joined())
    }
  }

  private static func text(_ duration: Duration) -> String {
    let seconds = Double(duration.components.attoseconds) / 1e18
    return Rounding.text(Double(duration.components.seconds) + seconds, decimals: 3)
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
