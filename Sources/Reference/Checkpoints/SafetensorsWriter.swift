import Basics
public import Foundation
import Glibc

/// Writes safetensors files of F32 tensors.
public enum SafetensorsWriter {
  /// A tensor to be written: its name, shape (row-major) and elements.
  public struct Tensor {
    public var name: String
    public var shape: [Int]
    public var elements: UnsafeBufferPointer<Float>

    /// `elements` has as many members as `shape` says and outlives the call of ``write``.
    public init(name: String, shape: [Int], elements: UnsafeBufferPointer<Float>) {
      precondition(shape.reduce(1, *) == elements.count, "the shape fits the elements")
      self.name = name
      self.shape = shape
      self.elements = elements
    }
  }

  /// Writes `tensors` in the given order to `url`, atomically: a temporary name, fsync, rename.
  ///
  /// The header is padded with spaces to a multiple of 8 bytes, so that the data is aligned.
  /// Throws `BasicsError`, for a full disk too; `url` then holds what it held before.
  public static func write(
    _ tensors: [Tensor], metadata: [String: String] = ["format": "pt"], to url: URL
  ) throws {
    var parts: [String] = []
    if !metadata.isEmpty {
      let fields = String(decoding: try CanonicalJSON.compact(metadata), as: UTF8.self)
      parts.append("\"__metadata__\":\(fields)")
    }
    var offset = 0
    for tensor in tensors {
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
