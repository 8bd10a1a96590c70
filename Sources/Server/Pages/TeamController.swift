import Foundation
import HTTPTypes
import Harness
import Hummingbird
import Metrics
import Report

/// What a team has sent, and what it may do with it: `/submissions`.
struct TeamController: Sendable {
  let pages: PageRenderer
  let submissions: SubmissionController
  private static let perPage = 50

  private var store: SubmissionStore { submissions.store }

  var routes: RouteCollection<ServerContext> {
    let routes = RouteCollection(context: ServerContext.self)
    routes.getOnly("", use: list)
    routes.getOnly(":id", use: one)
    routes.post(":id/choice", use: choose)
    routes.refuseOthers(than: [.post], at: ":id/choice")
    routes.post(":id/withdrawal", use: withdraw)
    routes.refuseOthers(than: [.post], at: ":id/withdrawal")
    return routes
  }

  private struct ListContent: Encodable {
    var account: Account
    var rows: [OwnSubmission]
    var hasRows: Bool
    /// The id that the next page begins after.
    var before: String?
  }

  @Sendable func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    let start = ContinuousClock.now
    guard let member = context.member else { return .seeOther("submit") }
    let before = try request.query(as: [String: String].self, context)["before"]
    let (phases, now) = (try store.phaseList(), Date())
    let found = try store.submissions(
      team: member.team.name, before: before, limit: Self.perPage, at: now)
    let shown = found.compactMap { submission in
      SubmissionDocument(submission, viewer: member.team, phases: phases, at: now).map {
        OwnSubmission(
          $0, definition: definition(submission.benchmark),
          isGuarded: phases.governing(submission, at: now)?.labels == .hidden)
      }
    }
    func html(_ rows: [OwnSubmission]) throws -> Data {
      try pages.html(
        .submissions, at: "submissions", title: "My submissions",
        ListContent(
          account: Account(member), rows: rows, hasRows: !rows.isEmpty,
          before: found.count == Self.perPage ? found.last?.id : nil))
    }
    let isGuarded = found.contains { phases.governing($0, at: now)?.labels == .hidden }
    return await answer(
      try html(shown), bare: try html(shown.map(\.bare)), count: shown.count, isGuarded: isGuarded,
      since: start)
  }

  /// The query of a submission's address where its predictions were sent once more.
  static let again = "again"

  private struct OneContent: Encodable {
    var account: Account
    var submission: OwnSubmission
    /// Whether the form led here with predictions that the team had sent before.
    var isAgain: Bool
    /// Without what depends on labels.
    var bare: OneContent {
      var bare = self
      bare.submission = submission.bare
      return bare
    }
  }

  @Sendable func one(_ request: Request, _ context: ServerContext) async throws -> Response {
    let start = ContinuousClock.now
    guard let member = context.member else { return .seeOther("../submit") }
    let id = try context.parameters.require("id")
    let (phases, now) = (try store.phaseList(), Date())
    let found = try store.submission(id)
    let governing = found.flatMap { phases.governing($0, at: now) }
    let isGuarded = governing?.labels == .hidden
    guard let stored = found, stored.teamKey == member.team.id,
      let document = SubmissionDocument(stored, viewer: member.team, phases: phases, at: now)
    else {
      // To read one with a score takes longer, as in the API.
      if isGuarded { await GuardedAnswer.waitForTick(since: start) }
      throw Problem(.notFound, "There is no such submission, or it is not your team's.")
    }
    var own = OwnSubmission(
      document, definition: definition(stored.benchmark), isGuarded: isGuarded)
    own.history = try store.history(of: stored).map { event in
      .init(at: Moment(event.at), text: event.why ?? "The submission was \(event.kind).")
    }
    own.receipt = try store.acceptance(of: id).map { "ledger/proof/\($0.index)" }
    own.withdrawable = try !stored.isWithdrawn && store.mayBeWithdrawnByTeam(stored, at: now)
    if let phase = phases.current(of: stored.board, at: now) {
      own.left = try store.usage(of: member.team, in: phase, at: now)?.left(of: phase).words
    }
    if let governing, governing.visibility != .hidden, stored.state == .released {
      own.place(
        submissions.publisher[stored.board]?.places[id], isPublic: governing.isShown(at: now))
      own.standing = try store.standing(in: governing, at: now)
        .filter { $0.teamKey == member.team.id && $0.id != id }
        .compactMap { SubmissionDocument($0, viewer: member.team, phases: phases, at: now) }
        .map {
          .init(
            OwnSubmission($0, definition: definition($0.benchmark), isGuarded: isGuarded))
        }
    }
    let content = OneContent(
      account: Account(member), submission: own, isAgain: request.uri.query == Self.again)
    func html(_ content: OneContent) throws -> Data {
      try pages.html(
        .sent, at: "submissions/\(id)", title: "Submission of \(own.system)", content)
    }
    return await answer(
      try html(content), bare: try html(content.bare), count: 4 + (governing?.entries ?? 1),
      isGuarded: isGuarded, since: start)
  }

  /// A page of which size and time tell nothing where labels are hidden.
  private func answer(
    _ html: Data, bare: Data, count: Int, isGuarded: Bool, since start: ContinuousClock.Instant
  ) async -> Response {
    guard isGuarded else { return PageRenderer.page(html) }
    var response = await GuardedAnswer.page(
      html, bare: bare, count: count, type: PageRenderer.type, since: start)
    for field in HTTPFields.forms { response.headers[field.name] = field.value }
    return response
  }

  @Sendable func choose(_ request: Request, _ context: ServerContext) async throws -> Response {
    try await change(request, context) { id, member, _ in
      try store.choose(id, of: member.team.id)
    }
  }

  @Sendable func withdraw(_ request: Request, _ context: ServerContext) async throws -> Response {
    try await change(request, context) { id, member, fields in
      let why = (fields["why"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
      try store.withdraw(id, of: member.team.id, why: why)
    }
  }

  private func change(
    _ request: Request, _ context: ServerContext,
    _ body: (_ id: String, ServerContext.Member, _ fields: [String: String]) throws -> Void
  ) async throws -> Response {
    let fields = try await BrowserForms.fields(request, submissions.limits)
    guard let member = context.member else {
      throw Problem(.forbidden, "Your session has ended. Sign in again.")
    }
    try BrowserForms.check(fields["form"], of: member)
    let id = try context.parameters.require("id")
    do {
      try body(id, member, fields)
    } catch ServerError.unknownSubmission {
      throw Problem(.notFound, "There is no such submission, or it is not your team's.")
    } catch ServerError.refused(let reason) {
      throw Problem(.conflict, reason)
    } catch ServerError.wrongState(_, let found, _) {
      throw Problem(.conflict, "The submission is \(found) already.")
    }
    return .seeOther("../\(id)")
  }

  private func definition(_ benchmark: String) -> BenchmarkDefinition? {
    submissions.intake.scorers.definitions.first { $0.id == benchmark }
  }
}
