/// What is predicted for a row: a name from the benchmark's definition, with its range.
public struct Target: Codable, Sendable, Equatable {
  /// As columns and JSON keys have it: letters, digits and `_`.
  public var name: String
  /// As a heading has it.
  public var title: String
  /// Inclusive range of the labels.
  public var low: Double
  public var high: Double
  /// Number of questionnaire items that a label is the mean of; nil where it is no such mean.
  public var items: Int?

  /// - Parameter title: the name with a capital where none is given.
  public init(name: String, title: String? = nil, low: Double, high: Double, items: Int? = nil) {
    self.name = name
    self.title = title ?? Self.heading(name)
    (self.low, self.high, self.items) = (low, high, items)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try container.decode(String.self, forKey: .name),
      title: try container.decodeIfPresent(String.self, forKey: .title),
      low: try container.decode(Double.self, forKey: .low),
      high: try container.decode(Double.self, forKey: .high),
      items: try container.decodeIfPresent(Int.self, forKey: .items))
  }

  public var range: ClosedRange<Double> { low...high }

  private static func heading(_ name: String) -> String {
    name.prefix(1).uppercased() + name.dropFirst().replacing("_", with: " ")
  }
}

/// One value a target, by the target's name; a target that was not attempted has none.
public typealias TargetTable<Value> = [String: Value]

extension String {
  /// The plural of an English noun by the usual rules, for nouns that a definition gives.
  package var plural: String {
    let lower = lowercased()
    if ["s", "x", "ch", "sh"].contains(where: lower.hasSuffix) { return self + "es" }
    if lower.hasSuffix("y"), let before = lower.dropLast().last, !"aeiou".contains(before) {
      return dropLast() + "ies"
    }
    return self + "s"
  }

  /// `1 essay`, `2 essays`.
  package func counted(_ count: Int) -> String { "\(count) \(count == 1 ? self : plural)" }
}
