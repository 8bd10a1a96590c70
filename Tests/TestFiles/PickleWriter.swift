/// Writes pickles of state dicts opcode by opcode, as `torch.save` does or otherwise.
public struct PickleWriter: Sendable {
  /// A view of a storage, as a pickle describes it.
  public struct Tensor: Sendable {
    /// A class of `torch`, such as `FloatStorage`.
    public var type = "FloatStorage"
    public var key: String
    /// Elements of the storage.
    public var count: Int
    public var offset = 0
    public var shape: [Int]
    /// Row-major where nil.
    public var strides: [Int]?

    public init(
      _ shape: [Int], key: String, type: String = "FloatStorage", count: Int? = nil,
      offset: Int = 0, strides: [Int]? = nil
    ) {
      (self.shape, self.key, self.type, self.offset) = (shape, key, type, offset)
      (self.count, self.strides) = (count ?? shape.reduce(1, *), strides)
    }

    fileprivate var writtenStrides: [Int] {
      strides ?? shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    }
  }

  public private(set) var bytes: [UInt8] = []

  /// Begins with the protocol.
  public init(version: UInt8 = 2) { bytes = [0x80, version] }

  /// The pickle of an ordered dictionary of `tensors`.
  public static func stateDict(_ tensors: [(name: String, tensor: Tensor)]) -> [UInt8] {
    var writer = Self()
    writer.dictionary { writer in
      for (name, tensor) in tensors {
        writer.text(name)
        writer.tensor(tensor)
      }
    }
    writer.put(".")
    return writer.bytes
  }

  /// Appends opcodes that are printable characters.
  public mutating func put(_ opcodes: String) { bytes += opcodes.utf8 }

  public mutating func put(_ raw: [UInt8]) { bytes += raw }

  public mutating func global(_ module: String, _ name: String) { put("c\(module)\n\(name)\n") }

  public mutating func text(_ text: String) {
    put("X")
    number(text.utf8.count, bytes: 4)
    put(text)
  }

  /// A number of at most 8 bytes.
  public mutating func int(_ value: Int) {
    if (0..<256).contains(value) {
      put([UInt8(ascii: "K"), UInt8(value)])
    } else {
      put([0x8A, 8])
      number(value, bytes: 8)
    }
  }

  public mutating func tuple(_ values: [Int]) {
    put("(")
    for value in values { int(value) }
    put("t")
  }

  /// An ordered dictionary of the keys and values that `items` writes.
  public mutating func dictionary(_ items: (inout Self) -> Void) {
    global("collections", "OrderedDict")
    put(")R(")
    items(&self)
    put("u")
  }

  public mutating func tensor(_ tensor: Tensor) {
    global("torch._utils", "_rebuild_tensor_v2")
    put("((")
    text("storage")
    global("torch", tensor.type)
    text(tensor.key)
    text("cpu")
    int(tensor.count)
    put("tQ")
    int(tensor.offset)
    tuple(tensor.shape)
    tuple(tensor.writtenStrides)
    put([0x89])
    dictionary { _ in }
    put("tR")
  }

  private mutating func number(_ value: Int, bytes count: Int) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
  }
}
