/// Makes the model of byte-level BPE from the merges of a file.
struct BytePairFile {
  let file: String
  let vocabulary: Vocabulary

  /// One merge and where it stands.
  struct Pair {
    let place: String
    let left: [UInt8]
    let right: [UInt8]
  }

  /// - Parameter earlierFaults: what was found while the pairs were read; thrown with the rest.
  func model(
    _ pairs: [Pair], _ earlierFaults: [TokenizerError.Fault]
  ) throws(TokenizerError) -> BytePairEncoding {
    var faults = earlierFaults
    var merges = MergeTable(capacity: pairs.count)
    func id(_ symbol: [UInt8], _ place: String) -> Int32? {
      if let id = vocabulary.trie.id(of: symbol) { return id }
      faults.append(
        TokenizerError.Fault(
          place: place, expected: "a symbol of the vocabulary",
          found: "\"\(String(decoding: symbol, as: UTF8.self))\""))
      return nil
    }
    for (rank, pair) in pairs.enumerated() {
      if let left = id(pair.left, pair.place), let right = id(pair.right, pair.place),
        let whole = id(pair.left + pair.right, pair.place)
      {
        merges.insert(left, right, rank: Int32(rank), id: whole)
      }
    }
    let byteIDs = (0..<256).map { byte in
      let symbol = String(Self.symbol(of: UInt8(byte)))
      return id(Array(symbol.utf8), "byte 0x\(String(byte, radix: 16))") ?? 0
    }
    guard faults.isEmpty else { throw .invalid(file: file, faults: faults) }
    return BytePairEncoding(byteIDs: byteIDs, merges: merges)
  }

  /// The printable character that stands for a byte in GPT-2's vocabulary: the byte's own Latin-1
  /// character where that is visible, else the next free one from U+0100 on (a space is Ġ).
  static func symbol(of byte: UInt8) -> Unicode.Scalar {
    func isVisible(_ byte: UInt8) -> Bool {
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
      default: false
      }
    }
    if isVisible(byte) { return Unicode.Scalar(byte) }
    let earlier = (0..<byte).count { !isVisible($0) }
    return Unicode.Scalar(UInt16(0x100 + earlier)) ?? "\u{FFFD}"
  }
}
