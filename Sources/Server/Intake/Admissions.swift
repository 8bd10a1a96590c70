import Synchronization

/// What uploads are admitted by, remembered from one upload of a team to its next: to look it up
/// takes longer than to read and check the file.
///
/// What is remembered may be out of date. The transaction that takes an upload in looks at all of it
/// again (``SubmissionStore/admission(_:at:in:)``); where something changed, the upload is admitted
/// anew, after ``forget(_:)``.
final class Admissions: Sendable {
  /// Teams that are remembered; beyond it all are forgotten.
  private static let most = 10_000

  private struct Remembered {
    var member: Member
    var standings: [BoardKey: Standing] = [:]
  }

  private let store: SubmissionStore
  private let teams = Mutex<[Int64: Remembered]>([:])

  init(_ store: SubmissionStore) { self.store = store }

  /// The team whose token this is; nil where it is not good.
  func member(with token: TeamToken) throws -> Member? {
    let known = teams.withLock { $0[token.team]?.member }
    if let known, token.matches(known.token) { return known }
    guard let member = try store.member(with: token) else { return nil }
    teams.withLock { teams in
      if teams.count >= Self.most { teams = [:] }
      teams[member.team.id] = Remembered(member: member)
    }
    return member
  }

  /// Where a team stood on a board when it was last looked up.
  func remembered(_ member: Member, on board: BoardKey) -> Standing? {
    let known = teams.withLock { $0[member.team.id]?.standings[board] }
    return known?.member == member ? known : nil
  }

  /// Where a team stands as the store has it now; nil where the board has no phase.
  func standing(of member: Member, on board: BoardKey) throws -> Standing? {
    let standing = try store.standing(of: member, on: board)
    teams.withLock { $0[member.team.id]?.standings[board] = standing }
    return standing
  }

  /// A submission became the best of its team.
  func note(best key: Int64, after standing: Standing) {
    teams.withLock { teams in
      let known = teams[standing.team.id]?.standings[standing.phase.board]
      guard known?.phaseKey == standing.phaseKey else { return }
      teams[standing.team.id]?.standings[standing.phase.board]?.best = key
    }
  }

  func forget(_ team: Int64) { teams.withLock { $0[team] = nil } }
}
