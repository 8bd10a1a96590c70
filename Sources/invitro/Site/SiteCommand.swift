import ArgumentParser
import Basics
import Foundation
import Harness
import Report
import Server
import Study

struct SiteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "site", abstract: "Build, preview and check the leaderboard's static site.",
    subcommands: [Build.self, Preview.self, Check.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a built site: markup, ids, links, and that it contains nothing private.",
      discussion: """
        Searches every page for the essays of the data home (except those of open sets)
        and for the contacts of submissions. Exits with 1 if something is wrong.
        """)

    @Argument(help: "The built site.", completion: .directory) var folder: String = "site/public"

    @Option(
      help: "Folders of submissions whose contacts must not be shown.", completion: .directory)
    var submissions: [String] = []

    @OptionGroup var benchmarks: BenchmarkFiles
    @OptionGroup var data: DataOptions

    func run() throws {
      let url = try existing(folder, hint: "Build it with `invitro site build`.")
      let secrets = try SiteChecker.Secrets(
        of: benchmarks.known(data.home), in: data.home, folders: submissionFolders(submissions))
      let faults = try SiteChecker(secrets: secrets).check(url)
      for fault in faults { Console.print(fault.description) }
      if !faults.isEmpty { Console.message("\(faults.count) faults") }
      try end(with: .checkFailed, unless: faults.isEmpty)
      Console.print("\(folder): every page is well formed, every link resolves, nothing private")
    }
  }

  struct Build: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Score every submission and write the site.",
      discussion: """
        Reads submissions/<benchmark>/<slug>/, scores what has gold labels in the data
        home, and writes one page a board and a submission, leaderboard.json and
        leaderboard.csv. Scores are kept in <data home>/invitro.sqlite, pages are all
        written anew. The same input gives the same bytes. Templates and styles stand
        in site/; see site/README.md. With --address, pictures for links are drawn by
        rsvg-convert (Debian's librsvg2-bin) where it is installed.

        What the boards show is logged in submissions/ledger, which belongs into git
        beside the entries, signed with <data home>/submissions.ledger.key, which does
        not. Where that key is not at hand the log is verified and stays as it is.

        Example:
          invitro site build --address https://example.org/board/ && invitro site check
        """)

    @Option(
      help: "Where the site is written; an earlier build there is replaced as a whole.",
      completion: .directory)
    var out: String = "site/public"

    @Option(help: "Address the site will have, for feeds, the sitemap and previews.")
    var address: String?

    @Flag(help: "Score everything again instead of using the kept reports.") var fresh = false

    @OptionGroup var recipe: SiteRecipe

    func run() throws {
      let bar = ProgressBar("scoring", unit: "entries")
      let summary = try recipe.build(
        to: URL(filePath: out), address: try siteAddress(address, option: "--address"),
        fresh: fresh,
        logs: true
      ) { bar.update($0, of: $1) }
      Console.print("\(out): \(summary.files) files")
      for (board, count) in summary.boards.sorted(by: { $0.key < $1.key }) {
        Console.print("  \(board): \(count) scored")
      }
    }
  }
}

/// What a site is built from; `site build` and `site preview` share it.
struct SiteRecipe: ParsableArguments {
  @Option(
    help: "Folders of submissions; may be given several times. Default: submissions.",
    completion: .directory)
  var submissions: [String] = []

  @OptionGroup var source: SiteSourceOption

  @Option(
    help: .value(
      "url",
      "Address of a server that takes submissions; benchmark pages then say how to push to it."))
  var server: String?

  @Flag(help: "Log nothing, and build the site without the page of the log.") var noLedger = false

  @OptionGroup var look: SiteConfigOption
  @OptionGroup var evidence: EvidenceOptions
  @OptionGroup var benchmarks: BenchmarkFiles
  @OptionGroup var inference: InferenceArguments
  @OptionGroup var data: DataOptions

  /// Every file and folder that the site depends on.
  var places: [URL] {
    let names = source.folders + [look.path] + benchmarks.benchmark
    return names.map { URL(filePath: $0) } + folders.map(\.url) + [data.home.url]
  }

  private var folders: [SubmissionFolder] { submissionFolders(submissions) }

  /// Scores what is not scored yet, or everything where `fresh`, logs it where `logs`, and writes the
  /// site to `out`.
  func build(
    to out: URL, address: URL?, fresh: Bool = false, logs: Bool = false,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> SiteSummary {
    let builder = try SiteBuilder(source: source.read())
    let home = data.home
    let known = try benchmarks.known(data.home)
    let settings = try look.settings(known)
    let skipped = try warnOfStrangers(in: folders, to: known)
    var options = try inference.scoringOptions()
    options.sensitivity = true
    var boards = try FolderBoards(
      folders, home: home, benchmarks: known,
      options: options, store: fresh ? nil : try ReportStore(home.storeURL)
    ).boards(progress: progress)
    let ledger =
      noLedger
      ? nil
      : try log(
        boards, leaving: skipped, keyFile: logs ? home.folderLedgerKeyURL : nil)
    for place in boards.indices { boards[place].ledger = ledger?.state }
    var input = SiteInput(
      benchmarks: known, boards: boards, address: address,
      replication: try evidence.run(home).report())
    input.server = try siteAddress(server, option: "--server")
    input.ledger = ledger
    try input.show(settings, home: home)
    return try builder.build(input: input, to: out)
  }

  /// The log in the first folder of submissions, brought up to what the boards show.
  private func log(
    _ boards: [Board], leaving skipped: Set<String>, keyFile: URL?
  ) throws -> SiteLedger? {
    let folder = folders.first { FileManager.default.fileExists(atPath: $0.url.path) }
    guard let folder else { return nil }
    let outcome = try FolderLog(submissions: folder.url).update(
      boards, leaving: skipped, keyFile: keyFile, predictionsKey: try data.home.releaseKey(),
      at: Date())
    let place = "\(folder.url.relativePath)/\(SubmissionFolder.ledgerName)"
    if outcome.appended > 0 { Console.message("\(place): \(outcome.appended) events logged") }
    if outcome.ledger != nil, outcome.unlogged > 0 {
      Console.message(
        "\(place): entries that are not logged yet: \(outcome.unlogged); "
          + "\(keyFile == nil ? "`invitro site build` logs them" : "the log's key is not here")")
    }
    return outcome.ledger
  }
}

extension SiteCommand {
  struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Serve the site on this machine, and build it again when something changes.",
      discussion: """
        For writing templates, styles and submissions: open the address that is
        printed, edit, and load the page again. Listens on 127.0.0.1 alone. A build
        that fails says why, and the last good site stays. Ctrl-C ends it.

        Example:
          invitro site preview --submissions submissions --port 8000
        """)

    @Option(help: "Port; 0 takes a free one and says which.") var port: Int = 8000

    @Option(
      help: "Where the site is built; its pages name this machine, so do not publish it.",
      completion: .directory)
    var out: String = "site/preview"

    @OptionGroup var recipe: SiteRecipe

    func run() async throws {
      try await PreviewServer(URL(filePath: out), port: port).run { [self] port in
        let address = URL(string: "http://127.0.0.1:\(port)/")
        Task.detached { await watch(address, port: port) }
      }
    }

    /// Builds now and after every change, until the process ends.
    private func watch(_ address: URL?, port: Int) async {
      // The store of scores lies in the data home and changes with each build.
      let watched = FileWatch(recipe.places) { !$0.contains("invitro.sqlite") }
      var seen = watched.stamps()
      build(address)
      Console.print("http://127.0.0.1:\(port)/")
      while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(400))
        let now = watched.stamps()
        guard now != seen else { continue }
        Console.message(FileWatch.words(from: seen, to: now))
        seen = now
        build(address)
      }
    }

    private func build(_ address: URL?) {
      do {
        let summary = try recipe.build(to: URL(filePath: out), address: address)
        Console.message("\(out): \(summary.files) files")
      } catch {
        Console.message("not built; the last site stays:\n\(error)")
      }
    }
  }
}
