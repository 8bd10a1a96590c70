import Harness

/// Reads the fields of one object of settings and collects everything that is wrong with them.
///
/// A field that is missing gives the default; one of another type, out of range or unknown is a
/// fault. ``finish()`` has to be called when every known field was read.
final class SettingsFields {
  /// All faults of one file, shared by the readers of its objects.
  final class Faults {
    var list: [StudyError.Diagnostic] = []
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
      faults.list.append(.init(place: place, found: tree.brief, expected: "an object"))
    }
  }

  func has(_ key: String) -> Bool {
    known.insert(key)
    return (fields[key] ?? .null) != .null
  }

  func fault(_ key: String, _ expected: String) {
    faults.list.append(
      .init(place: path(key), found: fields[key]?.brief ?? "nothing", expected: expected))
  }

  func path(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

  func tree(_ key: String) -> SettingsTree? { has(key) ? fields[key] : nil }

  func text(_ key: String) -> String? {
    guard has(key) else { return nil }
    if case .text(let value)? = fields[key], !value.isEmpty { return value }
    fault(key, "a text")
    return nil
  }

  /// A text that has to be there.
  func required(_ key: String) -> String {
    if !has(key) { fault(key, "a text") }
    return text(key) ?? ""
  }

  /// One of the raw values of an enumeration.
  func choice<Value: RawRepresentable & CaseIterable>(_ key: String, _ standard: Value) -> Value
  where Value.RawValue == String {
    guard has(key) else { return standard }
    if case .text(let name)? = fields[key], let value = Value(rawValue: name) { return value }
    fault(key, Value.allCases.map(\.rawValue).joined(separator: " or "))
    return standard
  }

  func flag(_ key: String, _ standard: Bool) -> Bool {
    guard has(key) else { return standard }
    if case .flag(let value)? = fields[key] { return value }
    fault(key, "true or false")
    return standard
  }

  func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
    guard has(key) else { return nil }
    if case .number(let value)? = fields[key], range.contains(value) { return value }
    fault(key, "a number from \(Self.brief(range.lowerBound)) to \(Self.brief(range.upperBound))")
    return nil
  }

  func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
    guard has(key) else { return nil }
    if case .number(let value)? = fields[key], let whole = Int(exactly: value),
      range.contains(whole)
    {
      return whole
    }
    fault(key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    return nil
  }

  /// A list of texts, or one text for a list of one.
  func texts(_ key: String) -> [String]? {
    guard has(key) else { return nil }
    switch fields[key] {
    case .text(let value)? where !value.isEmpty: return [value]
    case .array(let items)?:
      let texts = items.compactMap { item -> String? in
        if case .text(let value) = item, !value.isEmpty { value } else { nil }
      }
      if texts.count == items.count, Set(texts).count == texts.count { return texts }
    default: break
    }
    fault(key, "a list of different texts")
    return nil
  }

  /// The readers of a list of objects.
  func objects(_ key: String) -> [SettingsFields] {
    guard has(key) else { return [] }
    guard case .array(let items)? = fields[key] else {
      fault(key, "a list of objects")
      return []
    }
    return items.enumerated().map { index, item in
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
      faults.list.append(
        .init(
          place: path(key), found: "an unknown field",
          expected: "one of \(known.sorted().joined(separator: ", "))"))
    }
  }

  private static func brief(_ value: Double) -> String { SettingsTree.number(value).brief }
}
