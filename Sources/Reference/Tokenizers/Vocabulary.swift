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
      throw .invalid(
        file, at: place.isEmpty ? .whole : .field(place), found: object.kind,
        expected: "an object of pieces and ids")
    }
    var faults: [ReferenceError.Diagnostic] = []
    var trie = ByteTrie(capacity: members.count * 4)
    var size = 0
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
        faults.append(
          .init(
            .line(index + 1), found: "\"\(String(decoding: text.prefix(40), as: UTF8.self))\"",
            expected: "valid UTF-8"))
      }
      trie.insert(text, id: Int32(index))
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    (self.trie, size, self.file) = (trie, lines.count, file)
  }

  /// The ids of the special tokens of these names; all but the mask have to be there.
  func specialTokens(_ names: [String]) throws(ReferenceError) -> Tokenizer.SpecialTokens {
    let ids = names.map { trie.id(of: $0.utf8) }
    let faults = zip(names, ids).prefix(4).filter { $0.1 == nil }.map {
      ReferenceError.Diagnostic(
        .field("vocabulary"), found: "none", expected: "the special token \($0.0)")
    }
    guard faults.isEmpty else { throw .invalid(path: file.path, faults: faults) }
    return Tokenizer.SpecialTokens(
      start: ids[0] ?? 0, end: ids[1] ?? 0, padding: ids[2] ?? 0, unknown: ids[3] ?? 0,
      mask: ids[4])
  }
}

extension Tokenizer.SpecialTokens {
  /// The tokens by `names`, to be found in a text; RoBERTa's mask takes the space before it.
  func added(_ names: [String]) -> [AddedTokens.Token] {
    let ids = [start, end, padding, unknown] + (mask.map { [$0] } ?? [])
    return zip(names, ids).map {
      AddedTokens.Token(content: $0, id: $1, takesSpaceBefore: $0 == "<mask>")
    }
  }
}
