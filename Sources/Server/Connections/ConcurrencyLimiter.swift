import Synchronization

/// Counts by key what goes on at once: connections or requests of an address, requests of a team.
final class ConcurrencyLimiter<Key: Hashable & Sendable>: Sendable {
  private let limit: Int
  private let counts = Mutex<[Key: Int]>([:])

  init(limit: Int) { self.limit = limit }

  /// Counts one more; false, with nothing counted, where `key` has as many as it may.
  func enter(_ key: Key) -> Bool {
    counts.withLock { counts in
      let count = counts[key, default: 0]
      guard count < limit else { return false }
      counts[key] = count + 1
      return true
    }
  }

  func leave(_ key: Key) {
    counts.withLock { $0[key] = $0[key].flatMap { $0 > 1 ? $0 - 1 : nil } }
  }

  /// One that counts as long as the object lives; nil where `key` has as many as it may.
  func slot(_ key: Key) -> Slot? { enter(key) ? Slot(self, key) : nil }

  final class Slot: Sendable {
    private let limiter: ConcurrencyLimiter
    private let key: Key

    fileprivate init(_ limiter: ConcurrencyLimiter, _ key: Key) {
      (self.limiter, self.key) = (limiter, key)
    }

    deinit { limiter.leave(key) }
  }
}
