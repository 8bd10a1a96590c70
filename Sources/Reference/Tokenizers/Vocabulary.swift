/// A vocabulary as it was read: pieces to ids.
struct Vocabulary: Sendable {
  let trie: ByteTrie
  /// One more than the largest id.
  let size: Int
  let file: String

  init(trie: ByteTrie, size: Int, file: String) {
    self.trie = trie
    self.size = size
    self.file = file
  }

  /// From a JSON object of pieces and ids.
  init(object: ByteJSON, file: String, place: String = "") throws(TokenizerError) {
    guard case .object(let members) = object else {
      throw .invalid(
        file: file,
        faults: [
          TokenizerError.Fault(
            place: place.isEmpty ? "line 1" : place, expected: "an object of pieces and ids",
            found: object.kind)
        ])
    }
    var faults: [TokenizerError.Fault] = []
    var trie = ByteTrie(capacity: members.count * 4)
    var size = 0
    for member in members {
      guard let id = member.value.id, id >= 0 else {
        faults.append(
          TokenizerError.Fault(
            place: "\(place)\"\(String(decoding: member.name, as: UTF8.self))\"",
            expected: "an id of 0 or more", found: member.value.kind))
        continue
      }
      if trie.insert(member.name, id: id) != nil {
        faults.append(
          TokenizerError.Fault(
            place: "\(place)\"\(String(decoding: member.name, as: UTF8.self))\"",
            expected: "each piece once", found: "it again"))
      }
      size = max(size, Int(id) + 1)
    }
    guard faults.isEmpty else { throw .invalid(file: file, faults: faults) }
    self.init(trie: trie, size: size, file: file)
  }

  /// From one piece a line; the id is the line's number from 0, the last of equal lines counts.
  init(lines: [(number: Int, text: ArraySlice<UInt8>)], file: String) throws(TokenizerError) {
    var trie = ByteTrie(capacity: lines.count * 4)
    var faults: [TokenizerError.Fault] = []
    for (number, text) in lines {
      if String(validating: text, as: UTF8.self) == nil {
        faults.append(
          TokenizerError.Fault(
            place: "line \(number)", expected: "valid UTF-8",
            found: "\"\(String(decoding: text.prefix(40), as: UTF8.self))\""))
      }
      trie.insert(text, id: Int32(number - 1))
    }
    guard faults.isEmpty else { throw .invalid(file: file, faults: faults) }
    self.init(trie: trie, size: lines.count, file: file)
  }

  /// The ids of the special tokens of these names; all but the mask have to be there.
  func specialTokens(
    start: String, end: String, padding: String, unknown: String, mask: String
  ) throws(TokenizerError) -> Tokenizer.SpecialTokens {
    let required = [start, end, padding, unknown]
    let ids = required.map { trie.id(of: $0.utf8) }
    let found = ids.compactMap(\.self)
    guard found.count == required.count else {
      throw .invalid(
        file: file,
        faults: zip(required, ids).filter { $0.1 == nil }.map {
          TokenizerError.Fault(
            place: "vocabulary", expected: "the special token \($0.0)", found: "none")
        })
    }
    return Tokenizer.SpecialTokens(
      start: found[0], end: found[1], padding: found[2], unknown: found[3],
      mask: trie.id(of: mask.utf8))
  }
}
