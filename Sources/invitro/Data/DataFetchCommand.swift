import ArgumentParser
import Foundation
import Harness

struct DataFetchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Download an open set from its public repository.",
    discussion: HelpText.reflow(
      """
        newsemp18  essays and crowd labels, CC BY 4.0; imported at once
        llmpathy   labels by Llama 3 70B and GPT-4o, NewsEmp22 to 24, Apache-2.0

      Sizes and SHA-256 digests are pinned, and a file that differs is refused. Files that are
      already there are not fetched again. --mirror takes a folder or an address that holds the
      sets as <set>/<path>.
      """))

  @Argument(help: "newsemp18 or llmpathy.")
  var name: String

  @Option(
    help: ArgumentHelp("Folder or address to take the files from instead.", valueName: "dir-or-url")
  )
  var mirror: String?

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func run() async throws {
    let list = try FetchList.shipped(name)
    let home = data.home
    try home.create()
    let folder = home.url.appending(path: "fetched").appending(path: name)
    let bar = ProgressBar("fetching \(name)", unit: "bytes")
    let summary = try await Downloader().fetch(
      list, to: folder, mirror: try mirror.map(Mirror.init)
    ) { progress in bar.update(progress.bytes, of: progress.total) }
    Console.message(
      "\(summary.fetched.count) files fetched, \(summary.present.count) were there already; "
        + "all digests are as pinned (\(list.licence))")
    if let definition = try BenchmarkRegistry.shipped().first(where: { $0.id == name }) {
      let imported = try DatasetImporter.run(definition, from: folder, into: home)
      try ImportReport.show(imported, definition, json: output.json)
    } else if output.json {
      try Console.json(summary)
    } else {
      Console.print(folder.relativePath)
    }
  }
}
