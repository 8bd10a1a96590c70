import Foundation

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
  ///
  /// Throws ``SafetensorsProblem`` values wrapped in ``ReferenceError/safetensors(path:problem:)``
  /// that name `path`.
  public init(parsing file: UnsafeRawBufferPointer, path: String) throws {
    do {
      self = try Self.parse(file)
    } catch let problem as HeaderFault {
      throw ReferenceError.safetensors(path: path, problem: problem.problem)
    }
  }

  /// Carries a problem until the path is known.
  private struct HeaderFault: Error {
    var problem: SafetensorsProblem
    init(_ problem: SafetensorsProblem) { self.problem = problem }
  }

  private init(entries: [TensorEntry], metadata: [String: String], dataOffset: Int) {
    self.entries = entries
    self.metadata = metadata
    self.dataOffset = dataOffset
  }

  private static func parse(_ file: UnsafeRawBufferPointer) throws -> Self {
    guard file.count >= 10 else { throw HeaderFault(.tooShort(bytes: file.count)) }
    let declared = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard declared <= UInt64(limit) else {
      throw HeaderFault(.headerTooLong(declared: declared, limit: limit))
    }
    guard declared <= UInt64(file.count - 8) else {
      throw HeaderFault(.headerOutsideFile(declared: declared, available: file.count - 8))
    }
    let length = Int(declared)
    var reader = HeaderJSON(bytes: UnsafeRawBufferPointer(rebasing: file[8..<(8 + length)]))
    let document: [(String, HeaderJSON.Value)]
    do {
      document = try reader.object()
    } catch {
      throw HeaderFault(.headerNotJSON(byte: 8 + error.byte, reason: error.reason))
    }
    var metadata: [String: String] = [:]
    var entries: [TensorEntry] = []
    var names = Set<String>()
    for (name, value) in document {
      guard names.insert(name).inserted else { throw HeaderFault(.duplicateName(name)) }
      if name == "__metadata__" {
        guard case .object(let fields) = value else {
          throw HeaderFault(.tensor(name: name, problem: "found no object"))
        }
        for case (let key, .string(let text)) in fields { metadata[key] = text }
        continue
      }
      entries.append(try entry(name, value, available: file.count - 8 - length))
    }
    entries.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
    }
    var end = 0
    for (index, entry) in entries.enumerated() {
      if entry.bytes.lowerBound < end {
        throw HeaderFault(.overlap(first: entries[index - 1].name, second: entry.name))
      }
      if entry.bytes.lowerBound > end {
        throw HeaderFault(.gap(at: end, bytes: entry.bytes.lowerBound - end))
      }
      end = entry.bytes.upperBound
    }
    if end < file.count - 8 - length {
      throw HeaderFault(.gap(at: end, bytes: file.count - 8 - length - end))
    }
    return Self(entries: entries, metadata: metadata, dataOffset: 8 + length)
  }

  private static func entry(
    _ name: String, _ value: HeaderJSON.Value, available: Int
  ) throws -> TensorEntry {
    guard case .object(let pairs) = value else {
      throw HeaderFault(.tensor(name: name, problem: "found no object"))
    }
    let fields = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    guard case .string(let code)? = fields["dtype"] else {
      throw HeaderFault(.tensor(name: name, problem: "no dtype"))
    }
    guard let type = TensorType(rawValue: code) else {
      throw HeaderFault(.unknownType(name: name, found: code))
    }
    guard let shape = fields["shape"]?.integers else {
      throw HeaderFault(.tensor(name: name, problem: "shape is no list of whole numbers"))
    }
    guard let offsets = fields["data_offsets"]?.integers, offsets.count == 2 else {
      throw HeaderFault(.tensor(name: name, problem: "data_offsets is no pair of whole numbers"))
    }
    guard offsets[0] <= offsets[1], offsets[1] <= available else {
      throw HeaderFault(
        .offsetOutsideFile(name: name, begin: offsets[0], end: offsets[1], available: available))
    }
    var bytes = type.byteCount
    for size in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
      guard !overflow else {
        throw HeaderFault(.tensor(name: name, problem: "shape \(shape) overflows"))
      }
      bytes = product
    }
    guard bytes == offsets[1] - offsets[0] else {
      throw HeaderFault(
        .sizeMismatch(
          name: name, shape: shape, expectedBytes: bytes, foundBytes: offsets[1] - offsets[0]))
    }
    return TensorEntry(name: name, type: type, shape: shape, bytes: offsets[0]..<offsets[1])
  }
}
