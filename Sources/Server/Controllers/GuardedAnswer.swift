import Basics
package import Foundation
import Hummingbird

/// An answer about submissions to a board with hidden labels: neither its size nor the time at which
/// it is sent depends on the labels. docs/explanation/probing.md says what else might.
package enum GuardedAnswer {
  /// Bytes of a document that are kept for what depends on labels; more are taken in whole multiples.
  package static let reservedBytes = 2048
  /// Answers are sent after whole ticks.
  package static let tick = Duration.milliseconds(50)

  /// `value` as JSON, followed by spaces.
  /// - Parameters:
  ///   - bare: the same without verdicts and scores.
  ///   - count: the number of documents in it.
  ///   - start: when the request was there.
  static func json<Value: Encodable>(
    _ value: Value, bare: Value, count: Int = 1, status: HTTPResponse.Status = .ok,
    since start: ContinuousClock.Instant
  ) async throws -> Response {
    let (data, least) = (try CanonicalJSON.compact(value), try CanonicalJSON.compact(bare).count)
    let size = paddedSize(data.count, least: least, count: count)
    let padding = Data(repeating: UInt8(ascii: " "), count: size - data.count)
    return await answer(data + padding, status: status, type: "application/json", since: start)
  }

  /// A page, followed by a comment of random digits, which no proxy can make much smaller.
  static func page(
    _ html: Data, bare: Data, count: Int, type: String, since start: ContinuousClock.Instant
  ) async -> Response {
    let frame = comment(of: 0).count
    let size = paddedSize(html.count + frame, least: bare.count + frame, count: count)
    return await answer(
      html + comment(of: size - html.count - frame), status: .ok, type: type, since: start)
  }

  /// A comment of HTML with this many hexadecimal digits, other ones each time.
  package static func comment(of count: Int) -> Data {
    var random = SystemRandomNumberGenerator()
    let digits = Array("0123456789abcdef".utf8)
    let padding = (0..<count).map { _ in digits[Int.random(in: 0..<16, using: &random)] }
    return Data("<!--".utf8) + Data(padding) + Data("-->".utf8)
  }

  private static func answer(
    _ data: Data, status: HTTPResponse.Status, type: String, since start: ContinuousClock.Instant
  ) async -> Response {
    var response = Response.bytes(data, status: status, type: type)
    // Compressed by a proxy, spaces would be next to nothing.
    response.headers[.cacheControl] = "no-store, no-transform"
    await waitForTick(since: start)
    return response
  }

  /// Waits for the next whole tick after `start`, or until the client is gone.
  static func waitForTick(since start: ContinuousClock.Instant) async {
    try? await Task.sleep(until: start + wait(after: .now - start), clock: .continuous)
  }

  package static func paddedSize(_ size: Int, least: Int, count: Int) -> Int {
    let reserve = reservedBytes * max(1, count)
    return least + max(1, (size - least + reserve - 1) / reserve) * reserve
  }

  /// The first whole tick at or after `elapsed`; one at least.
  package static func wait(after elapsed: Duration) -> Duration {
    tick * max(1, (elapsed / tick).rounded(.up))
  }
}
