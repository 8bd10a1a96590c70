import Foundation
import HTTPTypes
import Harness
import Hummingbird
import NIOCore

/// Answers every request: limits first, then the route, then what every answer carries.
struct ServerResponder: HTTPResponder {
  typealias Context = ServerContext

  let routes: APIRoutes
  let site: SiteCache?
  let limits: ServerLimits
  let addresses: RateLimiter<UInt64>?
  /// Take a client's address from what the reverse proxy says.
  let trustsProxy: Bool
  let metrics: ServerMetrics
  let log: ServerLog

  func respond(to request: Request, context: ServerContext) async throws -> Response {
    let started = ContinuousClock.now
    let route = Route(request.uri.path)
    var response: Response
    var isRead = false
    do {
      response = try await answer(request, route, context, &isRead)
    } catch {
      let problem = Problem(error, now: Date())
      if problem.status.kind == .serverError { log.fault("\(route.label) failed", error) }
      response = problem.response
    }
    // Nobody reads a body that was not asked for, however long it comes.
    if !isRead && request.announcesBody {
      response.headers[.connection] = "close"
      context.closeSoon()
    }
    if request.method == .head { response = response.createHeadResponse() }
    if response.status == .notModified { response.headers[.contentLength] = nil }
    metrics.answered(
      route.label, status: response.status.code, after: ContinuousClock.now - started)
    return response
  }

  /// - Parameter isRead: becomes true once the whole body was read.
  private func answer(
    _ request: Request, _ route: Route, _ context: ServerContext, _ isRead: inout Bool
  ) async throws -> Response {
    if let addresses {
      let forwarded = trustsProxy ? request.headers[.forwardedFor] : nil
      let address = forwarded.flatMap(ServerContext.number(forwarded:)) ?? context.address
      if let seconds = addresses.wait(address) {
        throw Problem.tooMany("Too many requests from your address.", retryAfter: Int(seconds) + 1)
      }
    }
    guard route.methods.contains(request.method) else {
      throw Problem(
        .methodNotAllowed, "\(request.method.rawValue) is not for this address.",
        headers: [.allow: route.methods.map(\.rawValue).joined(separator: ", ")])
    }
    if route == .site { return try sitePage(request) }
    if route == .submissions && request.method == .post {
      let admitted = try routes.admit(request)
      let body = try await body(of: request)
      isRead = true
      return try await routes.submit(request, admitted, body)
    }
    return try routes.answer(route, request)
  }

  private func sitePage(_ request: Request) throws -> Response {
    guard let site else { throw Problem.notFound }
    guard let response = site.answer(request) else { throw Problem.notFound }
    return response
  }

  /// The whole body.
  ///
  /// - Throws: ``Problem``: 413 over the limit, told by the head alone where it says so; 408 where
  ///   it takes too long.
  private func body(of request: Request) async throws -> Data {
    let tooLarge = Problem(
      .contentTooLarge, "A body has at most \(limits.bodyBytes) bytes.")
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
          throw Problem(
            .requestTimeout, "The body took over \(limits.bodySeconds) seconds.")
        }
      }
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.badRequest, "The body ended before its time.")
    }
    return body
  }
}

extension Request {
  /// Whether a body comes after the head.
  fileprivate var announcesBody: Bool {
    headers[.transferEncoding] != nil || (headers[.contentLength].map { $0 != "0" } ?? false)
  }
}
