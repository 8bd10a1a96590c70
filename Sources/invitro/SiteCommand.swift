import ArgumentParser
import Foundation
import Harness
import Report

struct SiteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "site", abstract: "Build the leaderboard's static site, and check it.",
    subcommands: [Build.self, Check.self])

  struct Build: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Score every submission and write the site.",
      discussion: HelpText.reflow(
        """
        Reads submissions/<benchmark>/<slug>/, scores what has gold labels in the data home, and
        writes one page a board and a submission, leaderboard.json and leaderboard.csv. Scores are
        kept in <data home>/invitro.sqlite. The same input gives the same bytes. Templates and
        styles stand in site/; see site/README.md.
        """))

    @Option(help: "Folders of submissions; may be given several times. Default: submissions.")
    var submissions: [String] = []

    @Option(help: "Where the site is written; an earlier build there is replaced as a whole.")
    var out: String = "site/public"

    @Option(help: "The folder with templates/ and assets/.")
    var source: String = "site"

    @Option(help: "Address the site will have, for feeds, the sitemap and previews.")
    var address: String?

    @Flag(help: "Rewrite only the pages that changed.")
    var incremental = false

    @Flag(help: "Score everything again instead of using the kept reports.")
    var fresh = false

    @OptionGroup var evidence: EvidenceOptions
    @OptionGroup var benchmarks: BenchmarkFiles
    @OptionGroup var inference: InferenceArguments
    @OptionGroup var data: DataOptions

    func run() throws {
      let address = try SiteAddress.parse(address)
      let builder = try SiteBuilder(source: URL(filePath: source))
      let home = data.home
      let known = try benchmarks.known()
      let options = try inference.scoringOptions()
      let folders = (submissions.isEmpty ? ["submissions"] : submissions).map {
        SubmissionFolder(URL(filePath: $0))
      }
      let bar = ProgressBar("scoring", unit: "entries")
      let boards = try LeaderboardBuilder(
        folders, home: home, benchmarks: known, options: options,
        store: fresh ? nil : try ReportStore(home.storeURL)
      ).boards { done, total in bar.update(done, of: total) }
      let summary = try builder.build(
        input: SiteContent.input(
          boards, benchmarks: known, address: address, replication: evidence.run(home).report()),
        to: URL(filePath: out),
        incremental: incremental)
      Console.print("\(out): \(summary.files) files, \(summary.written) written")
      for (board, count) in summary.boards.sorted(by: { $0.key < $1.key }) {
        Console.print("  \(board): \(count) scored")
      }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read the built site back: markup, ids, links, and that nothing private is in it.",
      discussion: HelpText.reflow(
        """
        Looks for every essay of the data home (not those of open sets) and for the contacts of
        submissions on every page. Exits with 1 where something is wrong.
        """))

    @Argument(help: "The built site.") var folder: String = "site/public"

    @Option(help: "Folders of submissions whose contacts may not be shown.")
    var submissions: [String] = []

    @OptionGroup var benchmarks: BenchmarkFiles
    @OptionGroup var data: DataOptions

    func run() throws {
      let url = URL(filePath: folder)
      guard FileManager.default.fileExists(atPath: url.path) else {
        throw HarnessError.missing(path: folder, hint: "Build it with `invitro site build`.")
      }
      let faults = try SiteChecker(secrets: secrets()).check(url)
      for fault in faults { Console.print(fault.description) }
      guard faults.isEmpty else {
        Console.message("\(faults.count) faults")
        throw ExitCode(ExitStatus.checkFailed.rawValue)
      }
      Console.print("\(folder): every page is well formed, every link resolves, nothing private")
    }

    private func secrets() throws -> SiteChecker.Secrets {
      var essays: [String] = []
      for definition in try benchmarks.known() where !definition.open {
        for dataset in try DatasetLoader.all(definition, in: data.home) {
          essays += dataset.rows.map(\.essay)
        }
      }
      var contacts: [String] = []
      for name in submissions.isEmpty ? ["submissions"] : submissions {
        contacts += try SubmissionFolder(URL(filePath: name)).entries().compactMap(
          \.metadata.contact)
      }
      return SiteChecker.Secrets(essays: essays, strings: contacts)
    }
  }
}

/// Turns scored boards into what the site is made from.
enum SiteContent {
  static func input(
    _ boards: [LeaderboardBuilder.BoardContent], benchmarks: [BenchmarkDefinition], address: URL?,
    replication: Replication? = nil
  ) -> SiteInput {
    let known = boards.compactMap { board -> (String, DatasetStatistics.SplitStatistics)? in
      guard let dataset = board.dataset,
        let split = DatasetStatistics([dataset], definition: board.definition).splits.first
      else { return nil }
      return ("\(board.definition.id)/\(board.split)", split.published())
    }
    return SiteInput(
      benchmarks: benchmarks,
      boards: boards.map { board in
        Board(
          benchmark: board.definition.id, split: board.split, entries: board.entries,
          comparison: board.comparison)
      },
      address: address,
      statistics: Dictionary(known, uniquingKeysWith: { first, _ in first }),
      replication: replication, version: ScoreReport.toolVersion)
  }
}
