import Basics
public import Foundation
public import Harness
import Ledger

/// A board as one zip, for a repository such as Zenodo: what its pages show, the ledger behind it, and
/// descriptions of both. It takes a released ``Board`` and nothing else of the entries, so that it holds
/// no label, no prediction and no contact. The same input gives the same bytes.
public struct BoardArchive {
  private let table: BoardTable
  private let record: ArchiveRecord
  private let facts: BenchmarkFacts
  private let ledger: URL?

  /// - Parameters:
  ///   - manifest: what the data home knows of the benchmark's files; nil where it has none of them.
  ///   - hidden: splits of the benchmark whose labels are guarded.
  ///   - ledger: the folder with the log's `checkpoint`; nil for none.
  public init(
    _ board: Board, _ record: ArchiveRecord, manifest: DataHome.Manifest?,
    hidden: Set<String> = [], ledger: URL? = nil
  ) throws {
    (table, self.record, self.ledger) = (BoardTable(board), record, ledger)
    facts = try BenchmarkFacts(board.definition, manifest: manifest, hidden: hidden)
  }

  /// - Throws: ``LedgerError`` where the ledger's folder lacks a tile that its checkpoint names.
  public func zip() throws -> Data {
    try ZipArchive.zip(try files(), name: table.path)
  }

  /// Its files, in the order of their paths.
  package func files() throws -> [(path: String, data: Data)] {
    var files = try table.documents().map { file in
      (path: "\(table.path)/\(file.path)", data: try file.make())
    }
    let log = try ledger.map(Self.log) ?? []
    files += log
    files.append(("leaderboards.json", try CanonicalJSON.document(BoardIndex([table]))))
    files.append(("croissant.json", try CanonicalJSON.document(croissant)))
    files.append(("datacite.json", try CanonicalJSON.document(DataCite(table.board, record))))
    files.append(("README.md", Data(readme(hasLedger: !log.isEmpty).utf8)))
    files.sort { $0.path < $1.path }
    let sums = files.map { "\(Digest.sha256($0.data))  \($0.path)\n" }.joined()
    files.append(("SHA256SUMS", Data(sums.utf8)))
    return files.sorted { $0.path < $1.path }
  }

  private var croissant: Croissant {
    let models = table.board.entries.filter { $0.metadata.withdrawal == nil }
      .compactMap { $0.metadata.llmLabels?.model }
    return Croissant(
      table.benchmark, data: facts,
      labellers: models.map { SafeText.shortened(SafeText.cleaned($0)) }.unique().sorted())
  }

  /// The checkpoint in `folder` and exactly the tiles of its tree: a server may write newer ones
  /// meanwhile. Beside them the keys, where they are there.
  private static func log(_ folder: URL) throws -> [(path: String, data: Data)] {
    let tiles = TileFolder(folder)
    let checkpoint = try tiles.checkpoint()
    var files = [(path: "ledger/checkpoint", data: checkpoint)]
    let size = try Checkpoint(text: SignedNote(checkpoint).text).head.size
    for tile in Tile.tiles(of: size) {
      let (own, full) = (try tiles.read(tile), tile.isFull ? nil : try tiles.read(tile.full))
      guard let data = own ?? full else {
        throw LedgerError.missing(folder.appending(path: tile.path).relativePath)
      }
      files.append(("ledger/\((own == nil ? tile.full : tile).path)", data))
    }
    for name in ["key", "rotations.json"] {
      guard let data = try? Data(contentsOf: folder.appending(path: name)) else { continue }
      files.append(("ledger/\(name)", data))
    }
    return files
  }
}

extension BoardArchive {
  /// What is what, and how it is verified.
  private func readme(hasLedger: Bool) -> String {
    let (board, benchmark) = (table.board, table.benchmark)
    let hidden =
      board.isGuarded
      ? "\nThe labels of \(board.split) are hidden. Of each system the released figures are here, and "
        + "nothing else.\n" : ""
    let pairs =
      table.pairs == nil
      ? "" : "| `\(table.path)/comparison.json`, `.csv` | every pair of systems |\n"
    let verified =
      hasLedger
      ? """
      `ledger/` holds the leaderboard's ledger: an append-only Merkle log in static tiles (C2SP
      tlog-tiles) with its signed checkpoint. Unpack the archive and run

          invitro ledger verify .

      in its folder. It checks the signatures, the tree, and that the board shows what the log says.
      """
      : "This leaderboard has no ledger, so that nothing beyond the checksums can be verified."
    return """
      # Leaderboard of \(SafeText.cleaned(benchmark.title)), \(board.split)

      The state of \(record.day): \(FigureText.counted(board.scored.count, "scored system")), \
      \(FigureText.counted(board.published.count, "published result")). Made by invitro \
      \(ScoreReport.toolVersion).
      \(hidden)
      | file | content |
      |---|---|
      | `\(table.path)/leaderboard.json`, `.csv` | the board, with intervals and ranks |
      | `\(table.path)/leaderboard.tex`, `.bib` | the board as a LaTeX table; the entries' BibTeX records |
      \(pairs)| `\(table.path)/systems/<entry>.json`, `.csv` | an entry: what its team says, its history and its score report |
      | `leaderboards.json` | where the files of the board are |
      | `croissant.json` | the benchmark in Croissant 1.1 and its RAI vocabulary, without the data |
      | `datacite.json` | metadata of this archive for DataCite 4.5 |
      | `SHA256SUMS` | checksums of all other files |

      Links to pages (`.html`) in these documents lead to the leaderboard's site, which is not part of the
      archive. The data are not either: \(SafeText.cleaned(benchmark.licence)). Source: \
      \(SafeText.cleaned(benchmark.source))

      ## Verify

          sha256sum -c SHA256SUMS

      \(verified)

      """
  }
}
