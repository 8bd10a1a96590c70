import Basics
import Foundation
import Reference

/// A JSON document that may hold what JSON forbids: names given twice, numbers that are none.
indirect enum JSONTree {
  /// A value that is written as it stands.
  case leaf(String)
  case array([JSONTree])
  case object([(name: String, value: JSONTree)])

  init(_ text: [UInt8]) throws { self.init(try ByteJSON(text)) }

  private init(_ value: ByteJSON) {
    switch value {
    case .null: self = .leaf("null")
    case .bool(let value): self = .leaf("\(value)")
    case .number(let value): self = .leaf(Int(exactly: value).map(String.init) ?? "\(value)")
    case .string(let bytes): self = .leaf(Self.quoted(bytes))
    case .array(let values): self = .array(values.map(JSONTree.init))
    case .object(let members):
      self = .object(members.map { (Self.quoted($0.name), JSONTree($0.value)) })
    }
  }

  private static func quoted(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    let json = try? JSONSerialization.data(withJSONObject: text, options: .fragmentsAllowed)
    return String(decoding: json ?? Data("\"\"".utf8), as: UTF8.self)
  }

  var bytes: [UInt8] {
    var text = ""
    write(to: &text)
    return Array(text.utf8)
  }

  private func write(to text: inout String) {
    switch self {
    case .leaf(let value): text += value
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        text += member.name + ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }
}

extension JSONTree {
  private static let values =
    TextMutation.numbers.map { $0 } + [
      "null", "true", "false", "\"\"", "\"x\"", "\"1\"", "[]", "{}", "[1]", "{\"a\":1}",
      "\"\\ud800\"",
      "\"\\u0000\"", "\"##\"", "\"\u{301}\"", "\"\\\"", "",
    ]

  /// Applies one to three changes.
  mutating func mutate(_ random: inout SplitMix64) {
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      // Half of the changes go to the outer levels, where the few fields of importance stand.
      let depth = Bool.random(using: &random) ? 2 : Int.random(in: 1...6, using: &random)
      change(depth: depth, &random)
    }
  }

  /// Changes a value at most `depth` levels further in.
  private mutating func change(depth: Int, _ random: inout SplitMix64) {
    switch self {
    case .leaf: replace(&random)
    case .array(var values):
      guard depth > 0, let index = values.indices.randomElement(using: &random) else {
        return replace(&random)
      }
      switch Int.random(in: 0..<8, using: &random) {
      case 0: values.remove(at: index)
      case 1: values.insert(values[index], at: index)
      case 2:
        let copies = [2, 70, 1000].randomElement(using: &random) ?? 2
        values.insert(contentsOf: repeatElement(values[index], count: copies), at: index)
      default: values[index].change(depth: depth - 1, &random)
      }
      self = .array(values)
    case .object(var members):
      guard depth > 0, let index = members.indices.randomElement(using: &random) else {
        return replace(&random)
      }
      let other = members.indices.randomElement(using: &random) ?? index
      switch Int.random(in: 0..<10, using: &random) {
      case 0: members.remove(at: index)
      case 1: members.insert(members[index], at: other)
      case 2: members.append((members[index].name, members[other].value))
      case 3: members[index].name = members[other].name
      case 4: members[index].value = members[other].value
      default: members[index].value.change(depth: depth - 1, &random)
      }
      self = .object(members)
    }
  }

  private mutating func replace(_ random: inout SplitMix64) {
    if case .leaf(let text) = self, let number = Double(text), Bool.random(using: &random) {
      let changed = [number + 1, number - 1, -number, number * 2, number / 2, number * 1e6]
      let value = changed.randomElement(using: &random) ?? number
      self = .leaf(Int(exactly: value).map(String.init) ?? "\(value)")
      return
    }
    if Int.random(in: 0..<12, using: &random) == 0 {
      let depth = [1, 3, 63, 64, 65, 5000].randomElement(using: &random) ?? 1
      let (open, close) = Bool.random(using: &random) ? ("[", "]") : ("{\"a\":", "}")
      self = .leaf(
        String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth))
      return
    }
    self = .leaf(Self.values.randomElement(using: &random) ?? "null")
  }
}
