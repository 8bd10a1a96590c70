package import Foundation
import Glibc

extension Date {
  /// Seconds since 1970, as the store keeps times.
  var seconds: Int64 { Int64(timeIntervalSince1970) }

  init(seconds: Int64) { self.init(timeIntervalSince1970: Double(seconds)) }

  /// `2026-01-31T12:00:00Z`.
  ///
  /// From the C library's calendar: every submission has its times written, and a formatter takes
  /// almost as long for them as the file takes to be read.
  package var stamp: String {
    var seconds = time_t(self.seconds)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
      let count = text.baseAddress.map { strftime($0, text.count, "%FT%TZ", &parts) } ?? 0
      return String(decoding: text[..<count].lazy.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }

  /// `2026-01-31`, UTC.
  package var day: String { String(stamp.prefix(10)) }
}
