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
    var text: [UInt8] = []
    text.reserveCapacity(20)
    func put(_ number: Int32, digits: Int, then separator: Unicode.Scalar) {
      var (rest, scale) = (Int(number), 1)
      for _ in 1..<digits { scale *= 10 }
      while scale > 0 {
        text.append(UInt8(ascii: "0") + UInt8(rest / scale % 10))
        rest %= scale
        scale /= 10
      }
      text.append(UInt8(ascii: separator))
    }
    put(parts.tm_year + 1900, digits: 4, then: "-")
    put(parts.tm_mon + 1, digits: 2, then: "-")
    put(parts.tm_mday, digits: 2, then: "T")
    put(parts.tm_hour, digits: 2, then: ":")
    put(parts.tm_min, digits: 2, then: ":")
    put(parts.tm_sec, digits: 2, then: "Z")
    return String(decoding: text, as: UTF8.self)
  }

  /// `2026-01-31`, UTC.
  package var day: String { String(stamp.prefix(10)) }
}
