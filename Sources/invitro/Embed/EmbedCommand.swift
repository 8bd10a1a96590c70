import Basics
import ArgumentParser
import Foundation
import Harness
import Metrics
import Report
import Study

struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Turn essays into an encoder's first-token states, with a silhouette and a picture.",
    discussion: HelpText.reflow(
      """
      Takes the rows of a split with the crowd's labels, or a training table (`invitro curate`) with
      its own. In --out it writes

        states.npy      float32, (rows, channels): the first token's last hidden states (numpy.load)
        rows.tsv        set and id of each row, in the same order; no label and no essay
        embedding.json  model, rows, silhouette over six equal bins of labels on [1, 7]
        pca.svg         first two principal components, points coloured by bin
        tsne.svg        t-SNE of the states, the same colours (not with --no-tsne)

      Silhouette: near 1 where essays of one bin lie together and apart from others, 0 where bins
      overlap, below 0 where essays lie among those of other bins. Distances in a t-SNE picture mean
      little beyond near and far.

      States are derived from essays, and a picture shows the bin of each label, though not whose.
      For data that may not be redistributed, all of it is for this machine: the files are readable
      by their owner alone.

      Example:
        invitro embed --model data/models/minilm --benchmark newsemp18 --split all --out states
        invitro embed --model runs/a/last --table train.csv --out states --seed 1
      """))

  @Option(help: ArgumentHelp("The model's folder, pretrained or fine-tuned.", valueName: "dir"))
  var model: String

  @OptionGroup var split: SplitOptions

  @Option(help: ArgumentHelp("A training table, in place of a split.", valueName: "file"))
  var table: String?

  @Option(help: ArgumentHelp("The folder to write.", valueName: "dir"))
  var out: String

  @Flag(help: "Leave out t-SNE, which takes a time with the square of the rows.")
  var noTsne = false

  @Option(help: "Neighbours that t-SNE looks at, about.")
  var perplexity: Double = 30

  @Option(help: "Seed of both projections.")
  var seed: UInt64 = 0

  @Option(help: "Threads.")
  var threads: Int = Parallel.processors

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func validate() throws {
    guard (table == nil) != (split.benchmark == nil) else {
      throw ValidationError("Give either --benchmark or --table.")
    }
    guard perplexity > 1, perplexity <= 1_000 else {
      throw ValidationError("--perplexity is above 1 and at most 1000.")
    }
    guard threads > 0 else { throw ValidationError("--threads is 1 or more.") }
  }

  func run() throws {
    let rows = try table.map { try EmbeddedRows(table: URL(filePath: $0)) } ?? splitRows()
    try EssayEmbedding.check(rows)
    let embedder = try EssayEmbedder(model: URL(filePath: model), threads: threads)
    let bar = ProgressBar("embedding", unit: "essays")
    let states = try embedder.embed(rows.rows.map(\.text)) { bar.update($0, of: $1) }
    let found = try EssayEmbedding(
      rows, states: states, model: URL(filePath: model).lastPathComponent, seed: seed,
      neighbours: noTsne ? nil : { neighbours($0) })
    let folder = URL(filePath: out, directoryHint: .isDirectory)
    try found.write(to: folder, perplexity: perplexity)
    Console.message("\(rows.rows.count) states in \(folder.relativePath); for this machine")
    if output.json { return try Console.json(found.report) }
    Console.print(found.report.text)
  }

  private func neighbours(_ points: [[Double]]) -> [[Double]] {
    var options = NeighbourEmbedding.Options()
    (options.perplexity, options.seed, options.threads) = (perplexity, seed, threads)
    let bar = ProgressBar("t-SNE", unit: "steps")
    return NeighbourEmbedding(points, options: options) { bar.update($0, of: $1) }.points
  }

  private func splitRows() throws -> EmbeddedRows {
    let (definition, name) = try split.resolve()
    return EmbeddedRows(definition, try data.home.load(definition, split: name))
  }
}
