import Basics

/// An essay with its labels by the crowd and by models: the input of curation.
public struct LabelledEssay: Sendable, Equatable {
  /// Unique within its set.
  public let id: String
  public let text: String
  /// The writer, so that a person's essays stay in one fold; nil where unknown.
  public let person: String?
  /// What it is a response to, by the benchmark's second clustering; nil where unknown.
  public let article: String?
  /// The crowd's label in [1, 7], or nil.
  public let crowd: Double?
  /// The source of the crowd's label for the provenance column: `crowd` or `crowd:repaired`.
  public let crowdSource: String
  /// Labels in [1, 7] by the name of the model; a missing label has no entry.
  public private(set) var labels: [String: Double]
  /// Demographic groups of the writer by attribute, such as gender: Female.
  public let groups: [String: String]

  public init(
    id: String, text: String, person: String? = nil, article: String? = nil, crowd: Double?,
    crowdSource: String = Agreement.crowd, labels: [String: Double] = [:],
    groups: [String: String] = [:]
  ) {
    (self.id, self.text, self.person, self.article) = (id, text, person, article)
    (self.crowd, self.crowdSource) = (crowd, crowdSource)
    (self.labels, self.groups) = (labels, groups)
  }

  /// The writer's name, or one of its own where the writer is unknown.
  var writer: String { person ?? "\u{0}\(id)" }

  /// The essay with a label by model `name`: that of `key` in `table`, if there is one.
  public func adding(_ name: String, from table: [String: Double?], key: String) -> Self {
    adding(name, table[key] ?? nil)
  }

  func adding(_ name: String, _ label: Double?) -> Self {
    var essay = self
    essay.labels[name] = label
    return essay
  }

  /// The essays with one more rater, `name`: the label that `rater` gave to the same text in
  /// `others`, of several the first. A text that is not there, or has no label, gets none.
  public static func addingByText(
    _ essays: [LabelledEssay], name: String, from others: [LabelledEssay], rater: String
  ) -> [LabelledEssay] {
    let labels = Dictionary(
      others.compactMap { essay in essay.labels[rater].map { (MatchingText(essay.text), $0) } }
    ) { first, _ in first }
    return essays.map { $0.adding(name, labels[MatchingText($0.text)]) }
  }

  /// A name for the text's own rating beside a model called `llm`.
  public static func textRater(beside llm: String?) -> String {
    llm == "text" ? "text rater" : "text"
  }

  /// The essays as if people had labelled those of `count` persons alone. The persons are drawn with
  /// `seed` from those with a label by people, the first 20 among the first 40. Essays of others have
  /// the label of model `rest`, moved by the difference of the means over the drawn persons' rows that
  /// have both, or are left out where it is nil or they have none.
  public static func keepingCrowd(
    _ essays: [LabelledEssay], persons count: Int, seed: UInt64, rest: String?
  ) -> [LabelledEssay] {
    func name(_ essay: LabelledEssay) -> String { essay.person ?? "\u{0}\(essay.id)" }
    var generator = SplitMix64(seed: seed)
    let all = Set(essays.filter { $0.crowd != nil }.map(name)).sorted()
    let drawn = Set(all.shuffled(using: &generator).prefix(count))
    let kept = essays.filter { drawn.contains(name($0)) }
    var shift = 0.0, both = 0.0
    for essay in kept {
      guard let rest, let crowd = essay.crowd, let label = essay.labels[rest] else { continue }
      shift += crowd - label
      both += 1
    }
    shift /= max(1, both)
    return essays.compactMap { essay in
      if drawn.contains(name(essay)) { return essay }
      guard let rest, let label = essay.labels[rest] else { return nil }
      return LabelledEssay(
        id: essay.id, text: essay.text, person: essay.person, article: essay.article,
        crowd: label + shift, crowdSource: "llm:\(rest):moved", labels: essay.labels,
        groups: essay.groups)
    }
  }

  /// The essays with one more rater, `name`: a ridge regression on `features` (n, D) that learned
  /// the crowd's labels of other persons, so that its errors are independent of the crowd's noise
  /// in the row it rates. Throws `ReferenceError` with fewer persons than folds.
  public static func addingTextRater(
    _ essays: [LabelledEssay], features: [[Double]], name: String = "text", folds: Int = 10,
    seed: UInt64 = 0
  ) throws(ReferenceError) -> [LabelledEssay] {
    let (rows, points) = ofCrowd(essays, features)
    let trial = try CrossValidation(rows, features: points, folds: folds, seed: seed)
    let crowd = rows.compactMap(\.crowd)
    var ratings = trial.predictions([crowd], penalty: trial.bestPenalty(for: crowd))[0][...]
    return essays.map { $0.crowd == nil ? $0 : $0.adding(name, ratings.popFirst()) }
  }

  /// The essays that have a label by the crowd, and their features.
  static func ofCrowd(_ essays: [LabelledEssay], _ features: [[Double]]) -> (
    rows: [LabelledEssay], features: [[Double]]
  ) {
    precondition(essays.count == features.count, "features for each essay")
    let used = essays.indices.filter { essays[$0].crowd != nil }
    return (used.map { essays[$0] }, used.map { features[$0] })
  }
}

/// An essay with the one label to be learned, and the source of that label.
public struct CuratedEssay: Sendable, Equatable {
  public let id, text: String
  public let person: String?
  /// The data set, such as newsemp24.
  public let set: String
  public let label: Double
  /// `crowd`, `crowd:repaired`, or the ``LabelCorrection/name`` of the way that made the label.
  public let provenance: String

  public init(
    id: String, text: String, person: String?, set: String, label: Double, provenance: String
  ) {
    (self.id, self.text, self.person) = (id, text, person)
    (self.set, self.label, self.provenance) = (set, label, provenance)
  }
}
