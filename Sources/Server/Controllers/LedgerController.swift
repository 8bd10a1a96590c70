import Basics
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import Report

/// The ledger in static tiles, out of the database: `/ledger`.
struct LedgerController: Sendable {
  let store: SubmissionStore

  private static let binary = "application/octet-stream"
  private static let text = "text/plain; charset=utf-8"

  var routes: RouteCollection<ServerContext> {
    let routes = RouteCollection(context: ServerContext.self)
    routes.getOnly("checkpoint", use: checkpoint)
    routes.getOnly("key") { _, _ in
      Self.answer(try store.ledger.currentKeys().document, type: Self.text)
    }
    routes.getOnly("rotations.json") { _, _ in
      Self.answer(try store.rotations(), type: "application/json")
    }
    routes.getOnly("proof/:index", use: proof)
    routes.getOnly("tile/**", use: tile)
    return routes
  }

  @Sendable func checkpoint(_ request: Request, _ context: ServerContext) async throws -> Response {
    Self.answer(try store.checkpoint(), type: Self.text)
  }

  @Sendable func proof(_ request: Request, _ context: ServerContext) async throws -> Response {
    let text = try context.parameters.require("index")
    guard let index = Int(text), "\(index)" == text else {
      throw Problem.badRequest("The index of a leaf is a number from 0 on.")
    }
    return Self.answer(try store.receipt(of: index)?.bytes, type: Self.text)
  }

  @Sendable func tile(_ request: Request, _ context: ServerContext) async throws -> Response {
    let path = context.parameters.getCatchAll().joined(separator: "/")
    guard let tile = try? Tile(path: "tile/\(path)") else { throw Problem.notFound }
    return Self.answer(
      try store.bytes(of: tile), type: Self.binary, caching: "max-age=604800, immutable")
  }

  /// - Parameter bytes: nil for what the log does not have yet, which no cache may keep.
  private static func answer(
    _ bytes: Data?, type: String, caching: String = "no-cache"
  ) -> Response {
    guard let bytes else {
      var response = Response(status: .notFound)
      response.headers[.cacheControl] = "no-store"
      return response
    }
    var response = Response.bytes(bytes, type: type)
    response.headers[.cacheControl] = caching
    return response
  }
}
