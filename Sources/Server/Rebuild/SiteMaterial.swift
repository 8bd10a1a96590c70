import Basics
import Foundation
public import Harness

/// What the server gives to the site beside what stands in submission folders.
public struct SiteMaterial: Sendable {
  /// Current entries of public boards, and tombstones of those that were withdrawn.
  public var candidates: [Board.Candidate]
  /// Boards with labels to guard: nothing on them is shown beyond ``Harness/ReleaseRule/hidden``,
  /// wherever an entry comes from.
  public var guarded: Set<Harness.BoardKey>
}

extension SubmissionStore {
  /// What may be shown of the public boards.
  func siteMaterial() throws -> SiteMaterial {
    let phases = try phases()
    let guarded = phases.filter { $0.labels == .hidden }.map(\.board)
    let shown = phases.filter { $0.visibility == .public }.map(\.board)
    var candidates: [Board.Candidate] = []
    for key in shown { candidates += try board(key).map(candidate) }
    for submission in try withdrawnBests() where shown.contains(submission.board) {
      candidates.append(try tombstone(submission))
    }
    return SiteMaterial(candidates: candidates, guarded: Set(guarded))
  }

  private func candidate(_ submission: StoredSubmission) throws -> Board.Candidate {
    var candidate = try tombstone(submission)
    // Without a released report there is nothing to show, and nothing is scored in its stead.
    guard let report = try submission.report?.read() else { return candidate }
    candidate.report = report
    candidate.digest = submission.digest
    candidate.read = {
      [self, key = submission.key, slug = candidate.slug] reader throws(HarnessError) in
      let file: Data?
      do { file = try predictions(of: key) } catch {
        throw HarnessError.system(path: slug, reason: "\(error)")
      }
      return try reader.read(file ?? Data(), name: slug)
    }
    return candidate
  }

  /// What is said of a submission, without any figure.
  private func tombstone(_ submission: StoredSubmission) throws -> Board.Candidate {
    var metadata = submission.metadata
    metadata.history = try history(of: submission).map { event in
      SubmissionMetadata.Event(
        day: String(event.at.stamp.prefix(10)),
        kind: SubmissionMetadata.Event.Kind(rawValue: event.kind) ?? .note,
        text: event.why ?? "The submission was \(event.kind).")
    }
    return Board.Candidate(slug: submission.boardSlug, metadata: metadata, read: nil)
  }
}

extension StoredSubmission {
  /// Its name on a board: readable, and unique because of the id.
  var boardSlug: String {
    Slug.make("\(Slug.make("\(metadata.team) \(metadata.system)").prefix(60))-\(id)")
  }
}
