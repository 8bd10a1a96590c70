import Metrics

/// The rows of a split by demographic group.
public struct DemographicGroups {
  /// Name of the group of rows whose value is missing or outside the code table.
  public static let missing = "(missing)"
  /// What stands in place of the figures of a group below the publishing threshold.
  public static let tooSmall = "too small to publish"
  /// What stands in place of those of a larger group from which, with the other groups and the whole,
  /// figures of such a group could be computed.
  public static let revealing = "withheld to protect a small group"

  public struct Group: Sendable, Equatable {
    public var attribute, name: String
    /// Indices into the split's rows.
    public var rows: [Int]
    /// Main clusters of the rows; the rows themselves where the benchmark has none.
    public var clusters: Int
  }

  /// The non-empty groups of each attribute of `definition` in its order, the missing group last.
  public static func all(of dataset: Dataset, definition: BenchmarkDefinition) -> [Group] {
    var groups: [Group] = []
    let clusters = dataset.mainClusters
    for attribute in definition.groups {
      var rows: [String: [Int]] = [:]
      for (index, row) in dataset.rows.enumerated() {
        let value = row.attributes[attribute.attribute]
        rows[definition.group(attribute, value) ?? missing, default: []].append(index)
      }
      guard rows.keys.contains(where: { $0 != missing }) else { continue }
      for name in names(attribute) + [missing] {
        guard let indices = rows[name] else { continue }
        groups.append(
          Group(
            attribute: attribute.attribute, name: name, rows: indices,
            clusters: Set(indices.map { clusters[$0] }).count))
      }
    }
    return groups
  }

  /// Why each of `groups` is withheld; nil where it is shown.
  ///
  /// What is shown of the split and of any target in it, with or without rows that were dropped, is
  /// decided together, see ``Metrics/Suppression``: two reports give away no more than one.
  /// - Parameters:
  ///   - groups: all that the benchmark has, whichever are asked for.
  ///   - scored: rows of which figures are shown beside the split's and its labelled ones.
  public static func reasons(
    toWithhold groups: [Group], of dataset: Dataset, scored: [[Int]] = []
  ) -> [String?] {
    let labelled = dataset.targets.map { target in
      dataset.rows.indices.filter { dataset.rows[$0].labels[target] != nil }
    }.filter { !$0.isEmpty }
    let names = dataset.mainClusters
    let numbers = Dictionary(zip(names, names.indices)) { first, _ in first }
    return Suppression.verdicts(
      on: groups.map(\.rows), of: [Array(dataset.rows.indices)] + labelled + scored,
      clusters: names.map { numbers[$0] ?? 0 }, threshold: .standard
    ).map { verdict in
      switch verdict {
      case .shown: nil
      case .tooSmall: tooSmall
      case .revealing: revealing
      }
    }
  }

  /// Group names in the order of their codes or bins.
  private static func names(_ attribute: BenchmarkDefinition.GroupDefinition) -> [String] {
    if let labels = attribute.labels { return labels }
    let codes = (attribute.codes ?? [:]).sorted {
      (Int($0.key) ?? .max, $0.key) < (Int($1.key) ?? .max, $1.key)
    }
    return codes.map(\.value)
  }
}
