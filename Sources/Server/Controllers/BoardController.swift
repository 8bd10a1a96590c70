import Basics
import Foundation
import Harness
import Hummingbird
import Report

/// Reading the boards: `/leaderboard` and `/benchmarks`.
struct BoardController: Sendable {
  let store: SubmissionStore
  let definitions: [BenchmarkDefinition]
  let settings: SiteSettings
  let home: DataHome
  let publisher: BoardPublisher

  var routes: RouteCollection<ServerContext> {
    let routes = RouteCollection(context: ServerContext.self)
    routes.getOnly("leaderboard", use: board)
    routes.getOnly("benchmarks", use: benchmarks)
    return routes
  }

  private struct LeaderboardQuery: Decodable {
    var benchmark, split: String?
    var format: Format?

    enum Format: String, Decodable { case json, csv }
  }

  @Sendable func board(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try request.query(as: LeaderboardQuery.self, context)
    guard let name = query.benchmark, !name.isEmpty else {
      throw Problem.badRequest("The query lacks 'benchmark'.")
    }
    guard let definition = definitions.first(where: { $0.id == name }) else {
      throw Problem(.notFound, "There is no benchmark of this name; see /api/v1/benchmarks.")
    }
    let key = BoardKey(benchmark: name, split: query.split ?? definition.defaultSplit)
    let phase = try store.phaseList().shown(of: key, at: Date())
    let isHidden = phase.map { $0.visibility != .public } ?? false
    let board = isHidden ? try publisher.empty(definition, split: key.split) : publisher[key]
    guard let board else {
      throw Problem(.notFound, "There is no board of this split; see /api/v1/benchmarks.")
    }
    let wantsCSV = request.headers[.accept]?.contains("text/csv") ?? false
    let document = query.format ?? (wantsCSV ? .csv : .json) == .csv ? board.csv : board.json
    return try await document.response(to: request, context)
  }

  /// The benchmarks that the site shows, and the phases of their boards.
  private struct BenchmarkList: Encodable {
    let schema = 1
    var benchmarks: [Benchmark]

    struct Benchmark: Encodable {
      var id, title, description, licence, source: String
      var targets: [Target]
      var primary: BenchmarkDefinition.PrimaryMetric
      var splits: [Split]
    }

    struct Split: Encodable {
      var name: String
      var rows: Int?
      /// The current one; absent where the board takes no submissions.
      var phase: Phase?
      /// All, in the order in which they open.
      var phases: [Phase]
    }
  }

  @Sendable func benchmarks(_ request: Request, _ context: ServerContext) async throws -> Response {
    let (list, now) = (try store.phaseList(), Date())
    let shown = try settings.benchmarks(
      of: definitions, boards: publisher.boards + list.boards, home: home)
    let benchmarks = shown.map { definition in
      BenchmarkList.Benchmark(
        id: definition.id, title: definition.title, description: definition.description,
        licence: definition.licence, source: definition.source, targets: definition.targets,
        primary: definition.primary,
        splits: definition.splitNames.map { name in
          let board = BoardKey(benchmark: definition.id, split: name)
          return BenchmarkList.Split(
            name: name, rows: definition.expectedRows(name),
            phase: list.current(of: board, at: now), phases: list.of(board))
        })
    }
    let data = try CanonicalJSON.compact(BenchmarkList(benchmarks: benchmarks))
    return try await Document(data, type: "application/json").response(to: request, context)
  }
}

/// For the operator and for programs: `/healthz`, `/metrics` and `/openapi.json`.
struct StatusController: Sendable {
  let store: SubmissionStore
  let metrics: ServerMetrics
  let probe: WriteProbe

  private static let openAPI = Document(
    Data(PackageResources.openapi_json), type: "application/json")

  var routes: RouteCollection<ServerContext> {
    let routes = RouteCollection(context: ServerContext.self)
    routes.getOnly("healthz") { _, _ in
      guard (try? store.counts()) != nil else {
        throw Problem(.serviceUnavailable, "The store cannot be read.")
      }
      guard await probe.succeeds() else {
        throw Problem.later(
          10, "Submissions cannot be kept: the disk is full or read-only. Reading goes on.")
      }
      return try Response.json(["status": "ok"])
    }
    routes.getOnly("metrics") { _, _ in
      let counts = try store.counts()
      let text = metrics.text(
        teams: counts.teams, waiting: counts.waiting, accounts: try store.accounts(),
        deliveries: try store.deliveryCounts())
      return Response.bytes(
        Data(text.utf8),
        type: "text/plain; version=0.0.4; charset=utf-8")
    }
    routes.getOnly("openapi.json") { request, context in
      try await Self.openAPI.response(to: request, context)
    }
    return routes
  }
}
