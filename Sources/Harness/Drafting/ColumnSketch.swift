import Foundation

/// What the cells of a column have in common: enough to guess what it is for.
struct ColumnSketch {
  let name: String
  let rows, missing: Int
  /// Cells that stand for a missing value and are not empty, such as `NA`, each once.
  let missingCells: Set<String>
  /// How often each value occurs, `1.0` written `1`.
  let counts: [String: Int]
  /// Every value is a number; every number is whole; at least half of the values are numbers.
  let isNumeric, isWhole, isMostlyNumeric: Bool
  /// Least and greatest number, where the values are numbers.
  let range: ClosedRange<Double>?
  let meanLength, maxLength: Int

  private static let missingNames: Set<String> = [
    "na", "n/a", "nan", "null", "<na>", "#n/a", "nat",
  ]

  init(_ name: String, cells: [String]) {
    self.name = name
    rows = cells.count
    var (missing, length, longest) = (0, 0, 0)
    var names: Set<String> = []
    var counts: [String: Int] = [:]
    for cell in cells {
      let value = RowLayout.identifier(cell)
      if value.isEmpty || Self.missingNames.contains(value.lowercased()) {
        missing += 1
        if !value.isEmpty { names.insert(value) }
        continue
      }
      counts[value, default: 0] += 1
      length += value.count
      longest = max(longest, value.count)
    }
    (self.missing, missingCells, self.counts, maxLength) = (missing, names, counts, longest)
    meanLength = length / max(1, cells.count - missing)
    let numbers = counts.keys.map { try? NumberSyntax.parse($0) }
    let known = numbers.compactMap(\.self)
    isMostlyNumeric = !numbers.isEmpty && known.count * 2 >= numbers.count
    isNumeric = !numbers.isEmpty && known.count == numbers.count
    isWhole = isNumeric && known.allSatisfy { $0 == $0.rounded() }
    range = isNumeric ? (known.min() ?? 0)...(known.max() ?? 0) : nil
  }

  var distinct: Int { counts.count }
  var isUnique: Bool { missing == 0 && distinct == rows }
  /// Whether it can name something: short text or whole numbers, and never missing.
  var canName: Bool { missing == 0 && maxLength <= 64 && (!isNumeric || isWhole) && distinct > 1 }

  /// The words of the name in lower case: `personId` and `person_id` are person and id.
  var words: Set<String> {
    var spaced = ""
    for letter in name {
      if letter.isUppercase, spaced.last?.isLowercase == true { spaced.append(" ") }
      spaced.append(letter)
    }
    return Set(
      spaced.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
  }

  /// What is said of the values: counts and ranges, no value.
  var summary: String {
    var parts = ["\(distinct) different \(distinct == 1 ? "value" : "values")"]
    if let range {
      let ends = [range.lowerBound, range.upperBound].map(Self.text)
      parts.append("\(isWhole ? "whole numbers" : "numbers") from \(ends[0]) to \(ends[1])")
    } else if meanLength > 0 {
      parts.append("\(meanLength) characters on average")
    }
    if missing > 0 { parts.append("\(missing) missing") }
    return parts.joined(separator: ", ")
  }

  /// A number without a needless `.0`.
  static func text(_ number: Double) -> String {
    Int(exactly: number).map { "\($0)" } ?? "\(number)"
  }
}

/// What the word of a column's name tells of it.
enum NameHint: CaseIterable {
  case id, index, position, text, person, cluster, attribute, split

  private var words: Set<String> {
    switch self {
    case .id: ["id", "ids", "uid", "uuid", "key"]
    case .index: ["unnamed", "index", "idx", "rownames"]
    case .position:
      [
        "turn", "position", "order", "sequence", "seq", "step", "time", "timestamp", "date", "year",
        "month", "day", "hour", "line", "number", "num", "no", "count", "length", "words", "tokens",
        "characters", "duration",
      ]
    case .text:
      [
        "text", "essay", "utterance", "message", "sentence", "content", "body", "comment", "post",
        "response", "story", "tweet", "words",
      ]
    case .person:
      [
        "person", "speaker", "author", "user", "participant", "subject", "worker", "writer",
        "annotator", "rater", "patient", "student", "respondent", "listener",
      ]
    case .cluster:
      [
        "conversation", "dialog", "dialogue", "talk", "article", "document", "doc", "thread",
        "session", "family", "school", "class", "team", "couple", "pair", "item", "video", "prompt",
      ]
    case .attribute:
      [
        "gender", "sex", "race", "ethnicity", "education", "age", "income", "country", "language",
        "platform", "nationality", "occupation", "religion", "region", "state", "condition",
        "group", "device", "source", "domain", "topic", "genre",
      ]
    case .split: ["split", "set", "partition", "subset", "fold"]
    }
  }

  func fits(_ column: ColumnSketch) -> Bool { !words.isDisjoint(with: column.words) }
}

/// The scale that labels were probably given on.
enum PlausibleScale {
  /// Ends that are in use, the narrower ones first, by what the least label is.
  private static let fromOne = [5.0, 7, 9, 10].map { 1.0...$0 }
  private static let fromZero = [1.0, 2, 3, 4, 5, 6, 7, 8, 10, 100].map { 0.0...$0 }
  private static let aroundZero = [1.0, 2, 3, 4, 5, 10, 50, 100].map { -$0...$0 }

  /// The narrowest scale in use that holds `range`; beyond them all the range, rounded outwards to
  /// its first digit.
  static func around(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
    let (low, high) = (range.lowerBound, range.upperBound)
    let scales =
      low < 0 ? aroundZero : low < 1 ? fromZero : fromOne + [0...100]
    if let scale = scales.first(where: { $0.contains(low) && $0.contains(high) }) { return scale }
    let step = pow(10, (log10(max(high - low, abs(high), 1))).rounded(.down))
    return (low / step).rounded(.down) * step...(high / step).rounded(.up) * step
  }
}
