/// A number for every scalar, computed when the scalar is first met.
///
/// Pages of 256 entries are made on demand: an English text touches three of 4352, so the table is
/// a few kilobytes and costs nothing at start.
struct ScalarTable: Sendable {
  /// Where the page of a scalar starts in `entries`, or -1.
  private var pages: [Int32]
  private var entries: [UInt32] = []

  /// An entry that was not computed yet.
  static let unknown: UInt32 = 0

  init() { pages = Array(repeating: -1, count: 0x11_0000 >> 8) }

  /// The entry of `scalar`, or `unknown`.
  @inline(__always)
  subscript(_ scalar: Unicode.Scalar) -> UInt32 {
    let start = pages[Int(scalar.value >> 8)]
    return start < 0 ? Self.unknown : entries[Int(start) + Int(scalar.value & 0xFF)]
  }

  /// Keeps `entry`, which is not `unknown`, for `scalar`.
  mutating func set(_ scalar: Unicode.Scalar, _ entry: UInt32) {
    precondition(entry != Self.unknown, "0 marks an entry that was not computed")
    let page = Int(scalar.value >> 8)
    if pages[page] < 0 {
      pages[page] = Int32(entries.count)
      entries.append(contentsOf: repeatElement(Self.unknown, count: 256))
    }
    entries[Int(pages[page]) + Int(scalar.value & 0xFF)] = entry
  }
}
