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
    let phase = try submission.flatMap { try store.phase(of: $0.board) }
    guard let submission,
      var document = SubmissionDocument(submission, viewer: context.member?.team, phase: phase)
    else {
      // To read one with a score takes longer, also for its team without the token.
      if phase?.labels == .hidden { await GuardedAnswer.waitForTick(since: start) }
      throw Problem(.notFound, "There is no such submission, or it is not yours to see.")
    }
    document.history = try store.history(of: submission)
    document.ledger = try store.acceptance(of: document.id)
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
    let submissions = try store.submissions(
      team: name, publicOnly: viewer?.name != name, before: query.before, limit: limit)
    let phases = try store.phasesByBoard()
    let documents = submissions.compactMap {
      SubmissionDocument($0, viewer: viewer, phase: phases[$0.board])
    }
    guard submissions.contains(where: { phases[$0.board]?.labels == .hidden }) else {
      return try .json(["submissions": documents])
    }
    return try await GuardedAnswer.json(
      ["submissions": documents], bare: ["submissions": documents.map(\.bare)],
      count: documents.count, since: start)
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
  private func record(_ error: any Error, _ context: ServerContext) {
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
    if let seconds = uploads?.wait(member.team.id) {
      throw Problem.tooMany("Too many uploads of this team.", retryAfter: Int(seconds) + 1)
    }
    let reader = try UploadReader(request, context, team: member.team.name)
    let body = try await body(of: request)
    let (now, start) = (Date(), ContinuousClock.now)
    let upload = try reader.read(body, today: now.day)
    // One that was given up is tried again, as if it were new.
    if let name = upload.idempotency, let known = try store.known(name, of: member.team.id),
      known.state != .failed
    {
      // It may have been revoked while the body came.
      _ = try store.holder(of: member.token, at: now)
      let recorded = Recorded(submission: known, isNew: false)
      return try await response(recorded, [], to: member.team, since: start)
    }
    let standing = try standing(of: member.team, for: upload.metadata, at: now)
    if let board = publisher[standing.phase.board], board.isTaken(by: upload.metadata) {
      throw Refusal.systemTaken(upload.metadata.system)
    }
    let (recorded, warnings) = try await intake.take(upload, standing, token: member.token, at: now)
    return try await response(recorded, warnings, to: member.team, since: start)
  }

  private func response(
    _ recorded: Recorded, _ warnings: [Diagnostic], to team: Team,
    since start: ContinuousClock.Instant
  ) async throws -> Response {
    let phase = try store.phase(of: recorded.submission.board)
    guard var document = SubmissionDocument(recorded.submission, viewer: team, phase: phase) else {
      throw Problem.notFound
    }
    document.warnings = warnings.isEmpty ? nil : Array(warnings.prefix(100))
    document.ledger = try store.acceptance(of: document.id)
    let status = recorded.isNew ? HTTPResponse.Status.created : .ok
    var response =
      phase?.labels == .hidden
      ? try await GuardedAnswer.json(document, bare: document.bare, status: status, since: start)
      : try Response.json(document, status: status)
    response.headers[.location] = "/api/v1/submissions/\(document.id)"
    return response
  }

  /// Where the team stands on the board that an upload is for, whose phase must be open.
  private func standing(
    of team: Team, for metadata: SubmissionMetadata, at now: Date
  ) throws -> Standing {
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
    guard let standing = try store.standing(of: team.id, on: board) else {
      throw Problem(.forbidden, "\(board.benchmark)/\(board.split) takes no submissions here.")
    }
    let phase = standing.phase
    guard phase.isOpen(at: now) else {
      let times = [phase.opens.stamp, phase.closes?.stamp].compactMap { $0 }
      throw Problem(
        .forbidden, "Phase '\(phase.name)' is open from \(times.joined(separator: " to ")).")
    }
    return standing
  }

  /// - Throws: ``Problem``: 413 over the limit, by the head alone if it says so; 408 if too slow.
  private func body(of request: Request) async throws -> Data {
    let tooLarge = Problem(.contentTooLarge, "A body has at most \(limits.bodyBytes) bytes.")
    if let length = request.headers[.contentLength].flatMap(Int.init), length > limits.bodyBytes {
      throw tooLarge
    }
    let deadline = ContinuousClock.now + .seconds(limits.bodySeconds)
    var body = Data()
    do {
      for try await buffer in request.body {
        if body.count + buffer.readableBytes > limits.bodyBytes { throw tooLarge }
        body.append(contentsOf: buffer.readableBytesView)
        if ContinuousClock.now > deadline {
          throw Problem(.requestTimeout, "The body took over \(limits.bodySeconds) seconds.")
        }
      }
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.badRequest, "The body ended before its time, or is not well formed.")
    }
    return body
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

  /// Without anything that depends on labels.
  var bare: SubmissionDocument {
    var bare = self
    (bare.verdict, bare.scores, bare.note) = (nil, nil, nil)
    return bare
  }

  /// What `viewer`, nil for anybody, may see of `submission`; nil where that is nothing.
  /// - Parameter phase: of the submission's board, as it is now.
  init?(_ submission: StoredSubmission, viewer: Team?, phase: Phase?) {
    let isOwn = viewer?.id == submission.teamKey
    let visibility = phase?.visibility ?? .hidden
    guard isOwn || (visibility == .public && submission.wasOnBoard) else { return nil }
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
    if isOwn, submission.isChosen { chosen = true }
    if isOwn, phase.map({ submission.obstacle(in: $0, at: Date()) == nil }) ?? false {
      choosable = true
    }
    note =
      switch submission.state {
      case _ where submission.isWithdrawn: "It was withdrawn; its history says why."
      case .pending: "It is accepted and will be scored."
      case .failed: "The server could not score it; it costs no quota."
      case .released where visibility == .hidden: "Scores are hidden in this phase."
      case .released where submission.closing != nil:
        submission.closing?.targets.isEmpty ?? true
          ? "Its score at the close is below the first value that is shown." : nil
      case .released where submission.verdict == .atClose: "It is scored when the phase closes."
      case .released: scores == nil ? "Not a new best: no score is released of it." : nil
      }
  }
}
