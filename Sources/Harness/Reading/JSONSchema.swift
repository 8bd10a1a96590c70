import Basics
import Foundation

/// A JSON Schema (2020-12) of the keywords that ours has: `$ref` within the document, `type`, `const`,
/// `enum`, `pattern`, `minLength`, `minimum`, `exclusiveMinimum`, `maximum`, `items`, `minItems`, `maxItems`,
/// `properties`, `required`, `additionalProperties`, `propertyNames` and `minProperties`.
/// `description` is the end of a message: expected …
struct JSONSchema {
  private let root: ByteJSON
  private var file = ""
  private var faults: [Diagnostic] = []

  init(_ root: ByteJSON) { self.root = root }

  /// Everything in `value` that the schema does not allow, with its path in the document `file`.
  static func faults(in value: ByteJSON, file: String, schema: ByteJSON) -> [Diagnostic] {
    var checker = JSONSchema(schema)
    checker.file = file
    checker.check(value, schema, at: "")
    return checker.faults
  }

  private mutating func add(_ path: String, found: String? = nil, expected: String) {
    faults.add(
      .json, file: file, field: path.isEmpty ? nil : path, found: found, expected: expected)
  }

  private mutating func check(_ value: ByteJSON, _ schema: ByteJSON, at path: String) {
    let schema = resolved(schema)
    let words = schema["description"]?.string
    if let type = schema["type"]?.string, !Self.matches(value, type) {
      let expected = Self.names[type] ?? type
      return add(
        path, found: value.kind, expected: words.map { "\(expected): \($0)" } ?? expected)
    }
    if let constant = schema["const"], constant != value {
      add(path, found: value.shown, expected: constant.shown)
    }
    if let known = schema["enum"]?.array, !known.contains(value) {
      let names = known.map(\.shown)
      add(
        path, found: value.shown,
        expected: "one of \(names.joined(separator: ", "))"
          + (value.string.map { Spelling.hint($0, among: names) } ?? ""))
    }
    if !Self.isInBounds(value, schema) {
      add(path, found: value.shown, expected: words ?? "another value")
    }
    for (index, element) in (value.array ?? []).enumerated() {
      if let items = schema["items"] { check(element, items, at: "\(path)[\(index)]") }
    }
    if let members = value.members { check(members, schema, at: path) }
  }

  private mutating func check(_ members: [ByteJSON.Member], _ schema: ByteJSON, at path: String) {
    let properties = schema["properties"]?.members ?? []
    let known = properties.map(\.key)
    let present = members.map(\.key)
    let missing = (schema["required"]?.array ?? []).compactMap(\.string)
      .filter { !present.contains($0) }
    var meant: Set<String> = []
    var seen: Set<String> = []
    for member in members {
      let place = path.isEmpty ? member.key : "\(path).\(member.key)"
      if !seen.insert(member.key).inserted {
        add(place, found: "the key twice", expected: "each key once")
      }
      if let names = schema["propertyNames"] {
        check(.string(member.name), names, at: place)
      }
      if let property = properties.first(where: { $0.key == member.key }) {
        check(member.value, property.value, at: place)
      } else if schema["additionalProperties"] == .bool(false) {
        // A misspelt key is told once, not as missing too.
        let near = Spelling.nearest(member.key, among: missing + known)
        if let near { meant.insert(near) }
        add(
          place, found: "an unknown key",
          expected: near.map { "another key; did you mean '\($0)'?" }
            ?? "one of \(known.filter { !$0.hasPrefix("$") }.joined(separator: ", "))")
      } else if let other = schema["additionalProperties"] {
        check(member.value, other, at: place)
      }
    }
    for key in missing where !meant.contains(key) {
      let about = properties.first { $0.key == key }
        .flatMap { resolved($0.value)["description"]?.string }
      add(
        path.isEmpty ? key : "\(path).\(key)", found: "no such key",
        expected: about.map { "the key \(key): \($0)" } ?? "the key \(key)")
    }
  }

  /// `schema`, or what its `$ref` names.
  private func resolved(_ schema: ByteJSON) -> ByteJSON {
    guard let path = schema["$ref"]?.string else { return schema }
    return path.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? .null }
  }

  private static let names = [
    "object": "an object", "array": "a list", "string": "text", "number": "a number",
    "integer": "a whole number", "boolean": "true or false",
  ]

  private static func matches(_ value: ByteJSON, _ type: String) -> Bool {
    switch (type, value) {
    case ("object", .object), ("array", .array), ("string", .string), ("number", .number),
      ("boolean", .bool):
      true
    case ("integer", .number(let number)): Int(exactly: number) != nil
    default: false
    }
  }

  private static func isInBounds(_ value: ByteJSON, _ schema: ByteJSON) -> Bool {
    func bound(_ key: String) -> Double? { schema[key]?.number }
    switch value {
    case .string:
      let text = value.string ?? ""
      let fits = schema["pattern"]?.string.map {
        text.range(of: $0, options: .regularExpression) != nil
      }
      return fits ?? true && Double(text.count) >= bound("minLength") ?? 0
    case .number(let number):
      return number.isFinite && number >= bound("minimum") ?? -.infinity
        && number > bound("exclusiveMinimum") ?? -.infinity
        && number <= bound("maximum") ?? .infinity
    case .array(let values):
      return Double(values.count) >= bound("minItems") ?? 0
        && Double(values.count) <= bound("maxItems") ?? .infinity
    case .object(let members): return Double(members.count) >= bound("minProperties") ?? 0
    case .null, .bool: return true
    }
  }
}

extension ByteJSON.Member {
  fileprivate var key: String { String(decoding: name, as: UTF8.self) }
}

extension ByteJSON {
  /// The value as a message shows it.
  fileprivate var shown: String {
    switch self {
    case .string: string ?? ""
    case .number(let number): Int(exactly: number).map { "\($0)" } ?? "\(number)"
    case .array(let values): values.isEmpty ? "an empty list" : "a list of \(values.count)"
    case .object(let members): members.isEmpty ? "an empty object" : "an object"
    case .null, .bool: kind
    }
  }
}
