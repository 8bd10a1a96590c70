import Basics
import Foundation

/// The scores in a model's answer: as many numbers in the prompt's range as it asks for, separated by
/// commas, semicolons or line ends. Five habits are tolerated and counted: thoughts before the answer
/// (up to `</think>`), JSON, a code fence, labels (`sympathetic: 4`, in any order, each item once),
/// and prose after the last score.
///
/// JSON is an object with a number (or a string that is one) for each item, whatever else it holds, or
/// an array of as many numbers; it may be the only member of another object. Where one score is asked
/// for, the name of an only member does not matter.
public struct RatingAnswer: Sendable, Equatable {
  /// In the order of the prompt's items.
  public let scores: [Double]
  public let tolerated: Set<Tolerance>

  public enum Tolerance: String, Sendable, Codable, CaseIterable {
    case codeFence, json, labels, thinking, trailingProse
  }

  /// The label: the mean of the scores.
  public var mean: Double { scores.reduce(0, +) / Double(scores.count) }

  /// Reads `answer` for `items`; nil where it is not as described above.
  public init?(
    _ answer: String, items: [String], range: ClosedRange<Double> = RatingPrompt.scale
  ) {
    var tolerated: Set<Tolerance> = []
    guard let text = Self.withoutThoughts(answer, &tolerated) else { return nil }
    var reader = AnswerReader(text, items: items, range: range, &tolerated)
    var found: [(label: Int?, score: Double)] = []
    do {
      if let scores = try reader.json() {
        tolerated.insert(.json)
        if !reader.rest.allSatisfy(\.isWhitespace) { tolerated.insert(.trailingProse) }
        (self.scores, self.tolerated) = (scores, tolerated)
        return
      }
      while found.count < items.count {
        found.append((label: try reader.label(), score: try reader.score()))
        if found.count < items.count { try reader.separator() }
      }
      if try reader.hasTrailingProse() { tolerated.insert(.trailingProse) }
    } catch { return nil }
    let labels = Set(found.compactMap(\.label))
    if !labels.isEmpty {
      guard labels.count == items.count else { return nil }
      tolerated.insert(.labels)
      found.sort { $0.label ?? 0 < $1.label ?? 0 }
    }
    (scores, self.tolerated) = (found.map(\.score), tolerated)
  }

  /// What follows the model's thoughts; nil where they do not end. Some servers cut off their
  /// opening mark.
  private static func withoutThoughts(_ answer: String, _ tolerated: inout Set<Tolerance>)
    -> String?
  {
    if let end = answer.range(of: "</think>", options: [.backwards, .caseInsensitive]) {
      tolerated.insert(.thinking)
      return String(answer[end.upperBound...])
    }
    return answer.range(of: "<think>", options: .caseInsensitive) == nil ? answer : nil
  }
}

private struct AnswerReader {
  struct Unreadable: Error {}

  let items: [String]
  let range: ClosedRange<Double>
  /// What is left to read.
  var rest: Substring

  init(
    _ answer: String, items: [String], range: ClosedRange<Double>,
    _ tolerated: inout Set<RatingAnswer.Tolerance>
  ) {
    (self.items, self.range) = (items, range)
    let trimmed = answer.trimmingCharacters(in: .whitespacesAndNewlines)
    rest = trimmed[...]
    guard trimmed.hasPrefix("```") else { return }
    tolerated.insert(.codeFence)
    // The opening line may name a language; a fence on one line holds the answer itself.
    var lines = trimmed.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    if lines.count == 1 {
      lines = [trimmed.drop { $0 == "`" }.prefix { $0 != "`" }]
    } else {
      lines.removeFirst()
      let close = lines.firstIndex { $0.trimmingPrefix(while: \.isWhitespace).hasPrefix("```") }
      if let close { lines.remove(at: close) }
    }
    rest = lines.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines)[...]
  }

  private mutating func take<Output>(_ pattern: Regex<Output>) -> Output? {
    guard let match = rest.prefixMatch(of: pattern) else { return nil }
    rest = rest[match.range.upperBound...]
    return match.output
  }

  /// The item named here, with or without list marks and emphasis, or nil.
  mutating func label() throws(Unreadable) -> Int? {
    let start = rest
    let found = take(
      /[\s\-*•_"]*(?:[0-9]+[.)](?=[\s*])[\s*_"]*)?(\p{Alphabetic}[\p{Alphabetic}\-]*)[\s*_"]*/)
    guard let name = found?.1.lowercased(),
      let item = items.firstIndex(where: { $0.lowercased() == name })
    else {
      // "5. The writer" may end a list of scores; where one is asked for, it may begin a list.
      if items.count == 1, found != nil { throw Unreadable() }
      rest = start.trimmingPrefix(while: \.isWhitespace)
      return nil
    }
    guard take(/[:=][\s*_]*/) != nil else { throw Unreadable() }
    return item
  }

  /// A number in the range; "4/7", "4e1", "4.5.6" and "4-5" are not scores.
  mutating func score() throws(Unreadable) -> Double {
    let number = take(/([0-9]+(?:\.[0-9]+)?)(?![0-9\p{Alphabetic}\/\-–%+]|\.[0-9])/)
    guard let value = number.flatMap({ Double($0.1) }), range.contains(value) else {
      throw Unreadable()
    }
    return value
  }

  /// Skips a comma, a semicolon or a line end.
  mutating func separator() throws(Unreadable) {
    let skipped = take(/[\s,;*]*/) ?? ""
    if !skipped.contains(where: { $0 == "," || $0 == ";" || $0.isNewline }) { throw Unreadable() }
  }

  /// Whether prose follows. More scores are a fault.
  mutating func hasTrailingProse() throws(Unreadable) -> Bool {
    let isSeparated = take(/[\s,;.*`]+|(?=\()/) != nil
    guard let first = rest.first else { return false }
    if !isSeparated || "0"..."9" ~= first { throw Unreadable() }
    return true
  }

  /// The scores of an answer that begins as JSON does; nil where it begins otherwise.
  mutating func json() throws(Unreadable) -> [Double]? {
    guard rest.first == "{" || rest.first == "[" else { return nil }
    guard let end = endOfJSON(), let value = try? ByteJSON(Array(rest[..<end].utf8)),
      let scores = scores(of: value), scores.allSatisfy(range.contains)
    else { throw Unreadable() }
    rest = rest[end...]
    return scores
  }

  /// Where the object or array ends that `rest` begins with.
  private func endOfJSON() -> String.Index? {
    var (depth, isString, isEscaped) = (0, false, false)
    for (index, scalar) in zip(rest.unicodeScalars.indices, rest.unicodeScalars) {
      switch scalar {
      case _ where isEscaped: isEscaped = false
      case "\\": isEscaped = isString
      case "\"": isString.toggle()
      case _ where isString: break
      default:
        if scalar == "{" || scalar == "[" { depth += 1 }
        if scalar == "}" || scalar == "]" { depth -= 1 }
        if depth == 0 { return rest.unicodeScalars.index(after: index) }
      }
    }
    return nil
  }

  private func scores(of json: ByteJSON) -> [Double]? {
    func score(_ value: ByteJSON) -> Double? { value.number ?? value.string.flatMap { Double($0) } }
    if let values = json.array {
      let scores = values.compactMap(score)
      return values.count == items.count && scores.count == items.count ? scores : nil
    }
    let members = json.members ?? []
    let named = items.map { item in
      members.filter { String(decoding: $0.name, as: UTF8.self).lowercased() == item.lowercased() }
    }
    if named.allSatisfy({ $0.count == 1 }) {
      let scores = named.compactMap { $0.first.flatMap { score($0.value) } }
      return scores.count == items.count ? scores : nil
    }
    guard members.count == 1, let only = members.first?.value else { return nil }
    if only.members != nil || only.array != nil { return scores(of: only) }
    return items.count == 1 ? score(only).map { [$0] } : nil
  }
}
