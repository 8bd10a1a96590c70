import Basics

/// An essay with its labels by the crowd and by models: the input of curation.
public struct LabelledEssay: Sendable, Equatable {
  /// Unique within its set.
  public let id: String
  public let text: String
  /// The writer, so that a person's essays stay in one fold; nil where unknown.
  public let person: String?
  /// The crowd's label in [1, 7], or nil.
  public let crowd: Double?
  /// The source of the crowd's label for the provenance column: `crowd` or `crowd:repaired`.
  public let crowdSource: String
  /// Labels in [1, 7] by the name of the model; a missing label has no entry.
  public let labels: [String: Double]
  /// Demographic groups of the writer by attribute, such as gender: Female.
  public let groups: [String: String]

  public init(
    id: String, text: String, person: String? = nil, crowd: Double?,
    crowdSource: String = Agreement.crowd, labels: [String: Double] = [:],
    groups: [String: String] = [:]
  ) {
    self.id = id
    self.text = text
    self.person = person
    self.crowd = crowd
    self.crowdSource = crowdSource
    self.labels = labels
    self.groups = groups
  }

  /// The essay with a label by model `name`: that of `key` in `table`, if there is one.
  public func adding(_ name: String, from table: [String: Double?], key: String) -> Self {
    var labels = labels
    labels[name] = table[key] ?? nil
    return Self(
      id: id, text: text, person: person, crowd: crowd, crowdSource: crowdSource, labels: labels,
      groups: groups)
  }
}

/// An essay with the one label to be learned, and the source of that label.
public struct CuratedEssay: Sendable, Equatable {
  public let id: String
  public let text: String
  public let person: String?
  /// The data set, such as newsemp24.
  public let set: String
  public let label: Double
  /// `crowd`, `crowd:repaired`, `llm:llama`, `llm:llama:alpha=4.0`, `llm:llama:soft=0.83`.
  public let provenance: String

  public init(
    id: String, text: String, person: String?, set: String, label: Double, provenance: String
  ) {
    self.id = id
    self.text = text
    self.person = person
    self.set = set
    self.label = label
    self.provenance = provenance
  }
}

extension LabelledEssay {
  /// The essays with one more rater, `name`: the label that `rater` gave to the same text in
  /// `others`, of several the first. A text that is not there, or has no label, gets none.
  public static func addingByText(
    _ essays: [LabelledEssay], name: String, from others: [LabelledEssay], rater: String
  ) -> [LabelledEssay] {
    var labels: [MatchingText: Double] = [:]
    for essay in others {
      guard let label = essay.labels[rater] else { continue }
      let key = MatchingText(essay.text)
      labels[key] = labels[key] ?? label
    }
    return essays.map { essay in
      essay.adding(name, from: [essay.id: labels[MatchingText(essay.text)]], key: essay.id)
    }
  }
}
