import Foundation

/// Interprets the pickle of a state dict: the opcodes and globals with which `torch.save` writes a
/// dictionary of tensors, and no others. A global is a name here; nothing of a file is ever called.
///
/// Values refer to tuples, dictionaries and tensors by their place in a list, so that neither depth
/// nor references back to a value cost more than the pickle's own bytes.
struct StateDictPickle {
  /// A run of elements that tensors look into, by its file's name.
  struct Storage: Equatable {
    let type: TensorType
    let key: String
    let count: Int
  }

  /// A view of a storage; `offset` and `strides` count elements.
  struct Tensor {
    let storage: Storage
    let offset: Int
    let shape, strides: [Int]
  }

  /// What stands under a key of the outermost dictionary.
  struct Item {
    let name: String
    /// Nil for something else.
    let tensor: Tensor?
    let kind: String
  }

  /// The longest pickle that is read, in bytes: about seventy times what deberta-v3-base has.
  static let limit = 1 << 21

  private enum Value {
    case none
    case bool(Bool)
    case int(Int)
    case text(String)
    case tuple(Int)
    case dictionary(Int)
    case global(Global)
    case storage(Int)
    case tensor(Int)

    var kind: String {
      switch self {
      case .none: "None"
      case .bool(let value): value ? "True" : "False"
      case .int(let value): "\(value)"
      case .text(let text): "the text \"\(text.prefix(40))\""
      case .tuple: "a tuple"
      case .dictionary: "a dictionary"
      case .global(let global): "the global \(global.name)"
      case .storage: "a storage"
      case .tensor: "a tensor"
      }
    }
  }

  private let bytes: [UInt8]
  private let entry: String
  private var index = 0
  /// Of the opcode that is being interpreted.
  private var start = 0
  private var stack: [Value] = []
  /// The stack's heights at the marks.
  private var marks: [Int] = []
  private var memo: [Int: Value] = [:]
  private var tuples: [[Value]] = []
  private var dictionaries: [[(key: String, value: Value)]] = []
  private var storages: [Storage] = []
  private var tensors: [Tensor] = []

  /// The items of the state dict in `bytes`, the file `entry` of an archive, in its order. Throws with
  /// the opcode's byte at the first thing that is not a state dict's.
  static func items(of bytes: [UInt8], entry: String) throws(ReferenceError.Diagnostic) -> [Item] {
    var reader = Self(bytes: bytes, entry: entry)
    return try reader.run()
  }

  private init(bytes: [UInt8], entry: String) { (self.bytes, self.entry) = (bytes, entry) }

  private func fault(_ found: String, _ expected: String) -> ReferenceError.Diagnostic {
    .init(.entry(entry, byte: start), found: found, expected: expected)
  }

  private mutating func run() throws(ReferenceError.Diagnostic) -> [Item] {
    while true {
      start = index
      let code = try number(1)
      guard let opcode = PickleOpcode(rawValue: UInt8(code)) else {
        throw fault(PickleOpcode.refused(UInt8(code)), "an opcode that a state dict needs")
      }
      if opcode == .stop { return try result() }
      try interpret(opcode)
    }
  }

  private mutating func interpret(_ opcode: PickleOpcode) throws(ReferenceError.Diagnostic) {
    switch opcode {
    case .stop: break
    case .proto:
      let version = try number(1)
      guard 2...5 ~= version else { throw fault("protocol \(version)", "pickle protocol 2 to 5") }
    case .frame: _ = try number(8)
    case .mark: marks.append(stack.count)
    case .none: stack.append(.none)
    case .newTrue: stack.append(.bool(true))
    case .newFalse: stack.append(.bool(false))
    case .int1: stack.append(.int(try number(1)))
    case .int2: stack.append(.int(try number(2)))
    case .int4: stack.append(.int(Int(Int32(truncatingIfNeeded: try number(4)))))
    case .long1: stack.append(.int(try long()))
    case .shortText: stack.append(.text(try text(number(1))))
    case .text: stack.append(.text(try text(number(4))))
    case .emptyTuple: pushTuple([])
    case .tuple1: pushTuple(try pop(1))
    case .tuple2: pushTuple(try pop(2))
    case .tuple3: pushTuple(try pop(3))
    case .tuple: pushTuple(try popToMark())
    case .emptyDictionary: pushDictionary()
    case .setItem: try setItems(try pop(2))
    case .setItems: try setItems(try popToMark())
    case .get1: try get(number(1))
    case .get4: try get(number(4))
    case .put1: try put(number(1))
    case .put4: try put(number(4))
    case .memoize: try put(memo.count)
    case .global:
      let module = try line()
      stack.append(.global(try global(module, try line())))
    case .stackGlobal:
      guard case let names = try pop(2), case .text(let module) = names[0],
        case .text(let name) = names[1]
      else { throw fault("a global without a name", "its module and its name") }
      stack.append(.global(try global(module, name)))
    case .persistentID: try pushStorage()
    case .reduce: try reduce()
    case .build:
      // The state is an OrderedDict's attributes: versions of modules, which nobody needs.
      guard case .dictionary = try pop(1)[0], case .dictionary? = stack.last else {
        throw fault("attributes of something else", "a dictionary's")
      }
    }
  }

  /// The items of the one value that is left.
  private func result() throws(ReferenceError.Diagnostic) -> [Item] {
    guard stack.count == 1, marks.isEmpty, case .dictionary(let place) = stack[0] else {
      throw fault(stack.last?.kind ?? "nothing", "a dictionary of tensors alone")
    }
    guard index == bytes.count else {
      throw fault("\(bytes.count - index) bytes after the pickle", "its end")
    }
    return dictionaries[place].map { key, value in
      let tensor: Tensor? = if case .tensor(let place) = value { tensors[place] } else { nil }
      return Item(name: key, tensor: tensor, kind: value.kind)
    }
  }
}

// MARK: - What opcodes take from the bytes and the stack

extension StateDictPickle {
  private mutating func take(_ count: Int) throws(ReferenceError.Diagnostic) -> ArraySlice<UInt8> {
    guard count <= bytes.count - index else {
      throw fault("the end of the pickle", "\(count) bytes more (was the download cut short?)")
    }
    defer { index += count }
    return bytes[index..<index + count]
  }

  /// The little-endian number in the next `count` bytes; one beyond Int is a fault.
  private mutating func number(_ count: Int) throws(ReferenceError.Diagnostic) -> Int {
    let value = try take(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let number = Int(exactly: value) else { throw fault("\(value)", "a number below 2^63") }
    return number
  }

  /// A number in two's complement of up to 8 bytes, in front of which stands how many.
  private mutating func long() throws(ReferenceError.Diagnostic) -> Int {
    let count = try number(1)
    guard count <= 8 else { throw fault("a number of \(count) bytes", "one of at most 8") }
    let digits = try take(count)
    let sign: UInt64 = (digits.last ?? 0) >= 0x80 ? .max : 0
    return Int(truncatingIfNeeded: digits.reversed().reduce(sign) { $0 << 8 | UInt64($1) })
  }

  private mutating func text(_ count: Int) throws(ReferenceError.Diagnostic) -> String {
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw fault("a text that is not UTF-8", "UTF-8")
    }
    return text
  }

  /// The text up to the end of the line.
  private mutating func line() throws(ReferenceError.Diagnostic) -> String {
    let count = bytes[index...].firstIndex(of: 0x0A).map { $0 - index } ?? bytes.count
    let line = try text(count)
    index += 1
    return line
  }

  /// The last `count` values above the last mark, the lowest first.
  private mutating func pop(_ count: Int) throws(ReferenceError.Diagnostic) -> [Value] {
    guard stack.count - (marks.last ?? 0) >= count else {
      throw fault("\(stack.count - (marks.last ?? 0)) values on the stack", "\(count)")
    }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws(ReferenceError.Diagnostic) -> [Value] {
    guard let mark = marks.popLast() else { throw fault("no mark on the stack", "one") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func pushTuple(_ values: [Value]) {
    stack.append(.tuple(tuples.count))
    tuples.append(values)
  }

  private mutating func pushDictionary() {
    stack.append(.dictionary(dictionaries.count))
    dictionaries.append([])
  }

  private mutating func setItems(_ values: [Value]) throws(ReferenceError.Diagnostic) {
    guard case .dictionary(let place)? = stack.last, stack.count > marks.last ?? 0 else {
      throw fault("items of something else", "a dictionary's")
    }
    guard values.count % 2 == 0 else { throw fault("a key without a value", "both") }
    for pair in stride(from: 0, to: values.count, by: 2) {
      guard case .text(let key) = values[pair] else {
        throw fault("the key \(values[pair].kind)", "a text")
      }
      dictionaries[place].append((key, values[pair + 1]))
    }
  }

  private mutating func put(_ place: Int) throws(ReferenceError.Diagnostic) {
    guard let value = stack.last, stack.count > marks.last ?? 0 else {
      throw fault("an empty stack", "a value to keep")
    }
    memo[place] = value
  }

  private mutating func get(_ place: Int) throws(ReferenceError.Diagnostic) {
    guard let value = memo[place] else { throw fault("memo \(place)", "one that was written") }
    stack.append(value)
  }
}

// MARK: - Globals

extension StateDictPickle {
  /// What a state dict refers to.
  private enum Global {
    case orderedDictionary, tensor, parameter
    case storage(TensorType)

    var name: String {
      switch self {
      case .orderedDictionary: "collections.OrderedDict"
      case .tensor: "torch._utils._rebuild_tensor_v2"
      case .parameter: "torch._utils._rebuild_parameter"
      case .storage(let type): "torch storage of \(type.rawValue)"
      }
    }
  }

  private static let storageTypes: [String: TensorType] = [
    "Double": .F64, "Float": .F32, "Half": .F16, "BFloat16": .BF16, "Long": .I64, "Int": .I32,
    "Short": .I16, "Char": .I8, "Byte": .U8, "Bool": .BOOL,
  ]

  private func global(_ module: String, _ name: String) throws(ReferenceError.Diagnostic)
    -> Global
  {
    switch (module, name) {
    case ("collections", "OrderedDict"): return .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): return .tensor
    case ("torch._utils", "_rebuild_parameter"): return .parameter
    case ("torch", _) where name.hasSuffix("Storage"):
      if let type = Self.storageTypes[String(name.dropLast(7))] { return .storage(type) }
    default: break
    }
    throw fault(
      "the global \(module.prefix(80)).\(name.prefix(80))",
      "only what a state dict needs: OrderedDict, tensors and storages of PyTorch")
  }

  /// Takes `('storage', type, key, device, count)`.
  private mutating func pushStorage() throws(ReferenceError.Diagnostic) {
    guard case .tuple(let place) = try pop(1)[0], case let parts = tuples[place], parts.count == 5,
      case .text("storage") = parts[0], case .global(.storage(let type)) = parts[1],
      case .text(let key) = parts[2], case .text = parts[3], case .int(let count) = parts[4],
      count >= 0
    else {
      throw fault(
        "another persistent id",
        "('storage', its type, its key, the device, its number of elements)")
    }
    stack.append(.storage(storages.count))
    storages.append(Storage(type: type, key: key, count: count))
  }

  /// Takes a global and a tuple, and leaves what the global would make of it.
  private mutating func reduce() throws(ReferenceError.Diagnostic) {
    let values = try pop(2)
    guard case .global(let global) = values[0], case .tuple(let place) = values[1] else {
      throw fault("a call of \(values[0].kind)", "one of a global with a tuple")
    }
    let arguments = tuples[place]
    switch global {
    case .orderedDictionary where arguments.isEmpty: return pushDictionary()
    case .tensor:
      if let tensor = tensor(arguments) {
        stack.append(.tensor(tensors.count))
        return tensors.append(tensor)
      }
    case .parameter:
      if arguments.count == 3, case .tensor = arguments[0], case .bool = arguments[1],
        isEmptyDictionary(arguments[2])
      {
        return stack.append(arguments[0])
      }
    default: break
    }
    throw fault(
      "\(global.name) of (\(arguments.prefix(8).map(\.kind).joined(separator: ", ")))",
      "the arguments that torch.save writes")
  }

  /// The view that `(storage, offset, shape, strides, requires_grad, hooks)` describe, and in newer
  /// files a dictionary of metadata; nil where they do not.
  private func tensor(_ arguments: [Value]) -> Tensor? {
    guard 6...7 ~= arguments.count, case .storage(let place) = arguments[0],
      case .int(let offset) = arguments[1], let shape = counts(arguments[2]),
      let strides = counts(arguments[3]), shape.count == strides.count, offset >= 0,
      case .bool = arguments[4], arguments.dropFirst(5).allSatisfy(isEmptyDictionary)
    else { return nil }
    return Tensor(storage: storages[place], offset: offset, shape: shape, strides: strides)
  }

  /// The numbers in a tuple, none negative, at most eight.
  private func counts(_ value: Value) -> [Int]? {
    guard case .tuple(let place) = value, tuples[place].count <= 8 else { return nil }
    let counts = tuples[place].compactMap { if case .int(let count) = $0 { count } else { nil } }
    return counts.count == tuples[place].count && counts.allSatisfy { $0 >= 0 } ? counts : nil
  }

  private func isEmptyDictionary(_ value: Value) -> Bool {
    if case .dictionary(let place) = value { dictionaries[place].isEmpty } else { false }
  }
}
