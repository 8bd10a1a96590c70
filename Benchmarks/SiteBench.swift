import Basics
import Foundation
import Harness
import Report

/// Building a site: how long it takes, and whether that grows with the number of submissions only.
enum SiteBench {
  static func run() throws {
    let builder = try SiteBuilder(source: SiteSource())
    let clock = ContinuousClock()
    let folder = FileManager.default.temporaryDirectory.appending(path: "invitro-site-bench")
    try? FileManager.default.removeItem(at: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    print("site: seconds to build, of which none is spent on scoring")
    print("| submissions | whole build, s | per 1,000, s |")
    print("|---:|---:|---:|")
    for count in [100, 1_000, 10_000] {
      let input = try SiteFixture.input(systems: count)
      let full = try clock.measure { try builder.build(input: input, to: folder) }
      print("| \(count) | \(text(full)) | \(text(full / Double(count) * 1_000)) |")
    }
  }

  private static func text(_ duration: Duration) -> String {
    let seconds = Double(duration.components.attoseconds) / 1e18
    return Rounding.text(Double(duration.components.seconds) + seconds, decimals: 3)
  }
}
