import Foundation

/// The directory of a zip archive whose entries are stored as they are, so that they can be read in
/// place: what `torch.save` writes. Compressed and encrypted entries are refused. Check sums are not
/// compared, as `torch.load` does not either; sizes and places are.
struct StoredZip {
  /// Where each entry's content stands in the file, by its path.
  private(set) var entries: [String: Range<Int>] = [:]

  private let file: Data

  private typealias Fault = ReferenceError.Diagnostic

  /// Reads the directory at the end of `file`, the whole archive.
  init(_ file: Data) throws(ReferenceError.Diagnostic) {
    self.file = file
    let end = try Self.end(of: file)
    var reader = LittleEndianReader(file, end.directory)
    for _ in 0..<end.count {
      let (path, content) = try entry(&reader, before: end.directory.lowerBound)
      guard entries.updateValue(content, forKey: path) == nil else {
        throw Fault(.entry(path), found: "the entry twice", expected: "each entry once")
      }
    }
    guard reader.isAtEnd else {
      throw Fault(
        .byte(reader.index), found: "more than the \(end.count) entries that the end counts",
        expected: "the end of the zip's directory")
    }
  }

  /// Finds the archive's last record, which gives the place of the directory and its entries' count.
  private static func end(of file: Data) throws(ReferenceError.Diagnostic)
    -> (directory: Range<Int>, count: Int)
  {
    // A comment could follow the record; torch.save writes none.
    let place = file.count - 22
    guard place >= 0, file[place...].starts(with: [0x50, 0x4B, 5, 6]) else {
      throw Fault(
        .whole, found: "no end of a zip archive",
        expected: "a zip archive as torch.save writes it (was the download cut short?)")
    }
    var record = LittleEndianReader(file, place + 4..<file.count)
    let disks = [try record.number(2), try record.number(2)]
    var (here, count) = (try record.number(2), try record.number(2))
    var (length, start) = (try record.number(4), try record.number(4))
    var limit = place
    guard disks == [0, 0] else {
      throw Fault(.byte(place), found: "a part of a split zip", expected: "a whole one")
    }
    // The 64-bit form has a record of its own and, behind that, one with its place.
    if place >= 20, case var locator = LittleEndianReader(file, place - 20..<place),
      try locator.number(4) == 0x0706_4B50
    {
      _ = try locator.number(4)
      let wide = try locator.number(8)
      guard place >= 76, wide <= UInt64(place - 76) else { throw outside(place - 20, wide) }
      limit = Int(wide)
      var record = LittleEndianReader(file, limit..<limit + 56)
      guard try record.number(4) == 0x0606_4B50 else {
        throw Fault(.byte(limit), found: "another record", expected: "the zip's 64-bit end")
      }
      _ = try record.take(20)
      (here, count) = (try record.number(8), try record.number(8))
      (length, start) = (try record.number(8), try record.number(8))
    }
    // An entry of the directory takes 46 bytes and more.
    guard here == count, length <= UInt64(limit), start <= UInt64(limit) - length,
      count <= length / 46
    else { throw outside(place, start) }
    return (Int(start)..<Int(start + length), Int(count))
  }

  private static func outside(_ byte: Int, _ place: UInt64) -> ReferenceError.Diagnostic {
    Fault(
      .byte(byte), found: "a zip's directory at byte \(place)",
      expected: "one that lies with all its entries in front of this")
  }

  /// The next entry of the directory, whose content has to end at `limit` or earlier.
  private func entry(_ reader: inout LittleEndianReader, before limit: Int)
    throws(ReferenceError.Diagnostic) -> (path: String, content: Range<Int>)
  {
    let place = reader.index
    guard try reader.number(4) == 0x0201_4B50 else {
      throw Fault(.byte(place), found: "no entry", expected: "an entry of the zip's directory")
    }
    _ = try reader.number(4)
    let (flags, method) = (try reader.number(2), try reader.number(2))
    _ = try reader.take(8)
    var sizes = [try reader.number(4), try reader.number(4)]
    let lengths = [try reader.number(2), try reader.number(2), try reader.number(2)].map { Int($0) }
    _ = try reader.take(8)
    var start = try reader.number(4)
    let name = try reader.take(lengths[0])
    guard let path = String(validating: file[name], as: UTF8.self) else {
      throw Fault(.byte(place), found: "a name that is not UTF-8", expected: "UTF-8")
    }
    var extra = LittleEndianReader(file, try reader.take(lengths[1]))
    _ = try reader.take(lengths[2])
    while !extra.isAtEnd {
      let (id, length) = (try extra.number(2), try extra.number(2))
      var field = LittleEndianReader(file, try extra.take(Int(length)))
      guard id == 1 else { continue }
      // 64-bit values of those that are all ones, the unpacked size first.
      for index in [1, 0] where sizes[index] == 0xFFFF_FFFF { sizes[index] = try field.number(8) }
      if start == 0xFFFF_FFFF { start = try field.number(8) }
    }
    guard flags & 1 == 0, method == 0, sizes[0] == sizes[1] else {
      let found = flags & 1 == 1 ? "an encrypted entry" : "a compressed entry (method \(method))"
      throw Fault(.entry(path), found: found, expected: "one that is stored, as torch.save does it")
    }
    guard start <= UInt64(limit), sizes[0] <= UInt64(limit) - start else {
      throw Fault(
        .entry(path), found: "\(sizes[0]) bytes from byte \(start) on",
        expected: "an entry in front of the directory at byte \(limit)")
    }
    return (path, try content(path, file[name], Int(start), count: Int(sizes[0]), before: limit))
  }

  /// Where the content lies: behind the entry's own header, which repeats its name.
  private func content(
    _ path: String, _ name: Data, _ start: Int, count: Int, before limit: Int
  ) throws(ReferenceError.Diagnostic) -> Range<Int> {
    do {
      var header = LittleEndianReader(file, start..<limit)
      if try header.number(4) == 0x0403_4B50 {
        _ = try header.take(22)
        let (length, extra) = (Int(try header.number(2)), Int(try header.number(2)))
        if file[try header.take(length)] == name {
          _ = try header.take(extra)
          return try header.take(count)
        }
      }
    } catch { throw Fault(.entry(path), found: error.found, expected: error.expected) }
    throw Fault(
      .entry(path), found: "something else at byte \(start)", expected: "the entry's header")
  }
}

/// Reads little-endian numbers and stretches of a part of a file, which it never leaves.
struct LittleEndianReader {
  private let file: Data
  private let end: Int
  /// Of the next byte in the file.
  private(set) var index: Int

  /// `range` lies in `file`.
  init(_ file: Data, _ range: Range<Int>) {
    precondition(range.upperBound <= file.count, "a reader's range lies in its file")
    (self.file, index, end) = (file, range.lowerBound, range.upperBound)
  }

  var isAtEnd: Bool { index == end }

  /// The next `count` bytes' range.
  mutating func take(_ count: Int) throws(ReferenceError.Diagnostic) -> Range<Int> {
    guard count >= 0, count <= end - index else {
      throw .init(
        .byte(index), found: "\(end - index) bytes", expected: "the \(count) that are announced")
    }
    defer { index += count }
    return index..<index + count
  }

  /// The number in the next `count` bytes, at most 8.
  mutating func number(_ count: Int) throws(ReferenceError.Diagnostic) -> UInt64 {
    try take(count).reversed().reduce(0) { $0 << 8 | UInt64(file[$1]) }
  }
}
