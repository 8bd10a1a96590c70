import Foundation
import Synchronization

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
  private let most: Int
  private let buckets = Mutex<[Key: Bucket]>([:])

  /// - Parameter most: keys that are remembered; beyond it those are forgotten that are full again.
  package init(_ rate: Rate, most: Int = 100_000) {
    self.rate = rate
    self.most = most
  }

  /// Takes one request of `key`; nil where it may go on, else the seconds until it may.
  package func wait(_ key: Key, at now: ContinuousClock.Instant = .now) -> Double? {
    buckets.withLock { buckets in
      if buckets.count >= most, buckets[key] == nil { forget(&buckets, at: now) }
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
    if buckets.count >= most { buckets = [:] }
  }
}
