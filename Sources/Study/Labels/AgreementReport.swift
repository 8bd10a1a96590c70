import Metrics
import Basics
import Harness
import Reference

/// How far the raters of a split agree: what `invitro agreement` says.
public struct AgreementReport: Encodable, Sendable {
  public var schema = 1
  public let benchmark, split: String
  public let rows: Int
  /// Rows with a label, by rater.
  public let labels: [String: Int]
  public let pairs: [Pair]
  public let groups: [Group]
  public let distributions: [Distribution]
  /// Absent where rows belong to nobody.
  public let structure: LabelStructure?
  public let largest: [Largest]

  /// Agreement of two raters; figures rounded to 4 decimals, an undefined one absent.
  public struct Pair: Encodable, Sendable, Equatable {
    public let first, second: String
    public let n: Int
    public let alpha, mae, sd, pcc, bias: Double?
    /// Why figures are absent.
    public let undefined: [String: String]?

    init(_ agreement: Agreement) {
      (first, second, n) = (agreement.first, agreement.second, agreement.count)
      let figures = agreement.figures
      let values = figures.compactMapValues { Rounding.published($0.value) }
      (alpha, mae, sd) = (values["alpha"], values["mae"], values["sd"])
      (pcc, bias) = (values["pcc"], values["bias"])
      let reasons = figures.compactMapValues { $0.reason?.rawValue }
      undefined = reasons.isEmpty ? nil : reasons
    }
  }

  /// Agreement of two raters within a demographic group; one that is withheld has the reason
  /// in place of the figures.
  public struct Group: Encodable, Sendable, Equatable {
    public let attribute, group, first, second: String
    public let agreement: Pair?
    public let suppressed: String?
  }

  /// Rows by first - second, in bins of half a point; `edges` are their lower ends.
  public struct Distribution: Encodable, Sendable, Equatable {
    public let first, second: String
    public let edges: [Double]
    public let counts: [Int]
  }

  /// The rows on which two raters differ most. They show labels: not for publication.
  public struct Largest: Encodable, Sendable, Equatable {
    public let first, second: String
    public let rows: [Row]

    public struct Row: Encodable, Sendable, Equatable {
      public let id: String
      public let labels: [Double]
      public let difference: Double
      public let essay: String?
    }
  }

  /// - Parameters:
  ///   - count: rows to list where two raters differ most; 0 lists none.
  ///   - showText: whether the list holds essays too.
  ///   - alpha: a label is replaced where it differs by more from a model's.
  ///   - seed: of the random rows that replaced ones are compared with.
  public init(
    _ rated: RatedSplit, largest count: Int, showText: Bool, alpha: Double = 4, seed: UInt64 = 0
  ) {
    let essays = rated.essays
    let all = Agreement.all(essays)
    (benchmark, split, rows) = (rated.definition.id, rated.dataset.split, essays.count)
    var labels = [Agreement.crowd: essays.count { $0.crowd != nil }]
    for name in rated.names { labels[name] = essays.count { $0.labels[name] != nil } }
    self.labels = labels
    pairs = all.map(Pair.init)
    groups = Self.groups(rated, all)
    distributions = all.map { pair in
      let found = Agreement.distribution(essays, pair.first, pair.second)
      return Distribution(
        first: pair.first, second: pair.second, edges: found.edges, counts: found.counts)
    }
    structure = LabelStructure(rated, alpha: alpha, seed: seed)
    let texts = showText ? Dictionary(essays.map { ($0.id, $0.text) }) { first, _ in first } : [:]
    largest = (count == 0 ? [] : all).map { pair in
      Largest(
        first: pair.first, second: pair.second,
        rows: Agreement.largest(essays, pair.first, pair.second, count: count).map {
          Largest.Row(
            id: $0.id, labels: [$0.first, $0.second], difference: $0.first - $0.second,
            essay: texts[$0.id])
        })
    }
  }

  private static func groups(_ rated: RatedSplit, _ pairs: [Agreement]) -> [Group] {
    let known = DemographicGroups.all(of: rated.dataset, definition: rated.definition)
    let reasons = pairs.map { pair in
      let both = rated.essays.indices.filter {
        rated.essays[$0].isRated(by: pair.first, pair.second)
      }
      return DemographicGroups.reasons(toWithhold: known, of: rated.dataset, scored: [both])
    }
    return rated.definition.groups.map(\.attribute).flatMap { attribute in
      zip(pairs, reasons).flatMap { pair, reasons in
        func reason(_ group: String) -> String? {
          zip(known, reasons).first { $0.0.attribute == attribute && $0.0.name == group }?.1
        }
        return Agreement.byGroup(
          rated.essays, attribute: attribute, pair.first, pair.second,
          isWithheld: { reason($0) != nil }
        ).map { name, agreement in
          Group(
            attribute: attribute, group: name, first: pair.first, second: pair.second,
            agreement: agreement.map(Pair.init), suppressed: reason(name))
        }
      }
    }
  }
}

extension Agreement {
  /// Each figure by its name.
  var figures: [String: Figure] {
    ["alpha": alpha, "mae": mae, "sd": deviation, "pcc": pcc, "bias": bias]
  }
}
