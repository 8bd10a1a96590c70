import Basics
import Foundation
import HTTPTypes
import Harness
import Hummingbird

/// What every answer carries, and what happens to a body that nobody reads.
struct AnswerMiddleware: RouterMiddleware {
  var hasTLS = false

  func handle(_ request: Request, context: ServerContext, next: Next) async throws -> Response {
    var response = try await next(request, context)
    for field in HTTPFields.security where response.headers[field.name] == nil {
      response.headers[field.name] = field.value
    }
    if hasTLS { response.headers[.strictTransportSecurity] = "max-age=31536000" }
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    let isTaken = [.successful, .redirection].contains(response.status.kind)
    if request.announcesBody && !(request.method == .post && isTaken) {
      // However long the rest of the body is, it is not read.
      response.headers[.connection] = "close"
    }
    if response.status == .notModified { response.headers[.contentLength] = nil }
    return request.method == .head ? response.createHeadResponse() : response
  }
}

extension Request {
  /// The query's values by name.
  /// - Throws: ``Problem`` (400) for escapes that are no UTF-8; the framework's own errors.
  func query<Query: Decodable>(as type: Query.Type, _ context: ServerContext) throws -> Query {
    if let text = uri.query, text.removingPercentEncoding == nil {
      throw Problem.badRequest("The query has a broken escape.")
    }
    return try uri.decodeQuery(as: type, context: context)
  }

  fileprivate var announcesBody: Bool {
    headers[.transferEncoding] != nil || (headers[.contentLength].map { $0 != "0" } ?? false)
  }
}

extension RouterMethods<ServerContext> {
  /// Routes GET and HEAD of `path`, and refuses every other method.
  func getOnly<Output: ResponseGenerator>(
    _ path: RouterPath,
    use handler: @escaping @Sendable (Request, ServerContext) async throws -> Output
  ) {
    get(path, use: handler)
    refuseOthers(than: [.get], at: path)
  }

  /// Answers a method that is not for `path` with 405.
  func refuseOthers(than allowed: [HTTPRequest.Method], at path: RouterPath) {
    let known: [HTTPRequest.Method?] = [
      .get, .post, .put, .patch, .delete, .options, .trace, .connect, .init("QUERY"),
    ]
    for method in known.compactMap({ $0 }) where !allowed.contains(method) {
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
  static let fetchSite = mustBe("Sec-Fetch-Site")
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
  fileprivate static let security: HTTPFields = [
    .contentSecurityPolicy: policy(forms: "'none'"),
    .xContentTypeOptions: "nosniff", .frameOptions: "DENY", .referrerPolicy: "no-referrer",
    .permissionsPolicy: "camera=(), geolocation=(), microphone=()", .openerPolicy: "same-origin",
  ]

  /// Of a page with forms. Without a referrer a browser would not say either which site a form is from.
  static let forms: HTTPFields = [
    .contentSecurityPolicy: policy(forms: "'self'"), .referrerPolicy: "same-origin",
  ]

  private static func policy(forms: String) -> String {
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      + "connect-src 'self'; base-uri 'none'; form-action \(forms); frame-ancestors 'none'"
  }
}

/// A document that is sent as it is, and not again to those who have it.
struct Document: Sendable {
  private let bytes: ByteBuffer
  private let fields: HTTPFields
  private let etag: String

  init(_ data: Data, type: String) {
    bytes = ByteBuffer(bytes: data)
    etag = "\"\(Digest.sha256(data).prefix(32))\""
    fields = [.contentType: type, .cacheControl: "no-cache"]
  }

  func response(to request: Request, _ context: ServerContext) async throws -> Response {
    try await request.ifNoneMatch(headers: [:], eTag: etag, context: context) {
      Response(status: .ok, headers: fields, body: .init(byteBuffer: bytes))
    }
  }
}

extension Response {
  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    .bytes(try CanonicalJSON.compact(value), status: status, type: "application/json")
  }

  static func bytes(_ data: Data, status: HTTPResponse.Status = .ok, type: String) -> Response {
    Response(
      status: status, headers: [.contentType: type],
      body: .init(byteBuffer: ByteBuffer(bytes: data)))
  }
}
