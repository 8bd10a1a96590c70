import Foundation
import Harness
import Report
import Server

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
    let known = try BenchmarkRegistry.shipped()
    let boards = try FolderBoards(
      folders.map { SubmissionFolder(URL(filePath: $0)) }, home: home, benchmarks: known,
      options: options, store: try ReportStore(home.storeURL)
    ).boards(adding: material.candidates) {
      material.guarded.contains($0) ? ReleaseRule.hidden : .open
    }
    var input = SiteInput(
      benchmarks: known, boards: boards, address: address, replication: replication)
    input.server = address
    try SiteBuilder(source: URL(filePath: source)).build(
      input: input, to: URL(filePath: out))
  }
}
