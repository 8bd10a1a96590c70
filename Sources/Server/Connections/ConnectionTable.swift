import Foundation
import HummingbirdCore
import NIOCore
import Synchronization

/// One connection, and what goes on there.
final class TrackedConnection: Sendable {
  enum Activity {
    /// It waits for the first byte of its first request, or for the rest of a head.
    case awaitingHead
    /// A request is being read or answered.
    case busy
    /// It waits for the next request, or for the client to leave.
    case idle
  }

  let channel: any Channel
  let address: UInt64?
  /// 0 where it is busy, else since when it waits in nanoseconds, with an offset that puts heads
  /// before everything else: the smaller, the sooner it is closed for others.
  fileprivate let mark: Atomic<Int64>
  fileprivate static let headOffset = Int64.max / 2

  fileprivate init(_ channel: any Channel, address: UInt64?) {
    (self.channel, self.address) = (channel, address)
    mark = Atomic(Self.now - Self.headOffset)
  }

  fileprivate static var now: Int64 { Int64(NIODeadline.now().uptimeNanoseconds) }

  fileprivate func enter(_ activity: Activity) {
    let value =
      switch activity {
      case .awaitingHead: Self.now - Self.headOffset
      case .busy: Int64(0)
      case .idle: Self.now
      }
    mark.store(value, ordering: .relaxed)
  }
}

/// The open connections of a server. The last place is kept for the newest: when it is taken, the
/// connection that has waited longest for a head is closed if that is over a second, or else the one
/// that is idle longest. Where all are busy, further connections wait in the system's queue.
final class ConnectionTable: AvailableConnectionsDelegate {
  private let capacity: Int
  private let perAddress: ConcurrencyLimiter<UInt64>?
  private let open = Atomic(0)
  private let connections = Mutex<[ObjectIdentifier: TrackedConnection]>([:])

  /// - Parameter maxPerAddress: nil for no limit, as behind a proxy.
  init(capacity: Int, maxPerAddress: Int?) {
    self.capacity = max(2, capacity)
    perAddress = maxPerAddress.map { ConcurrencyLimiter(limit: $0) }
  }

  func connectionOpened() {
    if open.wrappingAdd(1, ordering: .relaxed).newValue >= capacity { makeRoom() }
  }

  func connectionClosed() { open.wrappingSubtract(1, ordering: .relaxed) }

  func isAcceptingNewConnections() -> Bool { open.load(ordering: .relaxed) < capacity }

  /// Enters a connection that waits for its first head; nil where its address has too many.
  func add(_ channel: any Channel) -> TrackedConnection? {
    let address = perAddress == nil ? nil : channel.remoteAddress?.network
    if let perAddress, let address, !perAddress.enter(address) { return nil }
    let connection = TrackedConnection(channel, address: address)
    connections.withLock { $0[ObjectIdentifier(connection)] = connection }
    return connection
  }

  func remove(_ connection: TrackedConnection) {
    _ = connections.withLock { $0.removeValue(forKey: ObjectIdentifier(connection)) }
    if let address = connection.address { perAddress?.leave(address) }
  }

  func set(_ connection: TrackedConnection, _ activity: TrackedConnection.Activity) {
    connection.enter(activity)
    if activity == .idle, !isAcceptingNewConnections() { makeRoom() }
  }

  /// Closes connections that have waited longer than `patience` for a head to be complete.
  func closeLateHeads(after patience: Duration) {
    let seconds = patience.components.seconds
    let latest = TrackedConnection.now - seconds * 1_000_000_000 - TrackedConnection.headOffset
    let late = connections.withLock { connections in
      connections.values.filter { $0.mark.load(ordering: .relaxed) < latest }
    }
    for connection in late { connection.channel.close(promise: nil) }
  }

  private func makeRoom() {
    let recent = TrackedConnection.now - 1_000_000_000 - TrackedConnection.headOffset
    let longest = connections.withLock { connections in
      let waiting = connections.values.map { ($0.mark.load(ordering: .relaxed), $0) }
        .filter { $0.0 != 0 }
      let old = waiting.filter { $0.0 < recent || $0.0 > 0 }
      return (old.isEmpty ? waiting : old).min { $0.0 < $1.0 }?.1
    }
    // It is not chosen twice while it closes.
    longest?.enter(.busy)
    longest?.channel.close(promise: nil)
  }

  /// Lets the process open a file for each of `wanted` connections besides its own files.
  /// - Returns: the connections that the system's hard limit leaves room for, at most `wanted`.
  static func fileLimit(for wanted: Int) -> Int {
    // Of the store and the site, and of the threads that wait for connections.
    let ownFiles = 128 + 4 * System.coreCount
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return wanted }
    let needed = rlim_t(wanted + ownFiles)
    if limit.rlim_cur < needed {
      limit.rlim_cur = min(needed, limit.rlim_max)
      _ = setrlimit(resource, &limit)
    }
    return limit.rlim_cur >= needed ? wanted : max(2, Int(limit.rlim_cur) - ownFiles)
  }
}

extension SocketAddress {
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
