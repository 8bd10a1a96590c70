import ArgumentParser
import Foundation
import Harness
import Report
import Study

/// What a site is built from; `site build` and `site preview` share it.
struct SiteRecipe: ParsableArguments {
  @Option(help: "Folders of submissions; may be given several times. Default: submissions.")
  var submissions: [String] = []

  @Option(help: "The folder with templates/ and assets/.")
  var source: String = "site"

  @Option(
    help: ArgumentHelp(
      "Address of a server that takes submissions; benchmark pages then say how to push to it.",
      valueName: "url"))
  var server: String?

  @OptionGroup var evidence: EvidenceOptions
  @OptionGroup var benchmarks: BenchmarkFiles
  @OptionGroup var inference: InferenceArguments
  @OptionGroup var data: DataOptions

  /// Every file and folder that the site depends on.
  var places: [URL] {
    let names = [source + "/templates", source + "/assets"] + folders + benchmarks.benchmark
    return names.map { URL(filePath: $0) } + [data.home.url]
  }

  private var folders: [String] { submissions.isEmpty ? ["submissions"] : submissions }

  /// Scores what is not scored yet and writes the site to `out`.
  ///
  /// - Parameter fresh: scores everything again.
  func build(
    to out: URL, address: URL?, fresh: Bool = false,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> SiteSummary {
    let builder = try SiteBuilder(source: URL(filePath: source))
    let home = data.home
    let known = try benchmarks.known()
    var options = try inference.scoringOptions()
    options.sensitivity = true
    let boards = try FolderBoards(
      folders.map { SubmissionFolder(URL(filePath: $0)) }, home: home, benchmarks: known,
      options: options, store: fresh ? nil : try ReportStore(home.storeURL)
    ).boards(progress: progress)
    var input = SiteInput(
      benchmarks: known, boards: boards, address: address,
      replication: try evidence.run(home).report())
    input.server = try SiteAddress.parse(server, option: "--server")
    return try builder.build(input: input, to: out)
  }
}
