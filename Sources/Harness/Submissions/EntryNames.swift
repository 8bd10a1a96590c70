import Basics
import Foundation

/// The names of an entry, as they are compared with those of others.
package struct EntryNames: Sendable {
  private let team, system: Set<String>

  package init(_ metadata: SubmissionMetadata) {
    team = DisplayName.keys(of: metadata.team)
    system = DisplayName.keys(of: metadata.system)
  }

  /// Whether these are systems of different teams whose names look alike.
  package func clash(with other: EntryNames) -> Bool {
    !system.isDisjoint(with: other.system) && team.isDisjoint(with: other.team)
  }

  /// Teams of a folder whose names look alike and are not the same; and on one board systems of
  /// different teams whose names look alike. Published entries have the names of their
  /// publications, and withdrawn ones hold no name.
  static func faults(_ entries: [SubmissionFolder.Entry], in url: URL) -> [Diagnostic] {
    let standing = entries.filter { $0.metadata.withdrawal == nil }
    let published = standing.filter { $0.metadata.kind == .published }
    var teams: [String: SubmissionFolder.Entry] = [:]
    var boards: [String: [(entry: SubmissionFolder.Entry, names: EntryNames)]] = [:]
    var faults: [Diagnostic] = []
    for entry in published + standing.filter({ $0.metadata.kind != .published }) {
      let (metadata, names) = (entry.metadata, EntryNames(entry.metadata))
      let file = url.appending(path: "\(metadata.benchmark)/\(entry.slug)/submission.json")
      let team = DisplayName.normalised(metadata.team)
      if let first = names.team.lazy.compactMap({ teams[$0] }).first,
        DisplayName.normalised(first.metadata.team) != team
      {
        faults.add(
          .duplicate, file: file.relativePath, field: "team", found: team,
          expected: "'\(first.metadata.team)' as in \(first.metadata.benchmark)/\(first.slug), "
            + "or a name that does not look like it")
      }
      for key in names.team where teams[key] == nil { teams[key] = entry }
      let board = "\(metadata.benchmark)/\(metadata.split)"
      if metadata.kind != .published,
        let other = boards[board]?.first(where: { names.clash(with: $0.names) })?.entry
      {
        faults.add(
          .duplicate, file: file.relativePath, field: "system", found: metadata.system,
          expected: "a name that does not look like '\(other.metadata.system)' of another team "
            + "(\(other.slug))")
      }
      boards[board, default: []].append((entry, names))
    }
    return faults
  }
}
