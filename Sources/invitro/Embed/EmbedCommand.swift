import Basics
import ArgumentParser
import Foundation
import Harness
import Metrics
import Reference
import Report
import Study

struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Compute an encoder's first-token states of essays, with a silhouette and pictures.",
    discussion: """
      Takes the rows of a split with the crowd's labels, or a training table
      (`invitro curate`) with its own labels. Writes to --out:

        states.npy      the first token's last hidden states, float32, (rows, channels)
        rows.tsv        set and id of each row in the same order, without labels
        embedding.json  model, rows, silhouette over six equal bins of labels
        pca.svg         first two principal components, points coloured by bin
        tsne.svg        t-SNE of the states, the same colours (not with --no-tsne)
        tsne.csv        its points, with --dimensions 3 (x, y, z), as in rows.tsv

      The silhouette is near 1 if the essays of a bin lie together and apart from
      others, 0 if bins overlap, and below 0 if essays lie among those of other bins.
      In a t-SNE picture only near and far have a meaning, not the distances
      themselves.

      States are derived from essays, and a picture shows the bin of each label,
      although not whose it is. If the data may not be redistributed, neither may
      these files; only their owner can read them.

      Example:
        invitro embed --model data/models/minilm -b newsemp18 -s all --out states
        invitro embed --model runs/a/last --table train.csv --out states --seed 1
      """)

  @Option(
    help: .value("dir", "The model's folder, pretrained or fine-tuned."), completion: .directory)
  var model: String

  @OptionGroup var split: SplitOptions

  @Option(help: .value("file", "A training table, in place of a split."), completion: .file())
  var table: String?

  @Option(help: .value("dir", "The folder to write."), completion: .directory) var out: String

  @Flag(help: "Skip t-SNE, whose time grows with the square of the number of rows.")
  var noTsne = false

  @Option(help: "Approximate number of neighbours that t-SNE considers.")
  var perplexity: Double = 30

  @Option(help: "Dimensions of t-SNE, 2 or 3; three are drawn as seen from above and the side.")
  var dimensions: Int = 2

  @Option(help: "Seed of both projections.") var seed: UInt64 = 0
  @Option(help: "Threads.") var threads: Int = Parallel.processors

  @OptionGroup var shared: SharedOptions

  func validate() throws {
    try require((table == nil) != (split.benchmark == nil), "Give either --benchmark or --table.")
    try require(
      perplexity > 1 && perplexity <= 1_000, "--perplexity must be above 1 and at most 1000.")
    try require((2...3).contains(dimensions), "--dimensions is 2 or 3.")
    try require(threads > 0, "--threads must be 1 or more.")
  }

  func run() throws {
    let rows = try table.map { try EmbeddedRows(table: URL(filePath: $0)) } ?? splitRows()
    try EssayEmbedding.check(rows)
    let embedder = try EssayEmbedder(model: URL(filePath: model), threads: threads)
    let bar = ProgressBar("embedding", unit: "essays")
    let states = try embedder.embed(rows.rows.map(\.text)) { bar.update($0, of: $1) }
    let found = try EssayEmbedding(
      rows, states: states, model: URL(filePath: model).lastPathComponent,
      followsPaper: ModelProvenance.followsPaper(URL(filePath: model)), seed: seed,
      neighbours: noTsne ? nil : { neighbours($0) })
    let folder = URL(filePath: out, directoryHint: .isDirectory)
    try found.write(to: folder, perplexity: perplexity)
    Console.message("\(rows.rows.count) states in \(folder.relativePath); for this machine")
    try shared.show(found.report, as: found.report.text)
  }

  private func neighbours(_ points: [[Double]]) -> [[Double]] {
    var options = NeighbourEmbedding.Options()
    (options.perplexity, options.dimensions) = (perplexity, dimensions)
    (options.seed, options.threads) = (seed, threads)
    let bar = ProgressBar("t-SNE", unit: "steps")
    return NeighbourEmbedding(points, options: options) { bar.update($0, of: $1) }.points
  }

  private func splitRows() throws -> EmbeddedRows {
    let (definition, name) = try split.resolve(shared.home)
    return EmbeddedRows(definition, try shared.home.load(definition, split: name))
  }
}
