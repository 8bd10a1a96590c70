public import Foundation
public import Reference

/// A matrix in NumPy's file format (version 1.0), which `numpy.load` reads.
public enum NumPyArray {
  /// `rows` (n, d), equally long, as little-endian 32-bit floats in C order.
  public static func data(_ rows: [[Float]]) -> Data {
    let columns = rows.first?.count ?? 0
    precondition(rows.allSatisfy { $0.count == columns }, "rows of one length")
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows.count), \(columns)), }"
    // The numbers begin at a multiple of 64 bytes; the header ends in a newline.
    let padding = 64 - (magic.count + 4 + text.utf8.count + 1) % 64
    let header = text + String(repeating: " ", count: padding % 64) + "\n"
    let length = header.utf8.count
    var out = Data(magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + header.utf8)
    for value in rows.joined() {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { out.append(contentsOf: $0) }
    }
    return out
  }

  /// The rows of a file, (n, d): little-endian 32 or 64-bit floats in C order, all finite. Throws
  /// where there is none or it is of another kind.
  public static func read(_ file: URL) throws(ReferenceError) -> [[Double]] {
    let array = [UInt8](
      try ReferenceError.read(file, expected: "states that `invitro embed` wrote"))
    let header = try Self.header(array, file)
    let (width, size) = (header.width, array.count - header.start)
    let wanted = header.rows * header.columns * width
    guard size == wanted else {
      throw .invalid(
        file, found: "\(size) bytes of numbers",
        expected: "\(wanted) for (\(header.rows), \(header.columns))")
    }
    var numbers: [Double] = []
    numbers.reserveCapacity(header.rows * header.columns)
    for place in stride(from: header.start, to: array.count, by: width) {
      let bits = (0..<width).reduce(UInt64(0)) { $0 | UInt64(array[place + $1]) << (8 * $1) }
      let value =
        width == 8
        ? Double(bitPattern: bits) : Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
      guard value.isFinite else {
        let (row, column) = numbers.count.quotientAndRemainder(dividingBy: header.columns)
        throw .invalid(
          file, found: "\(value) at row \(row + 1), column \(column + 1)",
          expected: "finite numbers")
      }
      numbers.append(value)
    }
    return (0..<header.rows).map {
      Array(numbers[($0 * header.columns)..<(($0 + 1) * header.columns)])
    }
  }

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Where the numbers begin, how wide they are, and the shape.
  private static func header(
    _ bytes: [UInt8], _ file: URL
  ) throws(ReferenceError) -> (start: Int, width: Int, rows: Int, columns: Int) {
    func refuse(_ found: String) -> ReferenceError {
      .invalid(
        file, found: found,
        expected: "a NumPy file, version 1.0, of a matrix of '<f4' or '<f8' in C order")
    }
    guard bytes.count >= 10, Array(bytes[0..<6]) == magic else { throw refuse("another format") }
    guard bytes[6] == 1 else { throw refuse("version \(bytes[6]).\(bytes[7])") }
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    guard start <= bytes.count else { throw refuse("a header that is cut off") }
    let text = String(decoding: bytes[10..<start], as: UTF8.self)
    let compact = text.filter { !$0.isWhitespace }
    let widths = ["'descr':'<f4'": 4, "'descr':'<f8'": 8]
    guard let width = widths.first(where: { compact.contains($0.key) })?.value,
      compact.contains("'fortran_order':False"), let shape = compact.range(of: "'shape':("),
      let end = compact[shape.upperBound...].firstIndex(of: ")")
    else { throw refuse(String(text.prefix(80))) }
    let sizes = compact[shape.upperBound..<end].split(separator: ",").map { Int($0) }
    guard sizes.count == 2, let rows = sizes[0], let columns = sizes[1], rows >= 0, columns >= 0,
      rows <= bytes.count, columns <= bytes.count
    else { throw refuse("shape (\(compact[shape.upperBound..<end]))") }
    return (start, width, rows, columns)
  }
}
