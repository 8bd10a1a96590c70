import Crypto
public import Foundation

/// A SHA-256 hash of a leaf or of a node of the tree (RFC 6962, section 2.1; RFC 9162, section
/// 2.1.1). The prefixes 0 and 1 keep a leaf from posing as a node.
public struct TreeHash: Hashable, Sendable, CustomStringConvertible {
  public static let byteCount = 32

  /// Not one vector of 32 bytes: those need an alignment that frames of async functions do not have.
  private struct Words: Hashable, BitwiseCopyable {
    var first, second, third, fourth: UInt64
  }

  private let words: Words

  /// The root of the tree without leaves: the hash of nothing.
  public static let empty = TreeHash(SHA256().finalize())

  private init(_ digest: SHA256Digest) {
    words = digest.withUnsafeBytes { $0.loadUnaligned(as: Words.self) }
  }

  /// Throws ``LedgerError/malformed(what:line:found:expected:)`` unless there are 32 bytes.
  public init(_ bytes: some ContiguousBytes) throws(LedgerError) {
    let read: Result<Words, LedgerError> = bytes.withUnsafeBytes { raw in
      guard raw.count == Self.byteCount else {
        return .failure(
          .malformed(what: "a hash", found: "\(raw.count) bytes", expected: "32 bytes"))
      }
      // In bounds: 32 bytes, as checked above.
      return .success(raw.loadUnaligned(as: Words.self))
    }
    words = try read.get()
  }

  /// Reads base64 strictly.
  init(base64 text: Data, in what: String, line: Int) throws(LedgerError) {
    guard let bytes = StrictText.base64(text), let hash = try? TreeHash(bytes) else {
      throw .malformed(
        what: what, line: line, found: StrictText.shown(text), expected: "32 bytes in base64")
    }
    self = hash
  }

  /// The hash of an entry's bytes.
  public static func leaf(_ entry: some DataProtocol) -> TreeHash {
    var hash = SHA256()
    withUnsafeBytes(of: UInt8(0)) { hash.update(bufferPointer: $0) }
    hash.update(data: entry)
    return TreeHash(hash.finalize())
  }

  /// The hash of a node over its two children.
  public static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
    var hash = SHA256()
    withUnsafeBytes(of: UInt8(1)) { hash.update(bufferPointer: $0) }
    withUnsafeBytes(of: left.words) { hash.update(bufferPointer: $0) }
    withUnsafeBytes(of: right.words) { hash.update(bufferPointer: $0) }
    return TreeHash(hash.finalize())
  }

  /// The 32 bytes.
  public var bytes: Data { withUnsafeBytes(of: words) { Data($0) } }

  public var base64: String { bytes.base64EncodedString() }

  public var description: String { base64 }
}

/// The size of a tree and its root, which mean something only together: an inclusion proof alone
/// does not bind the size.
public struct TreeHead: Hashable, Sendable {
  /// Number of entries, 0 or more.
  public let size: Int
  public let root: TreeHash

  /// Throws for a negative size, and for size 0 with another root than ``TreeHash/empty``.
  public init(size: Int, root: TreeHash) throws(LedgerError) {
    guard size >= 0 else { throw .outOfRange(what: "a size", found: size, expected: "0 or more") }
    guard size > 0 || root == .empty else {
      throw .wrongRoot(size: 0, found: root, expected: .empty)
    }
    self.size = size
    self.root = root
  }

  private init() {
    size = 0
    root = .empty
  }

  public static let empty = TreeHead()
}
