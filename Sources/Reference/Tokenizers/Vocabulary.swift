import Basics
import Foundation

/// A vocabulary as it was read: pieces to ids.
struct Vocabulary: Sendable {
  var trie: ByteTrie
  /// One more than the largest id.
  let size: Int
  let file: URL

  /// The names of start, end, padding, unknown and mask.
  static let robertaNames = ["<s>", "</s>", "<pad>", "<unk>", "<mask>"]
  static let bertNames = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"]

  /// From a JSON object of pieces and ids.
  init(object: ByteJSON, file: URL, place: String = "") throws(ReferenceError) {
    guard let members = object.members else {
      let field = place.isEmpty ? ReferenceError.Diagnostic.Place.whole : .field(place)
      throw .invalid(file, at: field, found: object.kind, expected: "an object of pieces and ids")
    }
    var faults: [ReferenceError.Diagnostic] = []
    var (trie, size) = (ByteTrie(capacity: members.count * 4), 0)
    for member in members {
      let piece = ReferenceError.Diagnostic.Place.field(
        "\(place)\"\(String(decoding: member.name, as: UTF8.self))\"")
      guard let id = member.value.id else {
        faults.append(.init(piece, found: member.value.kind, expected: "an id of 0 or more"))
        continue
      }
      if trie.insert(member.name, id: id) != nil {
        faults.append(.init(piece, found: "a repetition", expected: "each piece once"))
      }
      size = max(size, Int(id) + 1)
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    (self.trie, self.size, self.file) = (trie, size, file)
  }

  /// From one piece a line; the id is the line's number from 0, the last of equal lines counts.
  init(lines: [ArraySlice<UInt8>], file: URL) throws(ReferenceError) {
    var trie = ByteTrie(capacity: lines.count * 4)
    var faults: [ReferenceError.Diagnostic] = []
    for (index, text) in lines.enumerated() {
      if String(validating: text, as: UTF8.self) == nil {
        let found = "\"\(String(decoding: text.prefix(40), as: UTF8.self))\""
        faults.append(.init(.line(index + 1), found: found, expected: "valid UTF-8"))
      }
      trie.insert(text, id: Int32(index))
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    (self.trie, size, self.file) = (trie, lines.count, file)
  }

  /// From pieces in the order of their ids, each once; `place` says where one stands in `file`.
  init(
    pieces: [[UInt8]], file: URL, place: (Int) -> ReferenceError.Diagnostic.Place
  ) throws(ReferenceError) {
    var trie = ByteTrie(capacity: pieces.count * 8)
    var faults: [ReferenceError.Diagnostic] = []
    for (id, piece) in pieces.enumerated() where trie.insert(piece, id: Int32(id)) != nil {
      let text = String(decoding: piece.prefix(40), as: UTF8.self)
      faults.append(.init(place(id), found: "\"\(text)\" again", expected: "each piece once"))
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    (self.trie, size, self.file) = (trie, pieces.count, file)
  }

  /// The ids of the special tokens of these names; all but the mask have to be there. An added token
  /// may stand outside the vocabulary.
  func specialTokens(_ names: [String], _ added: [AddedTokens.Token] = []) throws(ReferenceError)
    -> Tokenizer.SpecialTokens
  {
    var trie = trie
    for token in added { trie.insert(token.content, id: token.id) }
    let ids = names.map { trie.id(of: $0.utf8) }
    let faults = zip(names, ids).prefix(4).filter { $0.1 == nil }.map {
      ReferenceError.Diagnostic(
        .field("vocabulary"), found: "none", expected: "the special token \($0.0)")
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    let found = ids.map { $0 ?? 0 }
    return .init(start: found[0], end: found[1], padding: found[2], unknown: found[3], mask: ids[4])
  }
}

extension Tokenizer.SpecialTokens {
  /// The tokens by `names`, to be found in a text; RoBERTa's mask takes the space before it.
  func added(_ names: [String]) -> [AddedTokens.Token] {
    let ids = [start, end, padding, unknown] + (mask.map { [$0] } ?? [])
    return zip(names, ids).map {
      AddedTokens.Token(content: Array($0.utf8), id: $1, takesSpaceBefore: $0 == "<mask>")
    }
  }
}

/// A vocabulary as a trie over bytes, its edges in one open-addressed table by node and byte.
struct ByteTrie: Sendable {
  /// The node that every walk starts at.
  static let root: Int32 = 0

  /// `node << 8 | byte`, or -1 for a free slot.
  private var keys: [Int64]
  private var children: [Int32]
  /// The id that ends at a node, or -1.
  private var ids: [Int32] = [-1]

  /// Makes room for about `capacity` bytes of vocabulary.
  init(capacity: Int) {
    var size = 64
    while size < capacity * 2 { size *= 2 }
    keys = Array(repeating: -1, count: size)
    children = Array(repeating: 0, count: size)
  }

  private static func slot(_ key: Int64, _ mask: Int) -> Int {
    let mixed = UInt64(bitPattern: key) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 24) & mask
  }

  /// The node one byte further, or -1.
  @inline(__always) func child(of node: Int32, _ byte: UInt8) -> Int32 {
    let key = Int64(node) << 8 | Int64(byte)
    let mask = keys.count - 1
    var slot = Self.slot(key, mask)
    while keys[slot] != key {
      if keys[slot] < 0 { return -1 }
      slot = (slot + 1) & mask
    }
    return children[slot]
  }

  /// The id that ends at `node`, or -1.
  @inline(__always) func id(at node: Int32) -> Int32 { ids[Int(node)] }

  /// The node that `bytes` lead to from the root, or -1.
  func node(for bytes: some Sequence<UInt8>) -> Int32 {
    bytes.reduce(Self.root) { $0 < 0 ? -1 : child(of: $0, $1) }
  }

  /// The id of exactly these bytes, or nil.
  func id(of bytes: some Sequence<UInt8>) -> Int32? {
    let node = node(for: bytes)
    return node >= 0 && id(at: node) >= 0 ? id(at: node) : nil
  }

  /// Adds `bytes`; a later id of the same bytes replaces the earlier one and is returned.
  @discardableResult mutating func insert(_ bytes: some Sequence<UInt8>, id: Int32) -> Int32? {
    precondition(id >= 0, "an id is not negative")
    var node = Self.root
    for byte in bytes {
      let next = child(of: node, byte)
      node = next >= 0 ? next : addEdge(from: node, byte)
    }
    defer { ids[Int(node)] = id }
    return ids[Int(node)] >= 0 ? ids[Int(node)] : nil
  }

  private mutating func addEdge(from node: Int32, _ byte: UInt8) -> Int32 {
    // Every node but the root has one edge to it.
    if ids.count * 2 > keys.count { grow() }
    place(Int64(node) << 8 | Int64(byte), Int32(ids.count))
    ids.append(-1)
    return Int32(ids.count - 1)
  }

  private mutating func place(_ key: Int64, _ child: Int32) {
    let mask = keys.count - 1
    var slot = Self.slot(key, mask)
    while keys[slot] >= 0 { slot = (slot + 1) & mask }
    keys[slot] = key
    children[slot] = child
  }

  private mutating func grow() {
    let (oldKeys, oldChildren) = (keys, children)
    keys = Array(repeating: -1, count: oldKeys.count * 2)
    children = Array(repeating: 0, count: oldKeys.count * 2)
    for (key, child) in zip(oldKeys, oldChildren) where key >= 0 { place(key, child) }
  }
}
