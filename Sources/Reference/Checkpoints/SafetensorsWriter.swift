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
    try AtomicFile.write(to: url) { file in
      var length = UInt64(header.count).littleEndian
      try withUnsafeBytes(of: &length) { try file.append($0) }
      try header.withUnsafeBytes { try file.append($0) }
      for tensor in tensors { try file.append(UnsafeRawBufferPointer(tensor.elements)) }
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

/// A file that appears under its name only when it is complete and on the disk.
struct AtomicFile: ~Copyable {
  private let descriptor: Int32
  private let path: String

  /// Runs `body` on a temporary file beside `url`, syncs it and renames it to `url`.
  ///
  /// On an error the temporary file is removed, and `url` is left as it was.
  static func write(to url: URL, _ body: (borrowing AtomicFile) throws -> Void) throws {
    let temporary = url.path + ".partial-\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(temporary) }
    do {
      let file = AtomicFile(descriptor: descriptor, path: url.path)
      do {
        try body(file)
        guard fsync(descriptor) == 0 else { throw failure(url.path) }
      } catch {
        close(descriptor)
        throw error
      }
      guard close(descriptor) == 0 else { throw failure(url.path) }
      guard rename(temporary, url.path) == 0 else { throw failure(url.path) }
      syncFolder(url.deletingLastPathComponent())
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Writes `data` to `url` in one piece.
  static func write(_ data: Data, to url: URL) throws {
    try write(to: url) { file in try data.withUnsafeBytes { try file.append($0) } }
  }

  /// Appends `bytes`; throws ``ReferenceError/file(path:reason:)`` with the system's reason.
  borrowing func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let written = Glibc.write(descriptor, piece.baseAddress, min(piece.count, 1 << 30))
      if written < 0 {
        if errno == EINTR { continue }
        throw Self.failure(path)
      }
      rest = rest.dropFirst(written)
    }
  }

  /// A rename is durable only when its folder is.
  static func syncFolder(_ url: URL) {
    let descriptor = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func failure(_ path: String) -> ReferenceError {
    .file(path: path, reason: String(cString: strerror(errno)))
  }
}
