import Foundation
import Hummingbird

/// For the operator and for programs: `/healthz`, `/metrics` and `/openapi.json`.
struct StatusController: Sendable {
  let store: SubmissionStore
  let metrics: ServerMetrics

  private static let openAPI = Document(
    Data(PackageResources.openapi_json), type: "application/json")

  var routes: RouteCollection<ServerContext> {
    let routes = RouteCollection(context: ServerContext.self)
    routes.get("healthz") { _, _ in
      guard (try? store.counts()) != nil else {
        throw Problem(.serviceUnavailable, "The store cannot be read.")
      }
      return try Response.json(["status": "ok"])
    }
    routes.get("metrics") { _, _ in
      let counts = try store.counts()
      return Response.bytes(
        Data(metrics.text(teams: counts.teams, waiting: counts.waiting).utf8),
        type: "text/plain; version=0.0.4; charset=utf-8")
    }
    routes.get("openapi.json") { request, context in
      try await Self.openAPI.response(to: request, context)
    }
    for path: RouterPath in ["healthz", "metrics", "openapi.json"] {
      routes.allow([.get], at: path)
    }
    return routes
  }
}
