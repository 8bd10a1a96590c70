import Basics
import Foundation
import HTTPTypes
import Harness
import Hummingbird

/// What stands below `/api/v1`.
struct APIRoutes: Sendable {
  let store: SubmissionStore
  let intake: Intake
  let admissions: Admissions
  let definitions: [BenchmarkDefinition]
  /// By the number of the token's team; nil for no limit.
  let uploads: RateLimiter<Int64>?
  let metrics: ServerMetrics
  private let cache = ResponseCache()

  func answer(_ route: Route, _ request: Request) throws -> Response {
    switch route {
    case .submissions: try list(request)
    case .submission(let id): try one(id, request)
    case .leaderboard: try leaderboard(request)
    case .benchmarks: try benchmarks(request)
    case .health: try health()
    case .metrics: try numbers()
    case .openAPI: Self.document.response(to: request.headers)
    case .unknown, .site: throw Problem.notFound
    }
  }

  // MARK: Reading

  private func leaderboard(_ request: Request) throws -> Response {
    let wantsCSV = request.headers[.accept]?.contains("text/csv") ?? false
    let key = request.uri.string + (wantsCSV ? "#csv" : "")
    return try cache.answer(key, generation: store.generation) {
      let query = try Query(request.uri.query)
      let name = try query.required("benchmark")
      guard let definition = definitions.first(where: { $0.id == name }) else {
        throw Problem(.notFound, "There is no benchmark of this name; see /api/v1/benchmarks.")
      }
      let format = query["format"] ?? (wantsCSV ? "csv" : "json")
      guard ["json", "csv"].contains(format) else {
        throw Problem.badRequest("format is json or csv.")
      }
      let board = BoardKey(
        benchmark: definition.id, split: query["split"] ?? definition.defaultSplit)
      guard let phase = try store.phase(of: board) else {
        throw Problem(.notFound, "There is no board of this split; see /api/v1/benchmarks.")
      }
      let rows = phase.visibility == .public ? try store.board(board) : []
      let table = try LeaderboardTable(definition, phase, rows)
      if format == "csv" {
        return StaticFile(
          Data(table.csv(targets: definition.targetNames).utf8), name: "leaderboard.csv",
          varies: "Accept, Accept-Encoding")
      }
      return StaticFile(
        try CanonicalJSON.compact(table), name: "leaderboard.json",
        varies: "Accept, Accept-Encoding")
    }.response(to: request.headers)
  }

  private func benchmarks(_ request: Request) throws -> Response {
    try cache.answer("benchmarks", generation: store.generation) {
      StaticFile(
        try CanonicalJSON.compact(BenchmarkList(definitions, try store.phases())),
        name: "benchmarks.json")
    }.response(to: request.headers)
  }

  private func one(_ id: String, _ request: Request) throws -> Response {
    let viewer = try viewer(request)
    guard let submission = try store.submission(id),
      var document = SubmissionDocument(
        submission, viewer: viewer, phase: try store.phase(of: submission.board))
    else { throw Problem(.notFound, "There is no such submission, or it is not yours to see.") }
    document.history = try store.history(of: submission)
    return .bytes(try document.json, type: "application/json")
  }

  private func list(_ request: Request) throws -> Response {
    let query = try Query(request.uri.query)
    let viewer = try viewer(request)
    guard let name = query["team"] ?? viewer?.name else {
      throw Problem.badRequest("Name a team (?team=…), or send your token.")
    }
    let limit = try query["limit"].map { text in
      guard let limit = Int(text), (1...200).contains(limit) else {
        throw Problem.badRequest("limit is a number from 1 to 200.")
      }
      return limit
    }
    let submissions = try store.submissions(
      team: name, publicOnly: viewer?.name != name, before: query["before"], limit: limit ?? 50)
    let phases = try store.phases()
    let documents = try submissions.compactMap { submission in
      try SubmissionDocument(
        submission, viewer: viewer, phase: phases.first { $0.board == submission.board })?.json
    }
    let body = Data("{\"submissions\":[".utf8) + documents.joined(separator: Data(",".utf8))
    return .bytes(body + Data("]}".utf8), type: "application/json")
  }

  private func health() throws -> Response {
    do {
      _ = try store.counts()
      return .json(["status": "ok"])
    } catch {
      throw Problem(.serviceUnavailable, "The store cannot be read.")
    }
  }

  private func numbers() throws -> Response {
    let counts = try store.counts()
    return .bytes(
      Data(metrics.text(teams: counts.teams, waiting: counts.waiting).utf8),
      type: "text/plain; version=0.0.4; charset=utf-8")
  }

  // MARK: Submitting

  /// An upload whose head is in order.
  struct Admitted: Sendable {
    var token: TeamToken
    var member: Member
    /// The client's `Idempotency-Key`.
    var key: String?
    var type: MediaTypeName
  }

  /// What the head of an upload tells, before a byte of its body is taken.
  ///
  /// - Throws: ``Problem``: 400, 401, 415, 429.
  func admit(_ request: Request) throws -> Admitted {
    guard let token = try token(request), let member = try admissions.member(with: token) else {
      throw Problem.unauthorized
    }
    if let seconds = uploads?.wait(token.team) {
      throw Problem.tooMany("Too many uploads with this token.", retryAfter: Int(seconds) + 1)
    }
    let key = request.headers[.idempotencyKey]
    if let key, !Self.isKey(key) {
      throw Problem.badRequest("Idempotency-Key has 1 to 255 printable characters of ASCII.")
    }
    let type = MediaTypeName(request.headers[.contentType] ?? "")
    try UploadReader.check(type)
    return Admitted(token: token, member: member, key: key, type: type)
  }

  func submit(_ request: Request, _ admitted: Admitted, _ body: Data) async throws -> Response {
    var member = admitted.member
    let now = Date()
    let upload = try UploadReader.read(
      body, type: admitted.type, query: try Query(request.uri.query), team: member.team.name,
      key: admitted.key, today: now.day)
    if let name = upload.idempotency {
      // No transaction will look at the token again.
      guard try store.member(with: admitted.token) != nil else { throw Problem.unauthorized }
      // One that we gave up is tried again, as if it were new.
      if let known = try store.known(name, member.team), known.state != .failed {
        return try response(
          Intake.Taken(submission: known, isNew: false, warnings: []), to: member.team,
          try store.phase(of: known.board))
      }
    }
    for _ in 0..<Intake.mostRounds {
      let standing = try standing(of: member, for: upload.metadata, at: now)
      if let taken = try await intake.take(upload, standing, at: now) {
        if taken.isNew && taken.submission.wasBest {
          admissions.note(best: taken.submission.key, after: standing)
        }
        return try response(taken, to: member.team, standing.phase)
      }
      admissions.forget(member.team.id)
      guard let again = try admissions.member(with: admitted.token) else {
        throw Problem.unauthorized
      }
      member = again
    }
    throw ServerError.unsettled(store.url)
  }

  private func response(_ taken: Intake.Taken, to team: Team, _ phase: Phase?) throws -> Response {
    guard var document = SubmissionDocument(taken.submission, viewer: team, phase: phase) else {
      throw Problem.notFound
    }
    document.warnings = taken.warnings.isEmpty ? nil : Array(taken.warnings.prefix(100))
    var response = Response.bytes(
      try document.json, status: taken.isNew ? .created : .ok, type: "application/json")
    response.headers[.location] = "/api/v1/submissions/\(document.id)"
    return response
  }

  /// Where the team stands on the board that an upload is for, whose phase must be open.
  private func standing(
    of member: Member, for metadata: SubmissionMetadata, at now: Date
  ) throws -> Standing {
    func fault(_ field: String, _ found: String, _ expected: String) -> HarnessError {
      .invalid([
        Fault(.metadata, file: "metadata", field: field, found: found, expected: expected)
      ])
    }
    let board = BoardKey(benchmark: metadata.benchmark, split: metadata.split)
    if let standing = admissions.remembered(member, on: board), standing.phase.isOpen(at: now) {
      return standing
    }
    guard let definition = definitions.first(where: { $0.id == metadata.benchmark }) else {
      throw fault(
        "benchmark", metadata.benchmark,
        "one of \(definitions.map(\.id).joined(separator: ", "))")
    }
    guard definition.splitNames.contains(metadata.split) else {
      throw fault(
        "split", metadata.split, "one of \(definition.splitNames.joined(separator: ", "))")
    }
    guard let standing = try admissions.standing(of: member, on: board) else {
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

  /// The team whose token came; nil where none came.
  ///
  /// - Throws: ``Problem`` (401) for a token that is not good.
  private func viewer(_ request: Request) throws -> Team? {
    guard let token = try token(request) else { return nil }
    guard let member = try store.member(with: token) else { throw Problem.unauthorized }
    return member.team
  }

  /// The token that came; nil where none came.
  ///
  /// - Throws: ``Problem`` (401) for what is no token.
  private func token(_ request: Request) throws -> TeamToken? {
    guard let field = request.headers[.authorization] else { return nil }
    let parts = field.utf8.split(separator: UInt8(ascii: " ")).map(Substring.init)
    guard parts.count == 2, parts[0].lowercased() == "bearer", let token = TeamToken(parts[1])
    else { throw Problem.unauthorized }
    return token
  }

  private static func isKey(_ text: String) -> Bool {
    (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
  }

  private static let document = StaticFile(
    Data(PackageResources.openapi_json), name: "openapi.json")
}
