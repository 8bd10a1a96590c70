/// Takes crowd labels from another edition of the same essays.
///
/// NewsEmp24's training labels score one distress item as empathy; the essays that also stand in
/// NewsEmp23 have their proper labels there.
public enum LabelRepair {
  /// What was done, in numbers.
  public struct Summary: Sendable, Equatable {
    public var repaired = 0
    /// Rows whose essay the other edition doesn't have, or has with different labels.
    public var unmatched = 0
  }

  /// `essays` with the crowd's label of the same essay (normalised) in `edition`.
  public static func repair(
    _ essays: [LabelledEssay], from edition: [LabelledEssay]
  ) -> (essays: [LabelledEssay], summary: Summary) {
    var labels: [EssayKey: Set<Double>] = [:]
    for essay in edition {
      if let crowd = essay.crowd { labels[EssayKey(essay.text), default: []].insert(crowd) }
    }
    var summary = Summary()
    let repaired = essays.map { essay in
      guard let found = labels[EssayKey(essay.text)], found.count == 1, let crowd = found.first
      else {
        summary.unmatched += 1
        return essay
      }
      summary.repaired += 1
      return LabelledEssay(
        id: essay.id, text: essay.text, person: essay.person, crowd: crowd, labels: essay.labels,
        groups: essay.groups)
    }
    return (repaired, summary)
  }
}
