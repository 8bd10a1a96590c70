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
  /// Throws ``ReferenceError/file(path:reason:)``, for a full disk too; `url` then holds what it
  /// held before.
  public static func write(
    _ tensors: [Tensor], metadata: [String: String] = ["format": "pt"], to url: URL
  ) throws {
    var parts: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }
        .map { "\(quote($0.key)):\(quote($0.value))" }
      parts.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      let end = offset + 4 * tensor.elements.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      parts.append(
        "\(quote(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(parts.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(0x20) }
    try ReferenceError.wrapping { () throws(BasicsError) in
      try AtomicFile.write(to: url) { (file) throws(BasicsError) in
        var length = UInt64(header.count).littleEndian
        try withUnsafeBytes(of: &length) { (bytes) throws(BasicsError) in try file.append(bytes) }
        try file.append(Data(header))
        for tensor in tensors { try file.append(UnsafeRawBufferPointer(tensor.elements)) }
      }
    }
  }

  private static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
