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
