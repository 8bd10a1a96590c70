import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// How much of the server one client may take.
public struct ServerLimits: Sendable, Equatable {
  /// Of a request's body.
  public var bodyBytes = 8 << 20
  /// Of all header fields of a request together.
  public var headerBytes = 16 << 10
  /// Connections at once; more wait.
  public var connections = 1024
  /// Of them, from one address; it does not count behind a proxy, whose address all have.
  public var connectionsPerAddress = 128
  /// An answer must be taken after so long.
  public var answerSeconds = 60
  /// A connection without a byte for so long is closed.
  public var idleSeconds = 30
  /// A body must be here after so long.
  public var bodySeconds = 60
  /// Uploads of a token a minute; 0 for no limit.
  public var uploadsPerMinute = 60
  /// Requests of an address a second; 0 for no limit.
  public var requestsPerSecond = 50

  public init() {}
}

/// Token buckets by key: each fills at a steady rate up to a burst, and a request takes one from it.
package final class RateLimiter<Key: Hashable & Sendable>: Sendable {
  /// Requests a second in the long run, and at once.
  package struct Rate: Sendable, Equatable {
    package var perSecond: Double
    package var burst: Double

    package init(perSecond: Double, burst: Double) {
      self.perSecond = perSecond
      self.burst = burst
    }
  }

  private struct Bucket {
    var level: Double
    var at: ContinuousClock.Instant
  }

  private let rate: Rate
  private let maxKeys: Int
  private let buckets = Mutex<[Key: Bucket]>([:])

  /// - Parameter maxKeys: keys that are remembered; beyond it those are forgotten that are full again.
  package init(_ rate: Rate, maxKeys: Int = 100_000) {
    self.rate = rate
    self.maxKeys = maxKeys
  }

  /// Takes one request of `key`; nil where it may go on, else the seconds until it may.
  package func wait(_ key: Key, at now: ContinuousClock.Instant = .now) -> Double? {
    buckets.withLock { buckets in
      if buckets.count >= maxKeys, buckets[key] == nil { forget(&buckets, at: now) }
      var bucket = buckets[key] ?? Bucket(level: rate.burst, at: now)
      bucket.level = level(bucket, at: now)
      bucket.at = now
      let isFree = bucket.level >= 1
      if isFree { bucket.level -= 1 }
      buckets[key] = bucket
      return isFree ? nil : (1 - bucket.level) / rate.perSecond
    }
  }

  private func level(_ bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
    min(rate.burst, bucket.level + (now - bucket.at) / .seconds(1) * rate.perSecond)
  }

  private func forget(_ buckets: inout [Key: Bucket], at now: ContinuousClock.Instant) {
    buckets = buckets.filter { level($0.value, at: now) < rate.burst }
    // All of them are busy: a crowd of addresses. Starting anew keeps memory bounded.
    if buckets.count >= maxKeys { buckets = [:] }
  }
}

/// Tells a client that asks too often to wait.
struct AddressRateMiddleware: RouterMiddleware {
  let limiter: RateLimiter<UInt64>
  /// Take a client's address from what the reverse proxy says.
  let trustsProxy: Bool

  func handle(
    _ request: Request, context: ServerContext,
    next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    let forwarded = trustsProxy ? request.headers[.forwardedFor] : nil
    let address = forwarded.flatMap(SocketAddress.forwarded) ?? context.channel.remoteAddress
    if let seconds = limiter.wait(address?.network ?? 0) {
      throw Problem.tooMany("Too many requests from your address.", retryAfter: Int(seconds) + 1)
    }
    return try await next(request, context)
  }
}

extension SocketAddress {
  /// The address that a proxy says it speaks for: the last one, which it added itself.
  fileprivate static func forwarded(_ field: String) -> SocketAddress? {
    field.split(separator: ",").last.flatMap { last in
      try? SocketAddress(ipAddress: String(last.filter { $0 != " " }), port: 0)
    }
  }

  /// An IPv4 address, or the network part of an IPv6 address: whoever has one has its /64.
  var network: UInt64 {
    switch self {
    case .v4(let address): UInt64(address.address.sin_addr.s_addr)
    case .v6(let address):
      withUnsafeBytes(of: address.address.sin6_addr) { bytes in
        // ::ffff:a.b.c.d is an IPv4 address on a socket for both.
        let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF
        return isMapped
          ? UInt64(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
          : bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
      }
    case .unixDomainSocket: 0
    }
  }
}
