import Harness

/// Reads the fields of one object of settings and collects everything that is wrong with them. A
/// field that is missing gives the default; one of another type, out of range or unknown is a fault.
/// ``finish()`` has to be called when every known field was read.
final class SettingsFields {
  /// All faults of one file, shared by the readers of its objects.
  final class Faults {
    private(set) var list: [StudyError.Diagnostic] = []

    func add(_ place: String, _ found: String, _ expected: String) {
      list.append(.init(place: place, found: found, expected: expected))
    }
  }

  let place: String
  let faults: Faults
  private let fields: [String: SettingsTree]
  private var known: Set<String> = []

  /// - Parameter place: where the object stands, empty for the whole file.
  init(_ tree: SettingsTree, place: String, faults: Faults) {
    self.place = place
    self.faults = faults
    if case .object(let fields) = tree {
      self.fields = fields
    } else {
      fields = [:]
      faults.add(place, tree.brief, "an object")
    }
  }

  func has(_ key: String) -> Bool {
    known.insert(key)
    return (fields[key] ?? .null) != .null
  }

  func fault(_ key: String, _ expected: String) {
    faults.add(path(key), fields[key]?.brief ?? "nothing", expected)
  }

  func path(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

  func tree(_ key: String) -> SettingsTree? { has(key) ? fields[key] : nil }

  /// What `read` makes of a field; a field that it cannot read is a fault, a missing one is nil.
  private func value<Value>(
    _ key: String, _ expected: @autoclosure () -> String, _ read: (SettingsTree) -> Value?
  ) -> Value? {
    guard let tree = tree(key) else { return nil }
    let value = read(tree)
    if value == nil { fault(key, expected()) }
    return value
  }

  func text(_ key: String) -> String? { value(key, "a text") { $0.nonEmptyText } }

  /// A text that has to be there.
  func required(_ key: String) -> String {
    if !has(key) { fault(key, "a text") }
    return text(key) ?? ""
  }

  /// One of the raw values of an enumeration.
  func choice<Value: RawRepresentable & CaseIterable>(_ key: String, _ standard: Value) -> Value
  where Value.RawValue == String {
    value(key, Value.allCases.map(\.rawValue).joined(separator: " or ")) {
      $0.nonEmptyText.flatMap { Value(rawValue: $0) }
    } ?? standard
  }

  func flag(_ key: String, _ standard: Bool) -> Bool {
    value(key, "true or false") { if case .flag(let value) = $0 { value } else { nil } } ?? standard
  }

  func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
    let ends = [range.lowerBound, range.upperBound].map { SettingsTree.number($0).brief }
    return value(key, "a number from \(ends.joined(separator: " to "))") { $0.number(in: range) }
  }

  func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
    value(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
      $0.number(in: Double(range.lowerBound)...Double(range.upperBound)).flatMap(Int.init(exactly:))
    }
  }

  /// A list of texts, or one text for a list of one.
  func texts(_ key: String) -> [String]? {
    value(key, "a list of different texts") { tree in
      guard case .array(let items) = tree else { return tree.nonEmptyText.map { [$0] } }
      let texts = items.compactMap(\.nonEmptyText)
      return texts.count == items.count && texts.unique.count == texts.count ? texts : nil
    }
  }

  /// The readers of a list of objects.
  func objects(_ key: String) -> [SettingsFields] {
    let items = value(key, "a list of objects") {
      if case .array(let items) = $0 { items } else { nil }
    }
    return (items ?? []).enumerated().map { index, item in
      SettingsFields(item, place: "\(path(key))[\(index)]", faults: faults)
    }
  }

  func object(_ key: String) -> SettingsFields? {
    tree(key).map { SettingsFields($0, place: path(key), faults: faults) }
  }

  /// Every key of the object, sorted; all count as known.
  var keys: [String] {
    known.formUnion(fields.keys)
    return fields.keys.sorted()
  }

  /// Names the fields that nobody read.
  func finish() {
    for key in fields.keys.sorted() where !known.contains(key) {
      faults.add(path(key), "an unknown field", "one of \(known.sorted().joined(separator: ", "))")
    }
  }
}

/// A JSON value: settings are laid over each other as trees, and read when all are together.
public enum SettingsTree: Sendable, Equatable, Codable {
  case object([String: SettingsTree])
  case array([SettingsTree])
  case text(String)
  case number(Double)
  case flag(Bool)
  case null

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([SettingsTree].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: SettingsTree].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .object(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .flag(let value): try container.encode(value)
    case .null: try container.encodeNil()
    }
  }

  /// This tree with `other` laid over it: objects key by key, anything else replaced.
  public func overlaid(by other: SettingsTree) -> SettingsTree {
    guard case .object(let own) = self, case .object(let more) = other else { return other }
    return .object(own.merging(more) { $0.overlaid(by: $1) })
  }

  /// This tree with the value at a dotted `path` replaced, such as `recipe.epochs` or
  /// `extra.0.portion`; objects on the way are made, places in an array have to be there. Nil where
  /// the path leads through a value that is neither.
  public func setting(_ path: some StringProtocol, to value: SettingsTree) -> SettingsTree? {
    let parts = path.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let key = parts.first.map({ String($0) }), !key.isEmpty else { return nil }
    func below(_ child: SettingsTree?) -> SettingsTree? {
      parts.count == 1 ? value : (child ?? .object([:])).setting(parts[1], to: value)
    }
    switch self {
    case .object(var fields):
      guard let child = below(fields[key]) else { return nil }
      fields[key] = child
      return .object(fields)
    case .array(var items):
      guard let place = Int(key), items.indices.contains(place), let child = below(items[place])
      else { return nil }
      items[place] = child
      return .array(items)
    default: return nil
    }
  }

  var nonEmptyText: String? { if case .text(let text) = self, !text.isEmpty { text } else { nil } }

  func number(in range: ClosedRange<Double>) -> Double? {
    if case .number(let value) = self, range.contains(value) { value } else { nil }
  }

  /// The value in a few words, as it stands in names and faults.
  public var brief: String {
    switch self {
    case .object: "an object"
    case .array(let items): "[\(items.map(\.brief).joined(separator: ", "))]"
    case .text(let text): text
    case .number(let value):
      value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    case .flag(let value): "\(value)"
    case .null: "null"
    }
  }
}
