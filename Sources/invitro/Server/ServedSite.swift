import Foundation
import Harness
import Report
import Server
import Study

/// Builds the site of a running server: its own entries beside those of submission folders.
struct ServedSite: Sendable {
  var folders: [String]
  var source: String
  var out: String
  var address: URL?
  var home: DataHome
  var options: ScoringOptions
  /// What it rests on does not change while the server runs.
  var replication: Replication?

  func build(_ material: SiteMaterial) throws {
    let folders = folders.map { SubmissionFolder(URL(filePath: $0)) } + [material.folder]
    let known = try BenchmarkRegistry.shipped()
    let boards = try LeaderboardBuilder(
      folders, home: home, benchmarks: known, options: options,
      store: try ReportStore(home.storeURL)
    ).boards().map { released($0, material) }
    var input = SiteContent.input(
      boards, benchmarks: known, address: address, replication: replication)
    for tombstone in material.tombstones { input.add(tombstone) }
    input.server = address
    try SiteBuilder(source: URL(filePath: source)).build(
      input: input, to: URL(filePath: out), incremental: true)
  }

  /// The board with its entries' history, and, where its labels are guarded, no figure beyond what
  /// the rule releases: of entries from folders and of pairs as well.
  private func released(
    _ board: LeaderboardBuilder.BoardContent, _ material: SiteMaterial
  ) -> LeaderboardBuilder.BoardContent {
    var board = board
    let isGuarded = material.guarded.contains("\(board.definition.id)/\(board.split)")
    if isGuarded {
      for index in board.entries.indices {
        board.entries[index].report = board.entries[index].report.map(ReleaseRule.hidden.released)
      }
      board.comparison = board.comparison.map(ReleaseRule.hidden.released)
    }
    for index in board.entries.indices {
      let key = "\(board.definition.id)/\(board.entries[index].slug)"
      guard let entry = material.entries[key] else { continue }
      board.entries[index].metadata.history = entry.history
      if isGuarded { board.entries[index].report = entry.released }
    }
    return board
  }
}

extension SiteInput {
  /// Shows a withdrawn entry, without a figure, on its board.
  fileprivate mutating func add(_ tombstone: SiteMaterial.Tombstone) {
    let metadata = tombstone.metadata
    let entry = LeaderboardEntry(slug: tombstone.slug, metadata: metadata, report: nil)
    let place = boards.firstIndex {
      $0.benchmark == metadata.benchmark && $0.split == metadata.split
    }
    if let place {
      boards[place].entries.append(entry)
    } else {
      boards.append(
        Board(benchmark: metadata.benchmark, split: metadata.split, entries: [entry]))
    }
  }
}
