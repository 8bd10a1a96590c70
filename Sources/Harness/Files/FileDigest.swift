import Crypto
package import Foundation

/// SHA-256 of files, read in pieces of 1 MiB.
package enum FileDigest {
  static let chunk = 1 << 20

  /// 64 hexadecimal digits in lower case.
  package static func sha256(of file: URL) throws -> String {
    let handle = try FileHandle(forReadingFrom: file)
    defer { try? handle.close() }
    var hash = SHA256()
    while let piece = try handle.read(upToCount: chunk), !piece.isEmpty {
      hash.update(data: piece)
    }
    return hexadecimal(hash.finalize())
  }

  static func hexadecimal(_ digest: SHA256.Digest) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    for byte in digest {
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
  }
}
