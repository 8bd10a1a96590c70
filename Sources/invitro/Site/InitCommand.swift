import ArgumentParser
import Foundation
import Harness
import Report

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Start a leaderboard in a git repository.",
    subcommands: [Board.self])

  struct Board: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a repository that takes submissions as pull requests.",
      discussion: """
        Writes the benchmark's definition, site.json, a folder for submissions, READMEs
        for teams and organisers, and GitHub workflows that check a pull request, score
        it, comment the table and publish the site. FOLDER must be new or empty, or
        hold nothing but .git.

        Labels are hidden unless you say otherwise: nothing of them is written, and the
        check looks at the form of the files alone. --labels open copies the files of
        --from into the repository, for anybody to read; do so only where their licence
        lets you. newsemp18 and sample24 are open: the program gets them by itself.

        --from takes a file, from which a definition named by --benchmark is made as by
        `benchmark init`, or the folder with the files of a benchmark that is known.

        Examples:
          invitro init board board --benchmark newsemp18
          invitro init board board --benchmark turns --from all.csv --labels open \\
            --target valence:0:10 --cluster conversation --split 80/10/10
        """)

    enum Labels: String, CaseIterable, ExpressibleByArgument { case open, hidden }

    @Argument(help: "The folder to write.", completion: .directory) var folder: String
    @Option(
      name: [.short, .long],
      help: "A benchmark's id, a definition's path, or the id of one to be made with --from.",
      completion: Completions.benchmarks)
    var benchmark: String
    @Option(
      help: .value("path", "File with a row a line, or the folder with a benchmark's files."),
      completion: .file())
    var from: String?
    @Option(
      help: """
        Whether anybody may have the labels. Default: open where the program gets them by \
        itself, hidden otherwise.
        """)
    var labels: Labels?
    @OptionGroup(title: "A definition made with --from") var draft: DraftOptions
    @OptionGroup var data: DataOptions

    func run() throws {
      let source = try from.map { try existing($0, hint: "Check --from.") }
      let (definition, files) = try definition(source)
      let repository = try BoardRepository(
        definition,
        labels: BoardRepository.Labels(
          of: definition, open: labels.map { $0 == .open }, from: files, home: data.home))
      try repository.write(to: URL(filePath: folder, directoryHint: .isDirectory))
      if case .committed(let files) = repository.labels {
        let names = files.keys.sorted().joined(separator: ", ")
        Console.message("labels/ holds \(names), for anybody to read once you push it")
      }
      if case .hidden(let ids) = repository.labels, ids.isEmpty {
        Console.message(
          "the rows of \(definition.defaultSplit) are not here, so that only submission.json can be "
            + "checked; --from, or `invitro data import`, gives their ids")
      }
      Console.print(
        """
        \(folder): a leaderboard of \(definition.id)
        next: read \(folder)/README.md, then
          cd \(folder) && git init -b main && git add . && git commit -m "A leaderboard"
        """)
    }

    /// The definition, made from `source` where that is a file, and the folder with its files.
    private func definition(_ source: URL?) throws -> (BenchmarkDefinition, URL?) {
      let isFolder = try source?.resourceValues(forKeys: [.isDirectoryKey]).isDirectory ?? true
      guard let source, !isFolder else {
        return (try data.home.benchmarks.find(benchmark), source)
      }
      try require(
        !benchmark.hasSuffix(".json"),
        "Give the definition's files with --from DIR; a file makes a new definition.")
      let made = try DefinitionDraft(draft.request(benchmark, file: source))
      draft.show(made)
      var definition = made.definition
      definition.open = labels == .open
      return (definition, source.deletingLastPathComponent())
    }
  }
}
