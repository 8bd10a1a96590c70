import Crypto
public import Foundation

/// SHA-256, taken piece by piece or at once, as 64 hexadecimal digits.
public struct Digest {
  private var hash = SHA256()

  public init() {}

  public mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

  public mutating func update(_ data: Data) { hash.update(data: data) }

  /// Adds the UTF-8 of `text`.
  public mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
  }

  /// Adds the 8 bytes of `word`, the lowest first.
  public mutating func update(_ word: UInt64) {
    withUnsafeBytes(of: word.littleEndian) { hash.update(bufferPointer: $0) }
  }

  /// The digest of what was added so far.
  public var hexadecimal: String { hash.finalize().hexadecimal }
}

extension Digest {
  public static func sha256(_ data: Data) -> String { SHA256.hash(data: data).hexadecimal }

  /// The digest of the UTF-8 of `text`.
  public static func sha256(_ text: String) -> String {
    var digest = Digest()
    digest.update(text)
    return digest.hexadecimal
  }

  /// HMAC-SHA-256 of the UTF-8 of `text`: a digest that only who has `key` can make.
  public static func hmac(_ text: String, key: Data) -> String {
    HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key))
      .hexadecimal
  }

  /// The digest of a file, read in pieces of 1 MiB.
  public static func sha256(of file: URL) throws -> String {
    let handle = try FileHandle(forReadingFrom: file)
    defer { try? handle.close() }
    var digest = Digest()
    while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { digest.update(piece) }
    return digest.hexadecimal
  }

  /// Digest of numbers by their bits (little-endian IEEE 754), `-0` taken as 0, nil as a quiet NaN;
  /// each column is followed by its length.
  public static func sha256(_ columns: [[Double?]]) -> String {
    sha256(columns, word: { $0.map(word) ?? Double.nan.bitPattern })
  }

  /// The same digest of columns without missing values.
  public static func sha256(_ columns: [[Double]]) -> String { sha256(columns, word: word) }

  private static func word(_ value: Double) -> UInt64 { (value == 0 ? 0.0 : value).bitPattern }

  private static func sha256<Value>(_ columns: [[Value]], word: (Value) -> UInt64) -> String {
    var digest = Digest()
    for column in columns {
      for start in stride(from: 0, to: column.count, by: 4096) {
        let words = column[start..<min(start + 4096, column.count)].map { word($0).littleEndian }
        words.withUnsafeBytes { digest.update($0) }
      }
      digest.update(UInt64(column.count))
    }
    return digest.hexadecimal
  }

  /// The first 8 bytes of the digest of `text` as a number: a hash that is the same everywhere.
  public static func stableHash(_ text: String) -> UInt64 {
    SHA256.hash(data: Data(text.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension Sequence<UInt8> {
  /// Two lower-case hexadecimal digits a byte.
  public var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
