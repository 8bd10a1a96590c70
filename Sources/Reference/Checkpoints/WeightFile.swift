package import Foundation

/// A file of weights, memory-mapped, whose header has been read and checked. A file that another
/// process truncates while it is mapped ends the program with SIGBUS.
package protocol WeightFile: Sendable {
  /// Where the file stands.
  var path: String { get }
  /// The tensors, each name once.
  var entries: [TensorEntry] { get }
  /// The whole file.
  var file: Data { get }
  /// The byte of the file that the entries' offsets count from.
  var dataOffset: Int { get }
  subscript(name: String) -> TensorEntry? { get }
}

extension WeightFile {
  /// What keeps tensor `name` from being read as a floating tensor of `shape`, by the header alone.
  func problem(_ name: String, shape: [Int]) -> ReferenceError.CheckpointProblem? {
    guard let entry = self[name] else { return .missing(name: name, shape: shape) }
    guard entry.shape == shape else {
      return .wrongShape(name: name, found: entry.shape, expected: shape)
    }
    return entry.type.isFloating ? nil : .notFloating(name: name, found: entry.type.rawValue)
  }

  /// Reads tensor `name`, of `shape`, to `target`, or says what is wrong with it.
  func load(_ name: String, shape: [Int], into target: UnsafeMutableBufferPointer<Float>)
    -> ReferenceError.CheckpointProblem?
  {
    if let problem = problem(name, shape: shape) { return problem }
    if let entry = self[name] { _ = entry.read(from: file, at: dataOffset, into: target) }
    return nil
  }

  /// The elements of a floating tensor as Float; nil for an integer tensor or an unknown name.
  package func floats(_ name: String) -> [Float]? {
    guard let entry = self[name] else { return nil }
    var values = Array(repeating: Float(0), count: entry.count)
    let isRead = values.withUnsafeMutableBufferPointer {
      entry.read(from: file, at: dataOffset, into: $0)
    }
    return isRead ? values : nil
  }
}

extension TensorEntry {
  /// Writes the elements of a floating tensor, rounded to Float and row-major, to `target`, which has
  /// ``count``. Returns false for an integer tensor. `file` is the tensor's, whose data section begins
  /// at `dataOffset`.
  fileprivate func read(
    from file: Data, at dataOffset: Int, into target: UnsafeMutableBufferPointer<Float>
  ) -> Bool {
    precondition(target.count == count, "a tensor is read into a buffer of its size")
    let start = dataOffset + bytes.lowerBound
    return file.withUnsafeBytes { file in
      // Traps where the entry leaves the file, which its header's check excludes.
      let source = UnsafeRawBufferPointer(rebasing: file[start..<start + bytes.count])
      switch type {
      case .F32 where strides == nil:
        UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
      case .F32: convert(source, target) { Float(bitPattern: $0) }
      case .F16: convert(source, target) { Self.float(half: $0) }
      case .BF16:
        convert(source, target) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
      case .F64: convert(source, target) { Float(Double(bitPattern: $0)) }
      default: return false
      }
      return true
    }
  }

  /// Writes `value` of the elements' bits to `target`.
  @inline(__always) private func convert<Bits: FixedWidthInteger>(
    _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableBufferPointer<Float>,
    _ value: (Bits) -> Float
  ) {
    func bits(_ i: Int) -> Bits {
      source.loadUnaligned(fromByteOffset: MemoryLayout<Bits>.size * i, as: Bits.self)
    }
    guard let strides else {
      for i in 0..<target.count { target[i] = value(bits(i)) }
      return
    }
    var places = StridedPlaces(shape: shape, strides: strides)
    for i in 0..<target.count { target[i] = value(bits(places.next())) }
  }

  /// Half precision by its bits, without a branch, so that the loop over it is vectorised: the
  /// exponent's bias grows by 112, also for subnormal numbers; infinities and NaN keep all ones.
  @inline(__always) private static func float(half bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7FFF) << 13
    let finite = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    let isFinite = bits & 0x7C00 != 0x7C00
    return Float(
      bitPattern: UInt32(bits & 0x8000) << 16 | (isFinite ? finite : magnitude | 0x7F80_0000))
  }
}

/// The places of a view's elements in its storage, in row-major order.
private struct StridedPlaces {
  let shape, strides: [Int]
  private var index: [Int]
  private var place = 0

  init(shape: [Int], strides: [Int]) {
    (self.shape, self.strides) = (shape, strides)
    index = Array(repeating: 0, count: shape.count)
  }

  /// The next element's place; called at most once an element.
  mutating func next() -> Int {
    defer { advance() }
    return place
  }

  private mutating func advance() {
    for axis in shape.indices.reversed() {
      index[axis] += 1
      place += strides[axis]
      if index[axis] < shape[axis] { return }
      place -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
}

/// The types of elements, by their names in safetensors.
// swift-format-ignore: AlwaysUseLowerCamelCase
public enum TensorType: String, Sendable {
  case F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL

  /// Bytes an element takes: an eighth of the bits in its name; 1 for a boolean.
  public var byteCount: Int { Int(rawValue.drop { !$0.isNumber }).map { $0 / 8 } ?? 1 }

  var isFloating: Bool { [.F64, .F32, .F16, .BF16].contains(self) }
}

/// One tensor of a file of weights: its type, its shape and the bytes that it lies in.
public struct TensorEntry: Equatable, Sendable {
  public var name: String
  public var type: TensorType
  public var shape: [Int]
  /// From the first to the last element, from the start of the data section.
  public var bytes: Range<Int>
  /// Of each axis, how many elements a step goes on; nil for row-major without gaps.
  public var strides: [Int]?

  /// Number of elements; 1 for a scalar (empty shape).
  public var count: Int { shape.reduce(1, *) }
}
