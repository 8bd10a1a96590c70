import ArgumentParser
import Foundation
import Harness
import Server

/// Which board, and whence it comes.
struct PublishedBoardOptions: ParsableArguments {
  @Argument(
    help: "The board as benchmark/split, in place of --benchmark and --split.",
    completion: Completions.boards)
  var board: String?

  @OptionGroup var split: SplitOptions

  @Option(
    help: "Folders of submissions; may be given several times. Default: submissions.",
    completion: .directory)
  var submissions: [String] = []

  @OptionGroup var inference: InferenceArguments
  @OptionGroup var data: DataOptions

  func validate() throws {
    try require(
      board == nil || split.benchmark == nil && split.split == nil,
      "Name the board as benchmark/split or with --benchmark and --split, not both.")
  }

  /// The board as it is published now, that of the server where its database has a phase of it.
  func publication() throws -> PublishedBoards.Publication {
    let (definition, name) = try resolved()
    let known = try data.home.known(
      adding: split.benchmark.map { $0.hasSuffix(".json") ? [$0] : [] } ?? [])
    let bar = ProgressBar("scoring", unit: "entries")
    return try PublishedBoards(
      data.home, definitions: known, folders: submissionFolders(submissions),
      options: try inference.scoringOptions()
    ).board(BoardKey(benchmark: definition.id, split: name)) { bar.update($0, of: $1) }
  }

  private func resolved() throws -> (BenchmarkDefinition, String) {
    guard let board else { return try split.resolve(data.home) }
    let parts = board.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else {
      throw ValidationError("A board is benchmark/split, such as newsemp24/test, not '\(board)'.")
    }
    let definition = try data.home.benchmarks.find(parts[0])
    try definition.checkSplit(parts[1])
    return (definition, parts[1])
  }
}
