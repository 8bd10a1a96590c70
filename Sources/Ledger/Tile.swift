public import Foundation

/// A file of a log in static tiles (C2SP tlog-tiles): 256 hashes, or 256 entries; fewer at the right
/// edge.
public struct Tile: Hashable, Sendable, CustomStringConvertible {
  public enum Content: Hashable, Sendable {
    /// The roots over 256^`level` leaves each; `level` is 0 to 63.
    case hashes(level: Int)
    case entries
  }

  public static let fullWidth = 256
  /// No log has 2^63 entries.
  public static let maxIndex = Int.max / fullWidth

  public let content: Content
  /// The place among the tiles of a level, at most ``maxIndex``.
  public let index: Int
  /// How many hashes or entries it holds: 1 to 256.
  public let width: Int

  public init(_ content: Content, index: Int, width: Int = Tile.fullWidth) {
    precondition((0...Self.maxIndex).contains(index) && (1...Self.fullWidth).contains(width))
    if case .hashes(let level) = content { precondition((0...63).contains(level)) }
    self.content = content
    self.index = index
    self.width = width
  }

  public var isFull: Bool { width == Self.fullWidth }

  /// The tile once it is full, which may be read in the place of a partial one.
  public var full: Tile { Tile(content, index: index) }

  public var description: String { path }

  /// Whether a tree of `size` entries has all that this tile holds. A tile that it has not must not be
  /// served.
  public func exists(in size: Int) -> Bool {
    let count =
      switch content {
      case .entries: size
      case .hashes(let level): size >> (8 * level)
      }
    return index * Self.fullWidth <= count - width
  }

  /// The tiles that a tree of `size` entries has and one of `old` entries has not, or has with fewer
  /// hashes: entries first, then hashes from level 0 up.
  public static func tiles(of size: Int, since old: Int = 0) -> [Tile] {
    var tiles = new(.entries, count: size, since: old)
    var (level, count, before) = (0, size, old)
    while count > 0 {
      tiles += new(.hashes(level: level), count: count, since: before)
      (level, count, before) = (level + 1, count >> 8, before >> 8)
    }
    return tiles
  }

  private static func new(_ content: Content, count: Int, since old: Int) -> [Tile] {
    guard count > old else { return [] }
    return (old / fullWidth...(count - 1) / fullWidth).map {
      Tile(content, index: $0, width: min(count - $0 * fullWidth, fullWidth))
    }
  }

  /// Where the hashes of this tile of hashes stand in the tree; levels from 8 up have none.
  var positions: [HashPosition] {
    guard case .hashes(let level) = content, level < 8 else { return [] }
    return (0..<width).map {
      HashPosition(level: 8 * level, index: index * Self.fullWidth + $0)
    }
  }

  /// The bytes of a tile of hashes.
  public func bytes(from source: some HashSource) throws(LedgerError) -> Data {
    var bytes = Data(capacity: width * TreeHash.byteCount)
    for hash in try source.hashes(at: positions) { bytes += hash.bytes }
    return bytes
  }

  /// The hashes in the bytes of a tile: exactly as many as its width. They prove nothing before they
  /// lead to a signed root (``VerifiedTiles``).
  public func hashes(in bytes: Data) throws(LedgerError) -> [TreeHash] {
    let size = TreeHash.byteCount
    guard bytes.count == width * size else {
      throw .malformed(
        what: path, found: "\(bytes.count) bytes", expected: "\(width * size) bytes")
    }
    return try (0..<width).map { place throws(LedgerError) in
      try TreeHash(bytes.dropFirst(place * size).prefix(size))
    }
  }
}

extension Tile {
  /// The path in the log's folder or below its URL: `tile/0/x001/234`, `tile/entries/001.p/44`.
  public var path: String {
    var path = "tile/"
    switch content {
    case .hashes(let level): path += "\(level)"
    case .entries: path += "entries"
    }
    var (groups, rest) = ([index % 1000], index / 1000)
    while rest > 0 {
      groups.insert(rest % 1000, at: 0)
      rest /= 1000
    }
    for (place, group) in groups.enumerated() {
      let digits = "00\(group)".suffix(3)
      path += place < groups.count - 1 ? "/x\(digits)" : "/\(digits)"
    }
    return isFull ? path : "\(path).p/\(width)"
  }

  /// Reads a path, which must be the one spelling that ``path`` gives.
  public init(path: String) throws(LedgerError) {
    guard let tile = Tile(reading: path), tile.path.utf8.elementsEqual(path.utf8) else {
      throw .malformed(
        what: "the path of a tile", found: StrictText.shown(Data(path.utf8)),
        expected: "tile/LEVEL/INDEX or tile/entries/INDEX, with .p/WIDTH if it is partial")
    }
    self = tile
  }

  /// Reads anything near to a path; the caller compares the spelling.
  private init?(reading path: String) {
    var parts = path.split(separator: "/")
    var width: Int? = Self.fullWidth
    if parts.dropLast().last?.hasSuffix(".p") == true { width = Int(parts.removeLast()) }
    guard parts.count > 2, let width, (1...Self.fullWidth).contains(width),
      let index = Int(parts[2...].joined().filter { ("0"..."9").contains($0) }),
      (0...Self.maxIndex).contains(index)
    else { return nil }
    if parts[1] == "entries" {
      self.init(.entries, index: index, width: width)
    } else {
      guard let level = Int(parts[1]), (0...63).contains(level) else { return nil }
      self.init(.hashes(level: level), index: index, width: width)
    }
  }
}

/// Up to 256 entries in a file: each is preceded by its length in two bytes, the higher first.
public enum EntryBundle {
  /// The longest entry: its length must fit two bytes.
  public static let maxEntryBytes = 65_535

  public static func encode(_ entries: some Sequence<Data>) throws(LedgerError) -> Data {
    var bundle = Data()
    for entry in entries {
      guard entry.count <= maxEntryBytes else { throw .entryTooLong(bytes: entry.count) }
      bundle += [UInt8(entry.count >> 8), UInt8(entry.count & 255)]
      bundle += entry
    }
    return bundle
  }

  /// The entries of a bundle that holds exactly `count`; `place` names it in errors.
  public static func decode(
    _ bundle: Data, count: Int, place: String = "an entry bundle"
  ) throws(LedgerError) -> [Data] {
    var entries: [Data] = []
    var rest = bundle
    while let high = rest.popFirst() {
      guard let low = rest.popFirst(), rest.count >= Int(high) << 8 | Int(low) else {
        throw .malformed(
          what: place, found: "an end inside entry \(entries.count)", expected: "whole entries")
      }
      let length = Int(high) << 8 | Int(low)
      entries.append(Data(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    guard entries.count == count else {
      throw .malformed(what: place, found: "\(entries.count) entries", expected: "\(count)")
    }
    return entries
  }
}
