import Basics
public import Foundation
import Harness
import Metrics

/// May a model take the place of a rater? What `invitro substitute rater` says: the alternative annotator
/// test (``Metrics/AlternativeAnnotatorTest``).
public struct RaterSubstitution: Encodable, Sendable {
  public var schema = 1
  public let source, model: String
  public let items: Int
  /// Items that two or more people and the model have rated.
  public let compared: Int
  public let annotators: [Annotator]
  /// People with fewer items than the test asks for.
  public let skipped: Int
  /// What an annotator's cost is worth in agreement.
  public let epsilon: Double
  /// The false discovery rate.
  public let rate: Double
  /// Whether items were clustered by the person who wrote them.
  public let isClustered: Bool
  /// The share of people over whom the model wins, and how often it agrees at least as well.
  public let winningRate, advantage: Double?
  public let answer: SubstitutionAnswer

  public struct Annotator: Encodable, Sendable, Equatable {
    public let name: String
    public let items, clusters: Int
    /// How often the model, and how often the annotator, agrees with the others at least as well.
    public let model, human: Double?
    public let p, adjusted: Double?
    public let isWon: Bool
    /// Why there is no p-value.
    public let undefined: String?
  }

  /// - Parameter model: the name of the rater in `table` that is the model.
  /// - Throws: ``StudyError/usage(_:)`` where no rater has that name.
  public init(_ table: RatingTable, model: String, epsilon: Double, rate: Double) throws {
    guard let own = table.raters.firstIndex(of: model) else {
      throw StudyError.usage(
        "\(table.path) has no rater '\(model)'. It has: "
          + table.raters.prefix(20).joined(separator: ", ") + ".")
    }
    var labels = [Double?](repeating: nil, count: table.items)
    var people: [AlternativeAnnotatorTest.Rating] = []
    for rating in table.ratings {
      if rating.annotator == own {
        labels[rating.item] = rating.value
      } else {
        people.append(rating)
      }
    }
    let persons = table.persons ?? labels.indices.map { "\($0)" }
    let test = AlternativeAnnotatorTest(
      people, model: labels, clusters: persons, epsilon: epsilon, level: rate)
    var counts = [Int](repeating: 0, count: table.items)
    for rating in people { counts[rating.item] += 1 }
    (source, self.model, items) = (table.path, model, table.items)
    compared = counts.indices.count { counts[$0] > 1 && labels[$0] != nil }
    annotators = test.comparisons.map { one in
      Annotator(
        name: table.raters[one.annotator], items: one.items, clusters: one.clusters,
        model: Rounding.published(one.model), human: Rounding.published(one.human),
        p: Rounding.p(one.p.value), adjusted: Rounding.p(one.adjusted.value), isWon: one.isWon,
        undefined: one.p.reason?.rawValue)
    }
    (skipped, self.epsilon, self.rate) = (test.skipped, epsilon, rate)
    isClustered = table.persons != nil
    winningRate = Rounding.published(test.winningRate.value)
    advantage = Rounding.published(test.advantage.value)
    answer = Self.answer(test, compared: compared)
  }

  /// What there is to say of a benchmark, whose rows have one label by people each.
  public init(benchmark set: String, model: String, rows: Int, epsilon: Double, rate: Double) {
    (source, self.model, items, compared) = (set, model, rows, 0)
    (annotators, skipped, self.epsilon, self.rate) = ([], 0, epsilon, rate)
    (isClustered, winningRate, advantage) = (false, nil, nil)
    answer = Self.oneLabel
  }

  private static let oneLabel = SubstitutionAnswer.unanswerable(
    "Each row has one label by people, as a self-report is. Whether a model agrees with people as well "
      + "as another person would takes two or more of them on the same rows: have 50 to 100 rows "
      + "rated by at least three people, and give their ratings with --ratings.")

  private static func answer(
    _ test: AlternativeAnnotatorTest, compared: Int
  ) -> SubstitutionAnswer {
    guard compared > 0 else { return oneLabel }
    guard let rate = test.winningRate.value, let advantage = test.advantage.value else {
      return .unanswerable(
        "No rater has \(AlternativeAnnotatorTest.minItems) rows that the model and another person have "
          + "rated too. Have 50 to 100 rows rated by at least three people.")
    }
    let tested = test.comparisons.filter { $0.p.value != nil }
    guard !tested.isEmpty else {
      return .unanswerable("The rows come from too few persons for a test.")
    }
    func text(_ value: Double) -> String { Rounding.text(value, decimals: 2) }
    let won = test.comparisons.count { $0.isWon }
    let count =
      "the model does at least as well as \(won) of \(test.comparisons.count) raters (winning rate "
      + "\(text(rate)), \(rate >= 0.5 ? "at least" : "below") 0.50) at a discount of "
      + "\(text(test.epsilon)) for what a rater costs; it agrees with the others at least as well as "
      + "the rater on \(Rounding.text(100 * advantage, decimals: 0))% of the rows"
    return rate >= 0.5
      ? SubstitutionAnswer(
        .yes,
        "Yes: \(count). It may stand in for one of several raters of rows like these; keep the others "
          + "to notice when that ceases to hold.")
      : SubstitutionAnswer(.no, "No: \(count). Keep people as raters.")
  }
}

/// Ratings of items by people and models in long form: a rating a row.
public struct RatingTable: Sendable {
  let path: String
  let raters: [String]
  /// Number of items.
  let items: Int
  let ratings: [AlternativeAnnotatorTest.Rating]
  /// The person of each item, (items,); nil where the file has no such column.
  let persons: [String]?

  /// Reads a table with the columns item, rater, value and, where items share persons, person: CSV, or
  /// by the file's name TSV or JSON lines. An item without a person is a person of its own.
  /// - Throws: ``HarnessError/invalid(_:)`` with every fault: a value that is no number, a second rating
  ///   of an item by a rater, an item of two persons.
  public init(_ url: URL) throws {
    let formats: [String: TableFormat] = ["tsv": .tsv, "jsonl": .jsonl]
    let table = try DelimitedTable(url, format: formats[url.pathExtension.lowercased()] ?? .csv)
    var faults: [Diagnostic] = []
    let columns = ["item", "rater", "value"].map { table.require($0, faults: &faults) }
    guard let item = columns[0], let rater = columns[1], let value = columns[2] else {
      throw HarnessError.invalid(faults)
    }
    let person = table.index(of: "person")
    var (items, raters) = (Places(), Places())
    var owners: [String] = []
    var seen: Set<[Int]> = []
    var ratings: [AlternativeAnnotatorTest.Rating] = []
    for record in table.records {
      let fields = record.fields
      func fault(_ code: Diagnostic.Code, _ column: Int, _ found: String, _ expected: String) {
        faults.append(
          Diagnostic(
            code, file: table.name, line: record.line, column: table.position(column),
            field: table.header[column], found: found, expected: expected))
      }
      if let empty = [item, rater].first(where: { fields[$0].isEmpty }) {
        fault(.missingValue, empty, "", "a name")
        continue
      }
      let number = Double(fields[value].trimmingCharacters(in: .whitespaces))
      guard let number, number.isFinite else {
        // What stands there may be a misspelt label.
        fault(.number, value, "no number", "a number")
        continue
      }
      let (place, who) = (items.place(of: fields[item]), raters.place(of: fields[rater]))
      let owner = person.map { fields[$0] } ?? ""
      if place == owners.count { owners.append(owner) }
      if let person, owners[place] != owner {
        fault(.duplicate, person, owner, "the person that the item has on its first line")
      }
      if !seen.insert([place, who]).inserted {
        fault(.duplicate, rater, fields[rater], "one rating of an item by a rater")
      }
      ratings.append(.init(item: place, annotator: who, value: number))
    }
    guard faults.isEmpty else { throw HarnessError.invalid(faults) }
    (path, self.raters, self.items) = (table.name, raters.names, items.names.count)
    self.ratings = ratings
    let own = zip(owners, items.names).map { $0.isEmpty ? "\u{0}\($1)" : $0 }
    persons = person == nil ? nil : own
  }

  /// Names in the order in which they first come up.
  private struct Places {
    private(set) var names: [String] = []
    private var places: [String: Int] = [:]

    mutating func place(of name: String) -> Int {
      if let known = places[name] { return known }
      places[name] = names.count
      names.append(name)
      return names.count - 1
    }
  }
}
