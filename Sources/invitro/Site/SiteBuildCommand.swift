import ArgumentParser
import Foundation
import Harness
import Report

extension SiteCommand {
  struct Build: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Score every submission and write the site.",
      discussion: HelpText.reflow(
        """
        Reads submissions/<benchmark>/<slug>/, scores what has gold labels in the data home, and
        writes one page a board and a submission, leaderboard.json and leaderboard.csv. Scores are
        kept in <data home>/invitro.sqlite, pages are all written anew. The same input gives the same
        bytes. Templates and styles stand in site/; see site/README.md. With --address, pictures for
        links are drawn by rsvg-convert (Debian's librsvg2-bin) where it is installed.

        Example:
          invitro site build --address https://example.org/board/ && invitro site check
        """))

    @Option(help: "Where the site is written; an earlier build there is replaced as a whole.")
    var out: String = "site/public"

    @Option(help: "Address the site will have, for feeds, the sitemap and previews.")
    var address: String?

    @Flag(help: "Score everything again instead of using the kept reports.")
    var fresh = false

    @OptionGroup var recipe: SiteRecipe

    func run() throws {
      let bar = ProgressBar("scoring", unit: "entries")
      let summary = try recipe.build(
        to: URL(filePath: out), address: try SiteAddress.parse(address, option: "--address"),
        fresh: fresh
      ) { done, total in bar.update(done, of: total) }
      Console.print("\(out): \(summary.files) files")
      for (board, count) in summary.boards.sorted(by: { $0.key < $1.key }) {
        Console.print("  \(board): \(count) scored")
      }
    }
  }
}

/// The address that a site or a server is known by.
enum SiteAddress {
  /// - Throws: a usage error where `text` is no http or https address.
  static func parse(_ text: String?, option: String) throws -> URL? {
    guard let text else { return nil }
    guard let url = URL(string: text), ["http", "https"].contains(url.scheme ?? "") else {
      throw HarnessError.usage("\(option) takes an http or https address, not '\(text)'.")
    }
    return url
  }
}
