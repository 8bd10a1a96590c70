import Crypto
public import Foundation

/// SHA-256 digests as 64 hexadecimal digits.
public enum Digest {
  public static func sha256(_ data: some DataProtocol) -> String { hex(SHA256.hash(data: data)) }

  public static func sha256(_ text: String) -> String { sha256(Array(text.utf8)) }

  /// Digest of numbers by their bits (little-endian IEEE 754), `-0` taken as 0, nil as a quiet NaN.
  public static func sha256(_ columns: [[Double?]]) -> String {
    var hash = SHA256()
    for column in columns {
      var bits = column.map { value -> UInt64 in
        guard let value else { return Double.nan.bitPattern.littleEndian }
        return (value == 0 ? 0.0 : value).bitPattern.littleEndian
      }
      bits.append(UInt64(column.count).littleEndian)
      bits.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    return hex(hash.finalize())
  }

  /// The same digest of columns without missing values, without a copy.
  static func sha256(_ columns: [[Double]]) -> String {
    var hash = SHA256()
    for column in columns {
      for start in stride(from: 0, to: column.count, by: 4096) {
        let bits = column[start..<min(start + 4096, column.count)].map {
          ($0 == 0 ? 0.0 : $0).bitPattern.littleEndian
        }
        bits.withUnsafeBytes { hash.update(bufferPointer: $0) }
      }
      withUnsafeBytes(of: UInt64(column.count).littleEndian) { hash.update(bufferPointer: $0) }
    }
    return hex(hash.finalize())
  }

  /// The first 8 bytes of the digest of `text` as a number: a hash that is the same everywhere.
  static func stableHash(_ text: String) -> UInt64 {
    SHA256.hash(data: Array(text.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func hex(_ digest: SHA256.Digest) -> String { FileDigest.hexadecimal(digest) }
}
