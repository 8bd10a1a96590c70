import Basics
public import Foundation
public import Ledger

/// What a server says of the entry of the log that an upload became.
public struct LoggedAnswer: Codable, Sendable {
  /// The entry, byte for byte.
  public var leaf: String
  public var index: Int
  /// A signed checkpoint that covers it.
  public var checkpoint: String

  public init(leaf: String, index: Int, checkpoint: String) {
    (self.leaf, self.index, self.checkpoint) = (leaf, index, checkpoint)
  }

  /// Checks a receipt that was fetched for this answer to the submission `id`.
  /// - Parameter keys: of the log.
  /// - Throws: ``LedgerError`` where the entry is another submission's, the proof is of another entry,
  ///   or the receipt's checkpoint is not one that the answer's can have become.
  public func verify(
    _ receipt: Receipt, of id: String, keys: [VerifierKey]
  ) throws(LedgerError) {
    let entry = LedgerOutline(Data(leaf.utf8), index: index)
    guard entry.event == .accepted, entry.id == id else {
      throw .malformed(
        what: "the entry of the answer", found: entry.text, expected: "submission \(id), accepted")
    }
    guard receipt.extra == Data(leaf.utf8), receipt.proof.index == index else {
      throw .malformed(
        what: "the receipt", found: "entry \(receipt.proof.index), or another text",
        expected: "\(entry.text) as the answer has it")
    }
    let policy = try LogPolicy(keys: keys)
    let answered = try policy.open(Data(checkpoint.utf8)).head
    let proven = try receipt.verify(entry: Data(leaf.utf8), policy: policy).head
    guard index < answered.size else {
      throw .outOfRange(
        what: "the size in the answer's checkpoint", found: answered.size,
        expected: "more than \(index)")
    }
    guard proven.size > answered.size || proven == answered else {
      if proven.size == answered.size {
        throw .wrongRoot(size: proven.size, found: proven.root, expected: answered.root)
      }
      throw .outOfRange(
        what: "the size in the receipt's checkpoint", found: proven.size,
        expected: "at least \(answered.size), the answer's")
    }
  }
}

extension LedgerFiles {
  /// Makes the receipt of an entry from the log's tiles.
  public func receipt(of index: Int, by trust: LogTrust) async throws -> Receipt {
    let checkpoint = try await checkpoint()
    let head = try trust.open(checkpoint).head
    return try await reading(head) { tiles throws(LedgerError) in
      let proof = try InclusionProof(of: index, size: head.size, from: tiles)
      let bundle = index / Tile.fullWidth
      let width = min(head.size - bundle * Tile.fullWidth, Tile.fullWidth)
      let entries = try tiles.entries(of: Tile(.entries, index: bundle, width: width))
      return Receipt(extra: entries[index % Tile.fullWidth], proof: proof, checkpoint: checkpoint)
    }
  }

  /// The place of the entry by which the submission `id` was accepted; nil where the log has none.
  /// - Throws: where the log does not hold.
  public func index(of id: String, by trust: LogTrust) async throws -> Int? {
    let head = try trust.open(try await checkpoint()).head
    var copy = LedgerCopy()
    let findings = try await copy.extend(to: head, from: self)
    if copy.head != head {
      throw LedgerError.missing("a log that holds (\(findings[0])); a receipt")
    }
    let own = copy.entries.filter { $0.id == id }
    return (own.first { $0.event == .accepted } ?? own.first)?.index
  }
}

/// Receipts as they stand beside the files that they speak of.
public enum ReceiptFile {
  /// Writes a receipt. One of another entry that stands there is kept under a numbered name.
  /// - Returns: where the other one is now; nil for none.
  @discardableResult public static func write(_ receipt: Receipt, to url: URL) throws -> URL? {
    var kept: URL?
    if let bytes = try? Data(contentsOf: url), (try? Receipt(bytes))?.extra != receipt.extra {
      let free = (1...).lazy.map { URL(filePath: "\(url.path).\($0)") }
        .first { !FileManager.default.fileExists(atPath: $0.path) }
      if let free {
        try AtomicFile.rename(url, to: free)
        kept = free
      }
    }
    try AtomicFile.write(receipt.bytes, to: url)
    return kept
  }
}
