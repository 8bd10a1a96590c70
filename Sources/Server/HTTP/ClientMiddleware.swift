import HTTPTypes
import Hummingbird
import NIOCore

/// Finds out where a request comes from.
struct ClientMiddleware: RouterMiddleware {
  /// Take a client's address from what the reverse proxy says.
  let trustsProxy: Bool

  func handle(_ request: Request, context: ServerContext, next: Next) async throws -> Response {
    let forwarded = trustsProxy ? request.headers[.forwardedFor] : nil
    var context = context
    context.client = forwarded.flatMap(SocketAddress.forwarded) ?? context.channel.remoteAddress
    return try await next(request, context)
  }
}

/// Tells a client that asks too often to wait.
struct AddressRateMiddleware: RouterMiddleware {
  let limiter: RateLimiter<UInt64>
  let security: SecurityLog

  func handle(_ request: Request, context: ServerContext, next: Next) async throws -> Response {
    if let seconds = limiter.wait(context.network) {
      security.record(.rateExceeded, context, reason: "requests of an address a second")
      throw Problem.tooMany("Too many requests from your address.", retryAfter: Int(seconds) + 1)
    }
    return try await next(request, context)
  }
}

/// Refuses a request while as many as may be of the same client are being answered.
struct ConcurrencyMiddleware<Key: Hashable & Sendable>: RouterMiddleware {
  /// An answer up to this size is as good as taken: it fits in the socket's buffer.
  private static var smallAnswer: Int { 64 << 10 }

  let limiter: ConcurrencyLimiter<Key>
  /// What is counted, in words; the end of "Too many requests at once ….".
  let owner: String
  let security: SecurityLog
  /// Nil for a request that is not counted.
  let key: @Sendable (ServerContext) -> Key?

  func handle(_ request: Request, context: ServerContext, next: Next) async throws -> Response {
    guard let key = key(context) else { return try await next(request, context) }
    guard let slot = limiter.slot(key) else {
      security.record(.rateExceeded, context, reason: "requests at once \(owner)")
      throw Problem.tooMany("Too many requests at once \(owner).", retryAfter: 1)
    }
    defer { withExtendedLifetime(slot) {} }
    var response = try await next(request, context)
    if response.body.contentLength ?? .max > Self.smallAnswer {
      let body = response.body
      response.body = ResponseBody(contentLength: body.contentLength) { writer in
        try await body.write(writer)
        withExtendedLifetime(slot) {}
      }
    }
    return response
  }
}

extension ServerContext {
  /// The client's address as limits count it.
  var network: UInt64 { client?.network ?? 0 }
}

extension SocketAddress {
  /// The address that a proxy says it speaks for: the last one, which it added itself.
  fileprivate static func forwarded(_ field: String) -> SocketAddress? {
    field.split(separator: ",").last.flatMap { last in
      try? SocketAddress(ipAddress: String(last.filter { $0 != " " }), port: 0)
    }
  }
}

extension SecurityLog {
  /// Records an event of a request.
  func record(_ event: Event, _ context: ServerContext, team: String? = nil, reason: String) {
    record(
      event, team: team ?? context.member?.team.name, address: context.client?.ipAddress,
      reason: reason)
  }
}
