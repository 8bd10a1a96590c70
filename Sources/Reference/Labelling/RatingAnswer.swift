/// The scores in a model's answer, read strictly.
///
/// Exactly as many finite numbers in [1, 7] as the prompt asks for, separated by commas, semicolons
/// or line ends. Three habits of models are tolerated and counted: a code fence around the answer,
/// labels (`sympathetic: 4`, in any order, each item once), and prose after the last score.
public struct RatingAnswer: Sendable, Equatable {
  /// In the order of the prompt's items.
  public let scores: [Double]
  public let tolerated: Set<Tolerance>

  public enum Tolerance: String, Sendable, Codable, CaseIterable {
    case codeFence
    case labels
    case trailingProse
  }

  /// Why an answer cannot be read.
  public struct Diagnostic: Error, Sendable, Equatable, CustomStringConvertible {
    public let expected: String
    public let found: String
    public var description: String { "expected \(expected), found \(found)" }
  }

  /// The label: the mean of the scores.
  public var mean: Double { scores.reduce(0, +) / Double(scores.count) }

  /// Reads `answer` for `items`.
  ///
  /// - Throws: a `Diagnostic` that says what was expected where.
  public init(_ answer: String, items: [String]) throws(Diagnostic) {
    var tolerated: Set<Tolerance> = []
    var reader = AnswerReader(text: AnswerReader.unfenced(answer, &tolerated), items: items)
    var found: [(label: Int?, score: Double)] = []
    while found.count < items.count {
      found.append((label: try reader.label(), score: try reader.score()))
      if found.count < items.count, !reader.separator() {
        throw Diagnostic(
          expected: "\(items.count) scores", found: "\(found.count), then \(reader.excerpt)")
      }
    }
    if try reader.rest(hasLabels: found[0].label != nil) { tolerated.insert(.trailingProse) }
    let labels = found.compactMap(\.label)
    if labels.isEmpty {
      scores = found.map(\.score)
    } else {
      guard labels.count == items.count, Set(labels).count == items.count else {
        throw Diagnostic(expected: "each label once, or no labels", found: "another set of labels")
      }
      tolerated.insert(.labels)
      scores = found.sorted { $0.label ?? 0 < $1.label ?? 0 }.map(\.score)
    }
    self.tolerated = tolerated
  }
}

/// Reads an answer from its start.
private struct AnswerReader {
  let text: [Character]
  let items: [String]
  var position = 0

  init(text: String, items: [String]) {
    self.text = Array(text)
    self.items = items
  }

  /// The text inside a code fence, if it is in one; trimmed.
  static func unfenced(_ text: String, _ tolerated: inout Set<RatingAnswer.Tolerance>) -> String {
    let trimmed = text.trimmed
    guard trimmed.hasPrefix("```") else { return trimmed }
    var lines = trimmed.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    // The opening line may name a language; a fence on one line holds the answer itself.
    if lines.count == 1 {
      let inner = trimmed.drop { $0 == "`" }
      let close = inner.firstIndex(of: "`") ?? inner.endIndex
      tolerated.insert(.codeFence)
      return String(inner[..<close]).trimmed
    }
    lines.removeFirst()
    if let close = lines.firstIndex(where: { String($0).trimmed.hasPrefix("```") }) {
      // Prose after the fence stays behind the scores, where it is looked at.
      lines.remove(at: close)
    }
    tolerated.insert(.codeFence)
    return lines.joined(separator: "\n").trimmed
  }

  var excerpt: String {
    position < text.count ? "\"\(String(text[position...].prefix(30)))\"" : "the end"
  }

  private mutating func skip(_ isSkipped: (Character) -> Bool) {
    while position < text.count, isSkipped(text[position]) { position += 1 }
  }

  /// The item named here, with or without list marks and emphasis, or nil.
  mutating func label() throws(RatingAnswer.Diagnostic) -> Int? {
    let start = position
    skip { $0.isWhitespace || "-*•_\"".contains($0) }
    let bulletStart = position
    skip(\.isASCIIDigit)
    if position > bulletStart, position < text.count, text[position] == "." || text[position] == ")"
    {
      let afterDot = position + 1
      guard afterDot < text.count, text[afterDot].isWhitespace || text[afterDot] == "*" else {
        position = start
        skip(\.isWhitespace)
        return nil
      }
      position = afterDot
      skip { $0.isWhitespace || "*_\"".contains($0) }
    } else {
      position = bulletStart
    }
    let nameStart = position
    skip { $0.isLetter || $0 == "-" }
    guard position > nameStart else {
      position = start
      skip(\.isWhitespace)
      return nil
    }
    let name = String(text[nameStart..<position]).lowercased()
    guard let item = items.firstIndex(where: { $0.lowercased() == name }) else {
      // "5. The writer" may end a list of scores; where one score is asked for, it may also begin a
      // numbered list.
      guard items.count > 1 else {
        throw RatingAnswer.Diagnostic(expected: "a score", found: "\"\(name)\"")
      }
      position = start
      skip(\.isWhitespace)
      return nil
    }
    skip { $0.isWhitespace || "*_\"".contains($0) }
    guard position < text.count, text[position] == ":" || text[position] == "=" else {
      throw RatingAnswer.Diagnostic(expected: "':' after \(name)", found: excerpt)
    }
    position += 1
    skip { $0.isWhitespace || "*_".contains($0) }
    return item
  }

  mutating func score() throws(RatingAnswer.Diagnostic) -> Double {
    let start = position
    skip(\.isASCIIDigit)
    if position > start, position + 1 < text.count, text[position] == ".",
      text[position + 1].isASCIIDigit
    {
      position += 1
      skip(\.isASCIIDigit)
    }
    guard position > start, let value = Double(String(text[start..<position])) else {
      position = start
      throw RatingAnswer.Diagnostic(expected: "a score", found: excerpt)
    }
    // "4/7", "4e1", "4.5.6" and "4-5" are not scores.
    if position < text.count {
      let next = text[position]
      let afterNext = position + 1 < text.count ? text[position + 1] : " "
      if next.isLetter || "/-–%+".contains(next) || next == "." && afterNext.isASCIIDigit {
        position = start
        throw RatingAnswer.Diagnostic(expected: "a score", found: excerpt)
      }
    }
    guard RatingPrompt.scale.contains(value) else {
      throw RatingAnswer.Diagnostic(expected: "a score from 1 to 7", found: "\(value)")
    }
    return value
  }

  /// Skips the separator between two scores: a comma, a semicolon or a line end.
  mutating func separator() -> Bool {
    let start = position
    skip { $0.isWhitespace || ",;*".contains($0) }
    return text[start..<position].contains { $0 == "," || $0 == ";" || $0.isNewline }
  }

  /// Whether prose follows. More scores are a fault, because the answer is not what was asked for.
  mutating func rest(hasLabels: Bool) throws(RatingAnswer.Diagnostic) -> Bool {
    let start = position
    skip { $0.isWhitespace || ",;.*`".contains($0) }
    guard position < text.count else { return false }
    let isSeparated = position > start || "(".contains(text[position])
    if text[position].isASCIIDigit || !isSeparated {
      throw RatingAnswer.Diagnostic(expected: "no more scores", found: excerpt)
    }
    return true
  }
}

extension String {
  fileprivate var trimmed: String {
    let start = firstIndex { !$0.isWhitespace } ?? endIndex
    let end = lastIndex { !$0.isWhitespace }.map(index(after:)) ?? start
    return String(self[start..<end])
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
