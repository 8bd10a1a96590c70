/// How long to wait before asking again: exponential, with full jitter.
public struct Backoff: Sendable, Equatable {
  /// The longest first wait.
  public var firstSeconds: Double
  /// No wait is longer, `Retry-After` apart.
  public var longestSeconds: Double
  /// How many times a question is asked again after a failure that may pass.
  public var retries: Int
  /// A `Retry-After` longer than this counts as a failure for good.
  public var longestRetryAfterSeconds: Double

  public init(
    firstSeconds: Double = 1, longestSeconds: Double = 60, retries: Int = 6,
    longestRetryAfterSeconds: Double = 600
  ) {
    self.firstSeconds = firstSeconds
    self.longestSeconds = longestSeconds
    self.retries = retries
    self.longestRetryAfterSeconds = longestRetryAfterSeconds
  }

  /// The wait before retry `retry` (from 0), uniform below min(longest, first · 2^retry), and at
  /// least what the server asked for.
  public func seconds(
    beforeRetry retry: Int, retryAfter: Double?, using generator: inout some RandomNumberGenerator
  ) -> Double {
    var bound = firstSeconds
    for _ in 0..<min(retry, 62) where bound < longestSeconds { bound *= 2 }
    let wait = Double.random(in: 0...min(bound, longestSeconds), using: &generator)
    return max(wait, retryAfter ?? 0)
  }
}
