import Basics
public import Foundation
import Glibc

/// A safetensors file, memory-mapped, with its header checked.
public final class Safetensors: Sendable {
  public let header: SafetensorsHeader
  private let file: Data
  private let index: [String: Int]
  /// Where the file stands.
  public let path: String

  /// Maps and checks `url`. Throws ``ReferenceError`` for a file that cannot be read and for every
  /// rule of the format that it breaks. A file that another process truncates while it is mapped
  /// ends the program with SIGBUS.
  public init(_ url: URL) throws {
    path = url.path
    file = try ReferenceError.read(url, expected: "a safetensors file", options: .alwaysMapped)
    do { header = try file.withUnsafeBytes { try SafetensorsHeader(parsing: $0) } } catch let
      problem as ReferenceError.SafetensorsProblem
    { throw ReferenceError.safetensors(path: url.path, problem: problem) }
    index = Dictionary(
      uniqueKeysWithValues: header.entries.enumerated().map { ($0.element.name, $0.offset) })
  }

  public subscript(name: String) -> TensorEntry? { index[name].map { header.entries[$0] } }

  /// Writes the elements of a floating tensor, widened or narrowed to Float, to `target`. `target`
  /// has exactly `entry.count` elements. Returns false for an integer tensor, which is left alone.
  /// F64 is rounded to nearest.
  func read(_ entry: TensorEntry, into target: UnsafeMutableBufferPointer<Float>) -> Bool {
    precondition(target.count == entry.count, "a tensor is read into a buffer of its size")
    let start = header.dataOffset + entry.bytes.lowerBound
    return file.withUnsafeBytes { file in
      // In bounds: the header was checked against the file's size.
      let source = UnsafeRawBufferPointer(rebasing: file[start..<start + entry.bytes.count])
      func element<Bits: BitwiseCopyable>(_ i: Int, _ type: Bits.Type) -> Bits {
        source.loadUnaligned(fromByteOffset: MemoryLayout<Bits>.size * i, as: type)
      }
      switch entry.type {
      case .float32: UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
      case .float16: for i in target.indices { target[i] = Float(element(i, Float16.self)) }
      case .bfloat16:
        for i in target.indices {
          target[i] = Float(bitPattern: UInt32(element(i, UInt16.self)) << 16)
        }
      case .float64: for i in target.indices { target[i] = Float(element(i, Double.self)) }
      default: return false
      }
      return true
    }
  }

  /// Reads tensor `name`, of `shape`, to `target`, or says what is wrong with it.
  func load(_ name: String, shape: [Int], into target: UnsafeMutableBufferPointer<Float>)
    -> ReferenceError.CheckpointProblem?
  {
    guard let entry = self[name] else { return .missing(name: name, shape: shape) }
    guard entry.shape == shape else {
      return .wrongShape(name: name, found: entry.shape, expected: shape)
    }
    return read(entry, into: target) ? nil : .notFloating(name: name, found: entry.type.rawValue)
  }

  /// The elements of a floating tensor as Float; nil for an integer tensor or an unknown name.
  public func floats(_ name: String) -> [Float]? {
    guard let entry = self[name] else { return nil }
    var readable = true
    let values = [Float](unsafeUninitializedCapacity: entry.count) { buffer, count in
      readable = read(entry, into: UnsafeMutableBufferPointer(rebasing: buffer[..<entry.count]))
      count = readable ? entry.count : 0
    }
    return readable ? values : nil
  }
}

/// The element types that a safetensors header may name.
public enum TensorType: String, Sendable, CaseIterable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case uint8 = "U8"
  case bool = "BOOL"

  /// Bytes an element takes: an eighth of the bits in its name; 1 for a boolean.
  public var byteCount: Int { Int(rawValue.drop { !$0.isNumber }).map { $0 / 8 } ?? 1 }
}

/// One tensor of a safetensors file: its type, shape (row-major) and bytes in the data section.
public struct TensorEntry: Equatable, Sendable {
  public var name: String
  public var type: TensorType
  public var shape: [Int]
  /// Offsets from the start of the data section.
  public var bytes: Range<Int>

  /// Number of elements; 1 for a scalar (empty shape).
  public var count: Int { shape.reduce(1, *) }
}

/// The checked header of a safetensors file. Layout of the format: 8 bytes little-endian header
/// length N, N bytes JSON, then the data. The entries tile the data section exactly, without
/// overlap or gap.
public struct SafetensorsHeader: Equatable, Sendable {
  /// Longest header accepted, the format's own limit.
  public static let limit = 100_000_000

  /// The entries in the order of their bytes.
  public var entries: [TensorEntry]
  /// Where the data section begins in the file.
  public var dataOffset: Int

  /// Parses and checks the header at the start of `file`, the bytes of a whole file.
  public init(parsing file: UnsafeRawBufferPointer) throws(ReferenceError.SafetensorsProblem) {
    guard file.count >= 10 else { throw .tooShort(bytes: file.count) }
    let declared = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard declared <= UInt64(Self.limit) else {
      throw .headerTooLong(declared: declared, limit: Self.limit)
    }
    guard declared <= UInt64(file.count - 8) else {
      throw .headerOutsideFile(declared: declared, available: file.count - 8)
    }
    dataOffset = 8 + Int(declared)
    let available = file.count - dataOffset
    let document: ByteJSON
    do { document = try ByteJSON(Array(file[8..<dataOffset])) } catch {
      throw .headerNotJSON(
        byte: 8 + error.byte, reason: "found \(error.found), expected \(error.expected)")
    }
    guard let members = document.members else {
      throw .headerNotJSON(byte: 8, reason: "found \(document.kind), expected an object")
    }
    entries = []
    var names = Set<String>()
    for member in members {
      let name = String(decoding: member.name, as: UTF8.self)
      guard names.insert(name).inserted else { throw .duplicateName(name) }
      guard member.value.members != nil else {
        throw .tensor(name: name, problem: "found \(member.value.kind), expected an object")
      }
      if name != "__metadata__" {
        entries.append(try TensorEntry(name, member.value, available: available))
      }
    }
    entries.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
    }
    var end = 0
    for (index, entry) in entries.enumerated() {
      let start = entry.bytes.lowerBound
      if start < end { throw .overlap(first: entries[index - 1].name, second: entry.name) }
      if start > end { throw .gap(at: end, bytes: start - end) }
      end = entry.bytes.upperBound
    }
    if end < available { throw .gap(at: end, bytes: available - end) }
  }
}

extension TensorEntry {
  /// Reads the entry of tensor `name` in a file with `available` bytes of data.
  fileprivate init(_ name: String, _ value: ByteJSON, available: Int) throws(ReferenceError
    .SafetensorsProblem)
  {
    func counts(_ field: String) -> [Int]? {
      guard let values = value[field]?.array else { return nil }
      let counts = values.compactMap(\.count)
      return counts.count == values.count ? counts : nil
    }
    guard let code = value["dtype"]?.string else { throw .tensor(name: name, problem: "no dtype") }
    guard let type = TensorType(rawValue: code) else {
      throw .tensor(
        name: name, problem: "found dtype \(code), expected F32, F16 or BF16 (or an integer type)")
    }
    guard let shape = counts("shape") else {
      throw .tensor(name: name, problem: "its shape is not a list of whole numbers")
    }
    guard let offsets = counts("data_offsets"), offsets.count == 2 else {
      throw .tensor(name: name, problem: "its data_offsets are not a pair of whole numbers")
    }
    guard offsets[0] <= offsets[1], offsets[1] <= available else {
      throw .offsetOutsideFile(name: name, begin: offsets[0], end: offsets[1], available: available)
    }
    var size = type.byteCount
    for length in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      guard !overflow else { throw .tensor(name: name, problem: "its shape \(shape) overflows") }
      size = product
    }
    guard size == offsets[1] - offsets[0] else {
      throw .tensor(
        name: name,
        problem: "shape \(shape) takes \(size) bytes, but its offsets span "
          + "\(offsets[1] - offsets[0])")
    }
    self.init(name: name, type: type, shape: shape, bytes: offsets[0]..<offsets[1])
  }
}

/// Writes safetensors files of F32 tensors.
public enum SafetensorsWriter {
  /// A tensor to be written, row-major, with as many elements as its shape says.
  public typealias Tensor = (name: String, shape: [Int], elements: UnsafeBufferPointer<Float>)

  /// Writes `tensors` in the given order to `url`, atomically: a temporary name, fsync, rename. The
  /// header is padded with spaces to a multiple of 8 bytes, so that the data is aligned. Throws
  /// `BasicsError`, for a full disk too; `url` then holds what it held before.
  public static func write(_ tensors: [Tensor], to url: URL) throws {
    var parts = [#""__metadata__":{"format":"pt"}"#]
    var offset = 0
    for tensor in tensors {
      precondition(tensor.shape.reduce(1, *) == tensor.elements.count, "the shape fits")
      let end = offset + 4 * tensor.elements.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      parts.append(
        "\(try quote(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(parts.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(0x20) }
    try AtomicFile.write(to: url) { (file) throws(BasicsError) in
      var length = UInt64(header.count).littleEndian
      try withUnsafeBytes(of: &length) { (bytes) throws(BasicsError) in try file.append(bytes) }
      try file.append(Data(header))
      for tensor in tensors { try file.append(UnsafeRawBufferPointer(tensor.elements)) }
    }
  }

  /// `text` as a JSON string.
  private static func quote(_ text: String) throws(BasicsError) -> String {
    String(decoding: try CanonicalJSON.compact(text), as: UTF8.self)
  }
}
