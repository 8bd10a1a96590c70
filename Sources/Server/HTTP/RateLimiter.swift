import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Token buckets by key: each fills at a steady rate up to a burst; a request takes one token.
package final class RateLimiter<Key: Hashable & Sendable>: Sendable {
  private struct Bucket {
    var level: Double
    var at: ContinuousClock.Instant
  }

  private let perSecond, burst: Double
  private let maxKeys: Int
  private let buckets = Mutex<[Key: Bucket]>([:])

  /// - Parameters:
  ///   - perSecond: requests a second in the long run; `burst` of them at once.
  ///   - maxKeys: remembered keys; beyond it full buckets are forgotten.
  package init(perSecond: Double, burst: Double, maxKeys: Int = 100_000) {
    (self.perSecond, self.burst, self.maxKeys) = (perSecond, burst, maxKeys)
  }

  /// Takes one request of `key`; nil where it may go on, else the seconds until it may.
  package func wait(_ key: Key, at now: ContinuousClock.Instant = .now) -> Double? {
    buckets.withLock { buckets in
      if buckets.count >= maxKeys, buckets[key] == nil { forget(&buckets, at: now) }
      let level = buckets[key].map { self.level($0, at: now) } ?? burst
      buckets[key] = Bucket(level: level >= 1 ? level - 1 : level, at: now)
      return level >= 1 ? nil : (1 - level) / perSecond
    }
  }

  private func level(_ bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
    min(burst, bucket.level + (now - bucket.at) / .seconds(1) * perSecond)
  }

  private func forget(_ buckets: inout [Key: Bucket], at now: ContinuousClock.Instant) {
    buckets = buckets.filter { level($0.value, at: now) < burst }
    // All of them are busy: a crowd of addresses. Starting anew keeps memory bounded.
    if buckets.count >= maxKeys { buckets = [:] }
  }
}

/// Tells a client that asks too often to wait.
struct AddressRateMiddleware: RouterMiddleware {
  let limiter: RateLimiter<UInt64>
  /// Take a client's address from what the reverse proxy says.
  let trustsProxy: Bool

  func handle(_ request: Request, context: ServerContext, next: Next) async throws -> Response {
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

/// Closes a connection whose client does not take an answer in time, or whose address has too many.
final class ConnectionLimiter: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = Any
  typealias OutboundIn = Any

  private let patience: TimeAmount
  private let counts: ConnectionCounts?
  private var address: UInt64?
  /// Writes that the client has not taken yet, and since when nothing moved.
  private var pending = 0
  private var since = NIODeadline.now()
  private var alarm: Scheduled<Void>?

  /// - Parameter counts: nil for no limit an address.
  init(answerSeconds: Int, counts: ConnectionCounts?) {
    patience = .seconds(Int64(answerSeconds))
    self.counts = counts
  }

  func handlerAdded(context: ChannelHandlerContext) {
    guard let counts, let peer = context.channel.remoteAddress else { return }
    let address = peer.network
    if counts.enter(address) { self.address = address } else { context.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    alarm?.cancel()
    alarm = nil
    if let address { counts?.leave(address) }
    address = nil
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let promise = promise ?? context.eventLoop.makePromise()
    if pending == 0 { since = .now() }
    pending += 1
    promise.futureResult.assumeIsolated().whenComplete { _ in
      self.pending -= 1
      self.since = .now()
    }
    if alarm == nil { watch(context, for: patience) }
    context.write(data, promise: promise)
  }

  private func watch(_ context: ChannelHandlerContext, for time: TimeAmount) {
    alarm = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
      alarm = nil
      guard pending > 0 else { return }
      let waited = NIODeadline.now() - since
      if waited >= patience {
        context.close(promise: nil)
      } else {
        watch(context, for: patience - waited)
      }
    }
  }
}

/// How many connections each address has.
final class ConnectionCounts: Sendable {
  private let maxPerAddress: Int
  private let counts = Mutex<[UInt64: Int]>([:])

  init(maxPerAddress: Int) { self.maxPerAddress = maxPerAddress }

  /// Counts one more; false, with nothing counted, where the address has as many as it may.
  func enter(_ address: UInt64) -> Bool {
    counts.withLock { counts in
      let count = counts[address, default: 0]
      guard count < maxPerAddress else { return false }
      counts[address] = count + 1
      return true
    }
  }

  func leave(_ address: UInt64) {
    counts.withLock { $0[address] = $0[address].flatMap { $0 > 1 ? $0 - 1 : nil } }
  }
}
