import Foundation
import Ledger
import Testing

/// The folder of this suite's goldens.
let goldens = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens")

/// A log in memory with the heads of all its sizes.
struct TestLog {
  private(set) var hashes: [HashPosition: TreeHash] = [:]
  private(set) var range = CompactRange()
  private(set) var heads: [TreeHead] = [.empty]
  private(set) var entries: [Data] = []
  private(set) var leaves: [TreeHash] = []

  init(_ entries: some Sequence<Data>) throws {
    for entry in entries { try append(entry) }
  }

  mutating func append(_ entry: Data) throws {
    let leaf = TreeHash.leaf(entry)
    entries.append(entry)
    leaves.append(leaf)
    hashes.merge(range.append(leaf)) { $1 }
    heads.append(try TreeHead(size: range.size, root: range.root))
  }

  var head: TreeHead { heads[heads.count - 1] }

  /// All tiles of the first `size` entries by their paths.
  func tiles(of size: Int) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for tile in Tile.tiles(of: size) {
      files[tile.path] =
        tile.content == .entries
        ? try EntryBundle.encode(entries[(tile.index * 256)...].prefix(tile.width))
        : try tile.bytes(from: hashes)
    }
    return files
  }
}

/// The root as RFC 6962 defines it: a twin of what the module computes from stored hashes.
func definedRoot(_ leaves: ArraySlice<TreeHash>) -> TreeHash {
  guard leaves.count > 1 else { return leaves.first ?? .empty }
  var left = 1
  while left * 2 < leaves.count { left *= 2 }
  return .node(definedRoot(leaves.prefix(left)), definedRoot(leaves.dropFirst(left)))
}

func leaf(_ place: Int) -> Data { Data("leaf-\(place)".utf8) }

func accepts(_ body: () throws -> Void) -> Bool {
  do { try body() } catch { return false }
  return true
}

/// Reads hexadecimal digits.
struct Hex: Decodable {
  let data: Data

  init(_ text: String) throws {
    var (data, rest) = (Data(), text[...])
    while !rest.isEmpty {
      data.append(try #require(UInt8(rest.prefix(2), radix: 16)))
      rest = rest.dropFirst(2)
    }
    self.data = data
  }

  init(from decoder: any Decoder) throws {
    try self.init(decoder.singleValueContainer().decode(String.self))
  }

  func hash() throws -> TreeHash { try TreeHash(data) }
}

extension TreeHash {
  init(base64 text: String) throws { try self.init(#require(Data(base64Encoded: text))) }
}

extension Data {
  func flippingBit(_ bit: Int) -> Data {
    var copy = self
    copy[copy.startIndex + bit / 8] ^= 1 << (bit % 8)
    return copy
  }
}

extension TreeHash {
  func flippingBit(_ bit: Int) throws -> TreeHash { try TreeHash(bytes.flippingBit(bit)) }
}

/// A fresh folder that is removed when the value goes away.
final class Scratch: Sendable {
  let url = FileManager.default.temporaryDirectory.appending(path: "ledger-test-\(UUID())")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}
