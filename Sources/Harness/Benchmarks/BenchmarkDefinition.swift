public import Metrics

/// A benchmark as its JSON definition describes it: where the files are, what their columns mean,
/// how they are split, and what is measured.
public struct BenchmarkDefinition: Codable, Sendable, Equatable {
  public var schema: Int
  /// Short name used on the command line and in paths: lower case letters, digits, `-`.
  public var id: String
  public var title: String
  /// What the data is, for a reader who meets it for the first time.
  public var description: String
  public var licence: String
  /// Where the data can be had.
  public var source: String
  /// Whether the licence lets anybody download it without asking.
  public var open: Bool
  /// What a row is called in texts, as a singular noun: essay, turn, person.
  public var rowNoun: String
  /// What is predicted, in the order that files without a header have.
  public var targets: [Target]
  /// Names of the cluster columns, the main one first and one that crosses it second; none where
  /// rows are independent. Rows of one cluster are resampled together.
  public var clusters: [String]
  /// How the WASSA organisers' script names the track, where it is one of theirs.
  public var track: String?
  public var primary: PrimaryMetric
  public var defaultSplit: String
  public var splits: [SplitSource]
  /// Splits that are made from another one by a stable hash.
  public var derived: DerivedSplits?
  public var columns: ColumnMap
  public var groups: [GroupDefinition]
  /// Cell values that stand for a missing value, beside the empty cell.
  public var missing: [String]
  /// Quirks that a user of the data should know, in words.
  public var quirks: [String]
  /// How the data came about; nil where that is not known.
  public var statement: DataStatement?
  /// What was published of the data, the paper of those who made it first.
  public var papers: [Paper]?

  /// What a board ranks by.
  public struct PrimaryMetric: Codable, Sendable, Equatable {
    /// The target, or what an average is called where there are ``weights``.
    public var target: String
    public var metric: Metric
    /// Targets whose weighted average the figure is, with positive weights; nil for one target's own.
    public var weights: [String: Double]?

    public init(target: String, metric: Metric, weights: [String: Double]? = nil) {
      (self.target, self.metric, self.weights) = (target, metric, weights)
    }

    /// How much `target` weighs in the figure; nil for one that it does not follow from.
    public func weight(of target: String) -> Double? {
      guard let weights else { return target == self.target ? 1 : nil }
      return weights[target]
    }
  }

  /// One split's files as its organisers hand them out.
  public struct SplitSource: Codable, Sendable, Equatable {
    public var name: String
    /// Expected number of rows; nil where a definition of one's own leaves it open.
    public var rows: Int?
    /// How many of the first rows the organisers' script scores, where it is WASSA's: it zips the
    /// gold files of all tracks, so that this is the length of the shortest one.
    public var officialRows: Int?
    public var file: String
    public var format: TableFormat
    /// Columns that differ from the benchmark's.
    public var columns: ColumnMap?
    public var gold: LabelFile?
    public var attributes: AttributeFile?
    /// Items of each target's label where this split's differ from the benchmark's.
    public var items: TargetTable<Int>?
    /// Column to value of the file's rows that make the split; nil for all of them.
    public var only: [String: String]?
    /// Targets and attributes whose columns the file may lack, as one without labels does.
    public var optional: [String]?
  }

  /// Gold labels in a file of their own, joined by row order.
  public struct LabelFile: Codable, Sendable, Equatable {
    public var file: String
    public var format: TableFormat
    /// One-based columns of a file without a header.
    public var positions: TargetTable<Int>
  }

  /// Attributes in a file of their own, joined by the main cluster after removal of repeats.
  public struct AttributeFile: Codable, Sendable, Equatable {
    public var file: String
    public var format: TableFormat
    /// The column that names the main cluster, as a person's id.
    public var key: String
  }

  public struct DerivedSplits: Codable, Sendable, Equatable {
    public var from: String
    /// A cluster's name: all rows of one cluster fall on the same side. nil for the rows' own ids.
    public var by: String?
    public var buckets: Int
    public var splits: [Range]

    /// Buckets `from ..< to` make one split.
    public struct Range: Codable, Sendable, Equatable {
      public var name: String
      public var from, to: Int
      /// Rows this comes to with the whole source split.
      public var rows: Int?
    }
  }

  /// Names of the columns in the organisers' files.
  public struct ColumnMap: Codable, Sendable, Equatable {
    /// Columns whose values, joined by `:`, make a row's id.
    public var id: [String]?
    /// What a person wrote; nil where rows hold no text.
    public var text: String?
    /// A second text of the row, such as the turn that it answers; nil where there is none.
    public var pair: String?
    /// Target to column.
    public var targets: [String: String]?
    /// Cluster to column.
    public var clusters: [String: String]?
    /// Attribute to column.
    public var attributes: [String: String]?
    /// Column, then cell value, to the column that the value refers to: where `speaker` says
    /// `Person 1`, the cluster is what `person_id_1` holds. For cluster columns.
    public var references: [String: [String: String]]?
    /// Whether an id that repeats an earlier row's gets a number behind it (`7#2`), in place of an
    /// error.
    public var numberRepeats: Bool?
  }

  /// How an attribute falls into groups: by code, or by bins.
  public struct GroupDefinition: Codable, Sendable, Equatable {
    public var attribute: String
    /// Code to group name.
    public var codes: [String: String]?
    /// Edges of half-open bins; the last bin is closed.
    public var edges: [Double]?
    /// Name of each bin.
    public var labels: [String]?
  }
}

extension BenchmarkDefinition {
  /// How the data came about, in words, for a description of the benchmark in the terms of Croissant's
  /// vocabulary for responsible AI. What is not known is absent.
  public struct DataStatement: Codable, Sendable, Equatable {
    /// Who wrote the texts, and on which occasion.
    public var collection: String?
    /// Who labelled what, and on which scale.
    public var annotation: String?
    /// How many labels stand behind that of a row.
    public var annotationsPerItem: String?
    /// What the data hold of persons that calls for care, as age or health.
    public var personalInformation: [String]?
  }

  /// A publication.
  public struct Paper: Codable, Sendable, Equatable {
    /// `Family, Given` each, in the paper's order.
    public var authors: [String]
    public var title: String
    public var year: Int
    /// An http or https address, best that of a DOI.
    public var url: String?
  }
}

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
  /// Between which ends the highest PCC lies that any system can reach; nil where nobody has said.
  public var ceiling: Ceiling?

  /// A bracket, since how much noise labels hold follows only from assumptions.
  public struct Ceiling: Codable, Sendable, Equatable {
    /// Of PCC, above 0 and at most 1.
    public var low, high: Double
    /// Where the ends come from, in words.
    public var source: String

    public init(low: Double, high: Double, source: String) {
      (self.low, self.high, self.source) = (low, high, source)
    }
  }

  /// - Parameter title: the name with a capital where none is given.
  public init(
    name: String, title: String? = nil, low: Double, high: Double, items: Int? = nil,
    ceiling: Ceiling? = nil
  ) {
    self.name = name
    self.title = title ?? Self.heading(name)
    (self.low, self.high, self.items, self.ceiling) = (low, high, items, ceiling)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try container.decode(String.self, forKey: .name),
      title: try container.decodeIfPresent(String.self, forKey: .title),
      low: try container.decode(Double.self, forKey: .low),
      high: try container.decode(Double.self, forKey: .high),
      items: try container.decodeIfPresent(Int.self, forKey: .items),
      ceiling: try container.decodeIfPresent(Ceiling.self, forKey: .ceiling))
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
