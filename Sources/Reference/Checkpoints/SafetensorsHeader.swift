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

  /// Bytes an element takes.
  public var byteCount: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }
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

/// The checked header of a safetensors file.
///
/// Layout of the format: 8 bytes little-endian header length N, N bytes JSON, then the data. The
/// entries tile the data section exactly, without overlap or gap.
public struct SafetensorsHeader: Equatable, Sendable {
  /// Longest header accepted, the format's own limit.
  public static let limit = 100_000_000

  /// The entries in the order of their bytes.
  public var entries: [TensorEntry]
  /// The text values under `__metadata__`.
  public var metadata: [String: String]
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
    (metadata, entries) = ([:], [])
    var names = Set<String>()
    for member in members {
      let name = String(decoding: member.name, as: UTF8.self)
      guard names.insert(name).inserted else { throw .duplicateName(name) }
      guard let fields = member.value.members else {
        throw .tensor(name: name, problem: "found \(member.value.kind), expected an object")
      }
      if name != "__metadata__" {
        entries.append(try TensorEntry(name, member.value, available: available))
        continue
      }
      for field in fields {
        metadata[String(decoding: field.name, as: UTF8.self)] = field.value.string
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
  fileprivate init(
    _ name: String, _ value: ByteJSON, available: Int
  ) throws(ReferenceError.SafetensorsProblem) {
    func counts(_ field: String) -> [Int]? {
      guard let values = value[field]?.array else { return nil }
      let counts = values.compactMap(\.count)
      return counts.count == values.count ? counts : nil
    }
    guard let code = value["dtype"]?.string else { throw .tensor(name: name, problem: "no dtype") }
    guard let type = TensorType(rawValue: code) else {
      throw .unknownType(name: name, found: code)
    }
    guard let shape = counts("shape") else {
      throw .tensor(name: name, problem: "its shape is not a list of whole numbers")
    }
    guard let offsets = counts("data_offsets"), offsets.count == 2 else {
      throw .tensor(name: name, problem: "its data_offsets are not a pair of whole numbers")
    }
    guard offsets[0] <= offsets[1], offsets[1] <= available else {
      throw .offsetOutsideFile(
        name: name, begin: offsets[0], end: offsets[1], available: available)
    }
    var size = type.byteCount
    for length in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      guard !overflow else { throw .tensor(name: name, problem: "its shape \(shape) overflows") }
      size = product
    }
    guard size == offsets[1] - offsets[0] else {
      throw .sizeMismatch(
        name: name, shape: shape, expectedBytes: size, foundBytes: offsets[1] - offsets[0])
    }
    self.init(name: name, type: type, shape: shape, bytes: offsets[0]..<offsets[1])
  }
}
