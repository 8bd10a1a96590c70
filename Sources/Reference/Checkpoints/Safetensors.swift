public import Foundation
import Glibc

/// A safetensors file, memory-mapped, with its header checked.
public final class Safetensors: Sendable {
  public let header: SafetensorsHeader
  private let file: MappedFile
  private let index: [String: Int]

  /// Maps and checks `url`. Throws ``ReferenceError`` for a file that cannot be read and for every
  /// rule of the format that it breaks.
  public init(_ url: URL) throws {
    file = try MappedFile(path: url.path)
    do { header = try SafetensorsHeader(parsing: file.bytes) } catch {
      throw ReferenceError.safetensors(path: url.path, problem: error)
    }
    index = Dictionary(
      uniqueKeysWithValues: header.entries.enumerated().map { ($0.element.name, $0.offset) })
  }

  /// Where the file stands.
  public var path: String { file.path }

  public subscript(name: String) -> TensorEntry? { index[name].map { header.entries[$0] } }

  /// Writes the elements of a floating tensor, widened or narrowed to Float, to `target`.
  ///
  /// `target` has exactly `entry.count` elements. Returns false for an integer tensor, which is
  /// left alone. F64 is rounded to nearest.
  func read(_ entry: TensorEntry, into target: UnsafeMutableBufferPointer<Float>) -> Bool {
    precondition(target.count == entry.count, "a tensor is read into a buffer of its size")
    let start = header.dataOffset + entry.bytes.lowerBound
    let source = UnsafeRawBufferPointer(
      rebasing: file.bytes[start..<(start + entry.bytes.count)])
    switch entry.type {
    case .float32:
      UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
    case .float16:
      for i in 0..<target.count {
        target[i] = widenHalf(source.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
      }
    case .bfloat16:
      for i in 0..<target.count {
        let bits = source.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
        target[i] = Float(bitPattern: UInt32(bits) << 16)
      }
    case .float64:
      for i in 0..<target.count {
        target[i] = Float(source.loadUnaligned(fromByteOffset: 8 * i, as: Double.self))
      }
    default: return false
    }
    return true
  }

  /// The elements of a floating tensor as Float; nil for an integer tensor or an unknown name.
  public func floats(_ name: String) -> [Float]? {
    guard let entry = self[name] else { return nil }
    var readable = true
    let values = [Float](unsafeUninitializedCapacity: entry.count) { buffer, count in
      readable = read(
        entry, into: UnsafeMutableBufferPointer(rebasing: buffer[..<entry.count]))
      count = readable ? entry.count : 0
    }
    return readable ? values : nil
  }
}

/// IEEE half to single precision, subnormals, infinities and NaN included.
func widenHalf(_ bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10 & 0x1F)
  let mantissa = UInt32(bits & 0x3FF)
  switch exponent {
  case 0:
    let magnitude = Float(mantissa) * 0x1p-24
    return sign == 0 ? magnitude : -magnitude
  case 31: return Float(bitPattern: sign | 0x7F80_0000 | mantissa << 13)
  default: return Float(bitPattern: sign | (exponent + 112) << 23 | mantissa << 13)
  }
}

/// A file mapped read-only into memory; unmapped when the value goes away.
///
/// The bytes are valid as long as the object lives. A file that another process truncates while it
/// is mapped ends the program with SIGBUS, as with every mapped file.
final class MappedFile: @unchecked Sendable {
  let path: String
  let bytes: UnsafeRawBufferPointer

  /// Maps the whole file. Throws ``ReferenceError/file(path:reason:)``.
  init(path: String) throws {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ReferenceError.file(path: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ReferenceError.file(path: path, reason: "not a regular file")
    }
    let size = Int(status.st_size)
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED
    else { throw ReferenceError.file(path: path, reason: String(cString: strerror(errno))) }
    bytes = UnsafeRawBufferPointer(start: start, count: size)
  }

  deinit {
    if let start = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
  }
}
