import Basics
import Foundation
import HTTPTypes
import Harness
import Hummingbird

/// Sending submissions and reading them: `/submissions`.
struct SubmissionController: Sendable {
  let store: SubmissionStore
  let intake: SubmissionIntake
  let publisher: BoardPublisher
  let limits: ServerLimits
  /// By team; nil for no limit.
  let uploads: RateLimiter<Int64>?
  let security: SecurityLog

  var routes: RouteCollection<ServerContext> {
    let routes = RouteCollection(context: ServerContext.self)
    routes.get(use: list)
    routes.post(use: submit)
    routes.refuseOthers(than: [.get, .post], at: "")
    routes.getOnly(":id", use: one)
    routes.post(":id/choice", use: choose)
    routes.refuseOthers(than: [.post], at: ":id/choice")
    return routes
  }

  @Sendable func one(_ request: Request, _ context: ServerContext) async throws -> Response {
    let start = ContinuousClock.now
    let submission = try store.submission(try context.parameters.require("id"))
    let (phases, now) = (try store.phaseList(), Date())
    let phase = submission.flatMap { phases.governing($0, at: now) }
    guard let submission,
      var document = SubmissionDocument(
        submission, viewer: context.member?.team, phases: phases, at: now)
    else {
      // To read one with a score takes longer, also for its team without the token.
      if phase?.labels == .hidden { await GuardedAnswer.waitForTick(since: start) }
      throw Problem(.notFound, "There is no such submission, or it is not yours to see.")
    }
    document.history = try store.history(of: submission)
    document.ledger = try store.acceptance(of: document.id)
    document.left = try left(of: submission, to: context.member?.team, at: now)
    guard phase?.labels == .hidden else { return try .json(document) }
    return try await GuardedAnswer.json(document, bare: document.bare, since: start)
  }

  @Sendable func choose(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard let member = context.member else { throw Problem.unauthorized }
    let id = try context.parameters.require("id")
    do {
      try store.choose(id, of: member.team.id)
    } catch ServerError.unknownSubmission {
      throw Problem(.notFound, "There is no such submission, or it is not yours.")
    } catch ServerError.refused(let reason) {
      throw Problem(.conflict, reason)
    }
    return try await one(request, context)
  }

  private struct ListQuery: Decodable {
    var team, before: String?
    var limit: Int?
  }

  private struct ListDocument: Encodable {
    var submissions: [SubmissionDocument]
    /// Told to the team alone.
    var left: [RemainingQuota]?

    var bare: ListDocument { ListDocument(submissions: submissions.map(\.bare), left: left) }
  }

  /// Told to the team of `submission` alone, while its board takes submissions.
  private func left(
    of submission: StoredSubmission, to viewer: Team?, at now: Date
  ) throws -> RemainingQuota? {
    guard let viewer, viewer.id == submission.teamKey else { return nil }
    return try store.left(to: viewer, of: submission.board, at: now)?.first
  }

  @Sendable func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    let start = ContinuousClock.now
    let query = try request.query(as: ListQuery.self, context)
    let viewer = context.member?.team
    guard let name = query.team ?? viewer?.name else {
      throw Problem.badRequest("Name a team (?team=…), or send your token.")
    }
    let limit = query.limit ?? 50
    guard (1...200).contains(limit) else {
      throw Problem.badRequest("limit is a number from 1 to 200.")
    }
    let now = Date()
    let submissions = try store.submissions(
      team: name, publicOnly: viewer?.name != name, before: query.before, limit: limit, at: now)
    let phases = try store.phaseList()
    let document = ListDocument(
      submissions: submissions.compactMap {
        SubmissionDocument($0, viewer: viewer, phases: phases, at: now)
      }, left: try viewer.flatMap { $0.name == name ? try store.left(to: $0, at: now) : nil })
    guard submissions.contains(where: { phases.governing($0, at: now)?.labels == .hidden }) else {
      return try .json(document)
    }
    return try await GuardedAnswer.json(
      document, bare: document.bare, count: document.submissions.count, since: start)
  }

  @Sendable func submit(_ request: Request, _ context: ServerContext) async throws -> Response {
    do {
      return try await take(request, context)
    } catch {
      record(error, context)
      throw error
    }
  }

  /// Records a refusal, without what was sent.
  func record(_ error: any Error, _ context: ServerContext) {
    if case .quota(let kind, _)? = error as? Refusal {
      security.record(.quotaExceeded, context, reason: kind.rawValue)
      return
    }
    let problem = Problem(error, now: Date())
    guard problem.status.kind == .clientError else { return }
    if problem.status == .tooManyRequests {
      security.record(.rateExceeded, context, reason: "uploads of a token a minute")
      return
    }
    let codes = Set(problem.faults.map(\.code.rawValue)).sorted().map { " \($0)" }.joined()
    security.record(.uploadRefused, context, reason: "\(problem.status.code)\(codes)")
  }

  private func take(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard let member = context.member else { throw Problem.unauthorized }
    try checkRate(of: member.team)
    let reader = try UploadReader(request, context, team: member.team)
    let body = try await request.wholeBody(limits)
    let (now, start) = (Date(), ContinuousClock.now)
    let upload = try reader.read(body, today: now.day)
    let (recorded, warnings) = try await accept(upload, of: member, at: now)
    return try await response(recorded, warnings, to: member.team, since: start)
  }

  /// - Throws: ``Problem`` (429) where a team sends too often.
  func checkRate(of team: Team) throws {
    guard let seconds = uploads?.wait(team.id) else { return }
    throw Problem.tooMany("Too many uploads of this team.", retryAfter: Int(seconds) + 1)
  }

  /// Takes an upload in: what the API and the site's form both do.
  /// - Throws: ``Problem``, ``Refusal``, ``ServerError``, and ``HarnessError/invalid(_:)`` for a faulty
  ///   file, which is counted.
  func accept(
    _ upload: Upload, of member: ServerContext.Member, at now: Date
  ) async throws -> (Recorded, warnings: [Diagnostic]) {
    // One that was given up is tried again, as if it were new.
    if let name = upload.idempotency, let known = try store.known(name, of: member.team.id),
      known.state != .failed
    {
      // It may have been revoked while the body came.
      _ = try store.holder(of: member.token, at: now)
      return (Recorded(submission: known, isNew: false), [])
    }
    let standing = try standing(for: upload, of: member.team, at: now)
    return try await intake.take(upload, standing, token: member.token, at: now)
  }

  /// Everything that is asked of an upload before it is scored; nothing is counted and no label is looked
  /// at.
  /// - Throws: as ``accept(_:of:at:)``.
  func check(_ upload: Upload, of team: Team, at now: Date) async throws -> Predictions {
    try await intake.check(upload, in: try standing(for: upload, of: team, at: now).phase)
  }

  private func standing(for upload: Upload, of team: Team, at now: Date) throws -> Standing {
    let phase = try openPhase(for: upload.metadata, at: now)
    if let board = publisher[phase.board], board.isTaken(by: upload.metadata) {
      throw Refusal.systemTaken(upload.metadata.system)
    }
    return try store.standing(of: team, with: upload.metadata.system, in: phase)
  }

  private func response(
    _ recorded: Recorded, _ warnings: [Diagnostic], to team: Team,
    since start: ContinuousClock.Instant
  ) async throws -> Response {
    let (phases, now) = (try store.phaseList(), Date())
    let phase = phases.governing(recorded.submission, at: now)
    guard
      var document = SubmissionDocument(recorded.submission, viewer: team, phases: phases, at: now)
    else {
      throw Problem.notFound
    }
    document.warnings = warnings.isEmpty ? nil : Array(warnings.prefix(100))
    document.ledger = try store.acceptance(of: document.id)
    document.left = try left(of: recorded.submission, to: team, at: now)
    let status = recorded.isNew ? HTTPResponse.Status.created : .ok
    var response =
      phase?.labels == .hidden
      ? try await GuardedAnswer.json(document, bare: document.bare, status: status, since: start)
      : try Response.json(document, status: status)
    response.headers[.location] = "/api/v1/submissions/\(document.id)"
    return response
  }

  /// The phase of the board that an upload is for, which must be open.
  private func openPhase(for metadata: SubmissionMetadata, at now: Date) throws -> Phase {
    func check(_ field: String, _ found: String, _ known: [String]) throws {
      if known.contains(found) { return }
      let expected = "one of \(known.joined(separator: ", "))"
      throw HarnessError.invalid([
        Diagnostic(.metadata, file: "metadata", field: field, found: found, expected: expected)
      ])
    }
    let board = BoardKey(benchmark: metadata.benchmark, split: metadata.split)
    let definitions = intake.scorers.definitions
    try check("benchmark", board.benchmark, definitions.map(\.id))
    let definition = try definitions.named(board.benchmark)
    try check("split", board.split, definition.splitNames)
    guard let phase = try store.phase(of: board, at: now) else {
      throw Problem(.forbidden, "\(board.benchmark)/\(board.split) takes no submissions here.")
    }
    guard phase.isOpen(at: now) else {
      let times = [phase.opens.stamp, phase.closes?.stamp].compactMap { $0 }
      throw Problem(
        .forbidden, "Phase '\(phase.name)' is open from \(times.joined(separator: " to ")).")
    }
    return phase
  }
}

/// A submission as the API shows it.
struct SubmissionDocument: Encodable {
  var id, benchmark, split, phase, team, system, kind: String
  var description: String?
  var received: Date
  var state: String
  /// Whether it is a new best, and why not; absent where scores are hidden.
  var verdict: ReleaseGuard.Verdict?
  var digest: String
  var scores: ScoreReport?
  /// Whether it will stand for its team at the close, and whether it may be chosen to; told to the team
  /// alone.
  var chosen, choosable: Bool?
  /// Why there are no scores, in words.
  var note: String?
  var warnings: [Diagnostic]?
  var history: [StoredSubmission.Event]?
  /// Its place in the ledger.
  var ledger: SubmissionStore.Acceptance?
  /// What the team may still send to the board, told to it alone.
  var left: RemainingQuota?

  /// Without anything that depends on labels.
  var bare: SubmissionDocument {
    var bare = self
    (bare.verdict, bare.scores, bare.note) = (nil, nil, nil)
    return bare
  }

  /// What `viewer`, nil for anybody, may see of `submission`; nil where that is nothing.
  init?(_ submission: StoredSubmission, viewer: Team?, phases: PhaseList, at now: Date) {
    let isOwn = viewer?.id == submission.teamKey
    let phase = phases.governing(submission, at: now)
    let visibility = phase?.visibility ?? .hidden
    let isShown =
      visibility == .public && submission.wasOnBoard && phase?.covers(submission, at: now) == false
    guard isOwn || isShown else { return nil }
    (id, team, digest) = (submission.id, submission.team, submission.digest)
    (benchmark, split, self.phase) = (submission.benchmark, submission.split, submission.phase)
    let metadata = submission.metadata
    (system, kind, description) = (metadata.system, metadata.kind.rawValue, metadata.description)
    received = submission.received
    state = submission.shownState
    let isReleased = !submission.isWithdrawn && submission.state == .released
    if isReleased && visibility != .hidden {
      (verdict, scores) = (submission.verdict, submission.closing ?? submission.report)
    }
    // It was released with labels or by a scorer that the board no longer has.
    let isSuperseded =
      phase?.labels == .hidden
      && scores.map { $0.state != submission.current ?? $0.state } ?? false
    if isSuperseded { scores = nil }
    if isOwn, submission.isChosen { chosen = true }
    let own = phases.named(submission.phase, of: submission.board)
    if isOwn, let own, submission.obstacle(in: own, at: now) == nil { choosable = true }
    note =
      switch submission.state {
      case _ where submission.isWithdrawn: "It was withdrawn; its history says why."
      case .pending: "It is accepted and will be scored."
      case .failed: "The server could not score it; it costs no quota."
      case .released where visibility == .hidden: "Scores are hidden in this phase."
      case .released where isSuperseded:
        "Superseded: its board was rescored, and no score is released of it since."
      case .released where submission.closing != nil:
        submission.closing?.targets.isEmpty ?? true
          ? "Its score at the close is below the first value that is shown." : nil
      case .released where submission.verdict == .atClose: "It is scored when the phase closes."
      case .released: scores == nil ? "Not a new best: no score is released of it." : nil
      }
  }
}
