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

  /// The first 8 bytes of the digest of `text` as a number: a hash that is the same everywhere.
  static func stableHash(_ text: String) -> UInt64 {
    SHA256.hash(data: Array(text.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func hex(_ digest: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
