import Basics
import Foundation
public import Harness

/// What the server gives to the site: entries as folders, and what folders cannot say.
public struct SiteMaterial: Sendable {
  /// One folder a current entry of a public board.
  public var folder: SubmissionFolder
  /// Current entries by `benchmark/slug`.
  public var entries: [String: Entry]
  /// Entries that stood on a public board and were withdrawn.
  public var tombstones: [Tombstone]
  /// Boards with labels to guard, as `benchmark/split`: nothing on them is shown beyond
  /// ``Harness/ReleaseRule/hidden``, wherever an entry comes from.
  public var guarded: Set<String>

  public struct Entry: Sendable {
    /// As far as it is released; the site shows nothing beyond it.
    public var released: ScoreReport?
    public var history: [SubmissionMetadata.Event]
  }

  public struct Tombstone: Sendable {
    public var slug: String
    /// With its history, whose last event withdraws it.
    public var metadata: SubmissionMetadata
  }
}

/// Writes the current entries of public boards as submission folders below the data home.
struct SiteExporter: Sendable {
  let store: SubmissionStore
  let folder: SubmissionFolder

  /// Brings the folder up to date and says what is in it.
  func export() throws -> SiteMaterial {
    // What is exported holds predictions and how to reach a team.
    try AtomicFile.createFolder(folder.url.deletingLastPathComponent(), permissions: 0o700)
    let phases = try store.phases()
    let guarded = phases.filter { $0.labels == .hidden }.map { "\($0.benchmark)/\($0.split)" }
    var material = SiteMaterial(
      folder: folder, entries: [:], tombstones: [], guarded: Set(guarded))
    let shown = phases.filter { $0.visibility == .public }
    for phase in shown {
      for submission in try store.board(phase.board) {
        let slug = Self.slug(submission)
        let key = "\(submission.benchmark)/\(slug)"
        material.entries[key] = SiteMaterial.Entry(
          released: try submission.report?.read(), history: try events(submission))
        try write(submission, slug: slug)
      }
    }
    let boards = Set(shown.map(\.board))
    for submission in try store.withdrawnBests() where boards.contains(submission.board) {
      var metadata = submission.metadata
      metadata.history = try events(submission)
      material.tombstones.append(
        SiteMaterial.Tombstone(slug: Self.slug(submission), metadata: metadata))
    }
    try removeOthers(than: Set(material.entries.keys))
    return material
  }

  private func events(
    _ submission: StoredSubmission
  ) throws -> [SubmissionMetadata.Event] {
    try store.history(of: submission).map { event in
      SubmissionMetadata.Event(
        day: String(event.at.stamp.prefix(10)),
        kind: SubmissionMetadata.Event.Kind(rawValue: event.kind) ?? .note,
        text: event.why ?? "The submission was \(event.kind).")
    }
  }

  private func write(_ submission: StoredSubmission, slug: String) throws {
    let place = folder.url.appending(path: submission.benchmark).appending(path: slug)
    // An entry never changes: its slug carries its id.
    if FileManager.default.fileExists(atPath: place.path) { return }
    guard let file = try store.predictions(of: submission.key) else { return }
    _ = try folder.put(file, metadata: submission.metadata, slug: slug)
  }

  private func removeOthers(than keys: Set<String>) throws {
    let manager = FileManager.default
    for benchmark in (try? manager.contentsOfDirectory(atPath: folder.url.path)) ?? [] {
      let inside = folder.url.appending(path: benchmark)
      for slug in (try? manager.contentsOfDirectory(atPath: inside.path)) ?? []
      where !keys.contains("\(benchmark)/\(slug)") {
        try manager.removeItem(at: inside.appending(path: slug))
      }
    }
  }

  /// Readable, and unique because of the id.
  static func slug(_ submission: StoredSubmission) -> String {
    let name = Slug.make("\(submission.metadata.team) \(submission.metadata.system)").prefix(60)
    return Slug.make("\(name)-\(submission.id)")
  }
}
