import ArgumentParser
import Basics
import Foundation
import Harness
import Report
import Study

struct SiteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "site", abstract: "Build, preview and check the leaderboard's static site.",
    subcommands: [Build.self, Preview.self, Check.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a built site: markup, ids, links, and that it contains nothing private.",
      discussion: HelpText.reflow(
        """
        Searches every page for the essays of the data home (except those of open sets) and for
        the contacts of submissions. Exits with 1 if something is wrong.
        """))

    @Argument(help: "The built site.") var folder: String = "site/public"

    @Option(help: "Folders of submissions whose contacts must not be shown.")
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
          essays += dataset.rows.map(\.text)
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
