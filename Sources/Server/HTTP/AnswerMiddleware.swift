import Foundation
import HTTPTypes
import Harness
import Hummingbird

/// What every answer carries, and what happens to a body that nobody reads.
struct AnswerMiddleware: RouterMiddleware {
  func handle(
    _ request: Request, context: ServerContext,
    next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    var response = try await next(request, context)
    for field in HTTPFields.security { response.headers[field.name] = field.value }
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    if request.announcesBody && !(request.method == .post && response.status.kind == .successful) {
      // However long the rest of the body is, it is not waited for.
      response.headers[.connection] = "close"
      let channel = context.channel
      channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }
    if response.status == .notModified { response.headers[.contentLength] = nil }
    return request.method == .head ? response.createHeadResponse() : response
  }
}

/// Turns every error into a problem document, and tells the operator of those that are the server's.
struct ProblemMiddleware: RouterMiddleware {
  let log: ServerLog

  func handle(
    _ request: Request, context: ServerContext,
    next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      let problem = Problem(error, now: Date())
      if problem.status.kind == .serverError {
        log.fault("\(request.method) \(context.endpointPath ?? "") failed", error)
      }
      return problem.response
    }
  }
}

extension Request {
  /// The query's values by name.
  ///
  /// - Throws: ``Problem`` (400) for escapes that are no UTF-8, which the framework would repair;
  ///   the framework's errors for a name that comes twice or a value of another type.
  func query<Query: Decodable>(
    as type: Query.Type, _ context: ServerContext
  ) throws -> Query {
    if let text = uri.query, text.removingPercentEncoding == nil {
      throw Problem.badRequest("The query has a broken escape.")
    }
    return try uri.decodeQuery(as: type, context: context)
  }

  /// Whether a body comes after the head.
  fileprivate var announcesBody: Bool {
    headers[.transferEncoding] != nil || (headers[.contentLength].map { $0 != "0" } ?? false)
  }
}

extension RouterMethods<ServerContext> {
  /// Answers a method that is not for `path` with 405.
  func allow(_ allowed: [HTTPRequest.Method], at path: RouterPath) {
    let known: [HTTPRequest.Method] = [
      .get, .post, .put, .patch, .delete, .options, .trace, .connect,
    ]
    let query = HTTPRequest.Method("QUERY").map { [$0] } ?? []
    for method in known + query where !allowed.contains(method) {
      on(path, method: method) { request, _ -> Response in
        throw Problem.methodNotAllowed(request.method, allowed: allowed)
      }
    }
  }
}

extension HTTPField.Name {
  static let idempotencyKey = mustBe("Idempotency-Key")
  static let forwardedFor = mustBe("X-Forwarded-For")
  fileprivate static let frameOptions = mustBe("X-Frame-Options")
  fileprivate static let referrerPolicy = mustBe("Referrer-Policy")
  fileprivate static let permissionsPolicy = mustBe("Permissions-Policy")
  fileprivate static let openerPolicy = mustBe("Cross-Origin-Opener-Policy")

  private static func mustBe(_ name: String) -> HTTPField.Name {
    guard let field = HTTPField.Name(name) else {
      preconditionFailure("\(name) is the name of a header field")
    }
    return field
  }
}

extension HTTPFields {
  /// Nothing is run or loaded that is not ours, and no page of ours is framed.
  ///
  /// Encryption is the reverse proxy's: it adds `Strict-Transport-Security`.
  fileprivate static let security: HTTPFields = [
    .contentSecurityPolicy:
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    .xContentTypeOptions: "nosniff",
    .frameOptions: "DENY",
    .referrerPolicy: "no-referrer",
    .permissionsPolicy: "camera=(), geolocation=(), microphone=()",
    .openerPolicy: "same-origin",
  ]
}
