public import Foundation

/// Writes zips as tests need them, sound or not.
public struct ZipFile {
  public struct Entry {
    public var path: String
    public var content: Data
    public var encrypted = false
    /// Unix mode in the central directory; 0o120777 makes a link.
    public var mode: UInt32 = 0o100644
    /// What the headers say of the content's check sum, where it should be wrong.
    public var checksum: UInt32?
    /// Where `content` is a raw deflate stream: how many bytes it makes. Else it is stored as it is.
    public var unpackedCount: Int?

    public init(
      path: String, content: Data, encrypted: Bool = false, mode: UInt32 = 0o100644,
      checksum: UInt32? = nil, unpackedCount: Int? = nil
    ) {
      self.path = path
      self.content = content
      self.encrypted = encrypted
      self.mode = mode
      self.checksum = checksum
      self.unpackedCount = unpackedCount
    }
  }

  public var entries: [Entry] = []

  public init(entries: [Entry] = []) { self.entries = entries }

  public mutating func add(_ path: String, _ text: String) {
    entries.append(Entry(path: path, content: Data(text.utf8)))
  }

  public var data: Data {
    var out = Data()
    var directory = Data()
    for entry in entries {
      let start = UInt32(out.count)
      let flags: UInt16 = (entry.encrypted ? 1 : 0) | 0x800
      var common = Data()
      let method: UInt16 = entry.unpackedCount == nil ? 0 : 8
      common.put(UInt16(20), flags, method, UInt16(0), UInt16(0x21))
      common.put(entry.checksum ?? Self.checksum(entry.content))
      common.put(
        UInt32(entry.content.count), UInt32(entry.unpackedCount ?? entry.content.count))
      common.put(UInt16(entry.path.utf8.count), UInt16(0))
      out.put(UInt32(0x0403_4B50))
      out += common + Data(entry.path.utf8) + entry.content
      directory.put(UInt32(0x0201_4B50))
      directory.put(UInt16(3 << 8 | 20))
      directory += common
      directory.put(UInt16(0), UInt16(0), UInt16(0))
      directory.put(entry.mode << 16, start)
      directory += Data(entry.path.utf8)
    }
    let offset = UInt32(out.count)
    out += directory
    out.put(UInt32(0x0605_4B50))
    out.put(UInt16(0), UInt16(0), UInt16(entries.count), UInt16(entries.count))
    out.put(UInt32(directory.count), offset)
    out.put(UInt16(0))
    return out
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
  }

  /// CRC-32 as zips have it.
  public static func checksum(_ data: Data) -> UInt32 {
    ~data.reduce(UInt32.max) { sum, byte in
      table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ (sum >> 8)
    }
  }
}

extension Data {
  /// Appends numbers, little-endian.
  fileprivate mutating func put<Number: FixedWidthInteger>(_ numbers: Number...) {
    for number in numbers {
      Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
  }
}
