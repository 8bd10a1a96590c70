import Metrics

/// The rows of a split by demographic group.
public struct DemographicGroups {
  /// Name of the group of rows whose value is missing or outside the code table.
  public static let missing = "(missing)"
  /// What stands in place of the figures of a group below the publishing threshold.
  public static let tooSmall = "too small to publish"

  public struct Group: Sendable, Equatable {
    public var attribute, name: String
    /// Indices into the split's rows.
    public var rows: [Int]
    /// Main clusters of the rows; the rows themselves where the benchmark has none.
    public var clusters: Int

    public var isPublishable: Bool {
      PublishingThreshold.standard.allows(rows: rows.count, clusters: clusters)
    }
  }

  /// The non-empty groups of each attribute of `definition` in its order, the missing group last.
  /// - Parameter attributes: the attributes wanted; nil for all.
  public static func all(
    of dataset: Dataset, definition: BenchmarkDefinition, attributes: [String]? = nil
  ) -> [Group] {
    var groups: [Group] = []
    let clusters = dataset.mainClusters
    for attribute in definition.groups where attributes?.contains(attribute.attribute) ?? true {
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

  /// Attributes of which all groups that are held back are together below the threshold, among the
  /// scored `rows`.
  /// Means and sums of squares (bias, RMSE, label SD) of what is held back are the whole split's
  /// less the others', so they are held back for every group of such an attribute (complementary
  /// suppression; Willenborg and de Waal 2001, Elements of Statistical Disclosure Control).
  static func attributesWithoutSums(
    _ groups: [Group], of dataset: Dataset, among rows: Set<Int>
  ) -> Set<String> {
    let clusters = dataset.mainClusters
    func isSmall(_ rows: [Int]) -> Bool {
      let clusters = Set(rows.map { clusters[$0] }).count
      return !PublishingThreshold.standard.allows(rows: rows.count, clusters: clusters)
    }
    var held: [String: [Int]] = [:]
    for group in groups {
      let scored = group.rows.filter(rows.contains)
      if isSmall(scored) { held[group.attribute, default: []] += scored }
    }
    return Set(held.filter { !$0.value.isEmpty && isSmall($0.value) }.keys)
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
