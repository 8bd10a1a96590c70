import Basics
public import Foundation
import Glibc

/// A safetensors file, memory-mapped, with its header checked.
public final class Safetensors: WeightFile {
  public let header: SafetensorsHeader
  package let file: Data
  /// The place of each tensor in the header's entries, by its name.
  private let places: [String: Int]
  /// Where the file stands.
  public let path: String

  /// Maps and checks `url`. Throws ``ReferenceError``.
  public init(_ url: URL) throws {
    path = url.path
    file = try ReferenceError.read(url, expected: "a safetensors file", options: .alwaysMapped)
    do { header = try file.withUnsafeBytes { try SafetensorsHeader(parsing: $0) } } catch let
      problem as ReferenceError.SafetensorsProblem
    { throw ReferenceError.safetensors(path: url.path, problem: problem) }
    places = Dictionary(header.entries.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  package var entries: [TensorEntry] { header.entries }
  package var dataOffset: Int { header.dataOffset }

  public subscript(name: String) -> TensorEntry? { places[name].map { entries[$0] } }
}

/// The checked header of a safetensors file: 8 bytes little-endian header length N, N bytes JSON,
/// then the data, which the entries tile exactly.
public struct SafetensorsHeader: Equatable, Sendable {
  /// Longest header accepted, in bytes: a tenth of the format's own limit, and a hundred times what
  /// a large encoder has.
  public static let limit = 10_000_000

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
    dataOffset = 8 + Int(declared)
    let available = file.count - dataOffset
    guard available >= 0 else {
      throw .headerOutsideFile(declared: declared, available: file.count - 8)
    }
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
    func fault(_ problem: String) -> ReferenceError.SafetensorsProblem {
      .tensor(name: name, problem: problem)
    }
    func counts(_ field: String) -> [Int]? {
      guard let values = value[field]?.array else { return nil }
      let counts = values.compactMap(\.count)
      return counts.count == values.count ? counts : nil
    }
    guard let code = value["dtype"]?.string else { throw fault("no dtype") }
    guard let type = TensorType(rawValue: code) else {
      throw fault("found dtype \(code), expected F32, F16 or BF16 (or an integer type)")
    }
    guard let shape = counts("shape") else {
      throw fault("its shape is not a list of whole numbers")
    }
    guard let offsets = counts("data_offsets"), offsets.count == 2 else {
      throw fault("its data_offsets are not a pair of whole numbers")
    }
    guard offsets[0] <= offsets[1], offsets[1] <= available else {
      throw .offsetOutsideFile(name: name, begin: offsets[0], end: offsets[1], available: available)
    }
    var size = type.byteCount
    for length in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      guard !overflow else { throw fault("its shape \(shape) overflows") }
      size = product
    }
    let span = offsets[1] - offsets[0]
    guard size == span else {
      throw fault("shape \(shape) takes \(size) bytes, but its offsets span \(span)")
    }
    self.init(name: name, type: type, shape: shape, bytes: offsets[0]..<offsets[1])
  }
}

/// Writes safetensors files of F32 tensors.
public enum SafetensorsWriter {
  /// A tensor to be written, row-major, with as many elements as its shape says.
  public typealias Tensor = (name: String, shape: [Int], elements: UnsafeBufferPointer<Float>)

  /// Writes `tensors` in the given order to `url`, atomically; the data is aligned to 8 bytes.
  /// Throws `BasicsError`; `url` then holds what it held before.
  public static func write(_ tensors: [Tensor], to url: URL) throws {
    var parts = [#""__metadata__":{"format":"pt"}"#]
    var offset = 0
    for tensor in tensors {
      precondition(tensor.shape.reduce(1, *) == tensor.elements.count, "the shape fits")
      let end = offset + 4 * tensor.elements.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let name = String(decoding: try CanonicalJSON.compact(tensor.name), as: UTF8.self)
      parts.append(
        #"\#(name):{"dtype":"F32","shape":[\#(shape)],"data_offsets":[\#(offset),\#(end)]}"#)
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
}
