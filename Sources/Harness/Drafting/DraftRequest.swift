import Basics
public import Foundation
import Metrics

/// What somebody says of a benchmark to be; what is empty is guessed from its file.
public struct DraftRequest: Sendable {
  /// The benchmark's id.
  public var name: String
  /// CSV, TSV or JSON lines with one row a row.
  public var file: URL
  /// Columns that make a row's id.
  public var ids: [String] = []
  /// `column`, `name=column`, either with `:low:high` behind it.
  public var targets: [String] = []
  /// `column` or `name=column`, the main one first.
  public var clusters: [String] = []
  /// `column` or `name=column`.
  public var attributes: [String] = []
  public var text: String?
  public var rowNoun: String?
  /// `target`, `metric`, `target:metric`, `average` or `average:metric`.
  public var primary: String?
  public var splitColumn: String?
  /// Shares in percent, such as `80/10/10`.
  public var shares: String?
  /// The cluster that keeps together in the splits of ``shares``.
  public var by: String?
  public var title: String?
  public var licence: String?

  public init(name: String, file: URL) { (self.name, self.file) = (name, file) }

  /// A column and what it is called in the definition.
  struct Named {
    var name, column: String
    var range: ClosedRange<Double>?
  }

  /// Reads `name=column:low:high`.
  static func named(_ text: String, option: String) throws(HarnessError) -> Named {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    var range: ClosedRange<Double>?
    if parts.count == 3, let low = Double(parts[1]), let high = Double(parts[2]), low < high {
      range = low...high
    }
    let halves = parts[0].split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 1 || range != nil && option == "target", let column = halves.last,
      !column.isEmpty
    else {
      throw .usage(
        option == "target"
          ? "--target takes COLUMN, COLUMN:LOW:HIGH or NAME=COLUMN:LOW:HIGH, for example "
            + "valence:0:10; found '\(text)'."
          : "--\(option) takes COLUMN or NAME=COLUMN; found '\(text)'.")
    }
    return Named(
      name: halves.count == 2 ? halves[0] : plainName(column), column: column, range: range)
  }

  /// `column` as a name of letters, digits and `_` that no report has for something else.
  static func plainName(_ column: String) -> String {
    let letters = column.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
    let name = String(letters).split(separator: "_").joined(separator: "_")
    if name.isEmpty { return "column" }
    return ContradictionSearch.reservedNames.contains(name) ? name + "_column" : name
  }

  /// Which metric a board ranks by, of which target; what is not said is PCC and the first target.
  func primary(of targets: [Target]) throws(HarnessError) -> BenchmarkDefinition.PrimaryMetric {
    var parts = (primary ?? targets[0].name).split(separator: ":").map(String.init)
    let names = targets.map(\.name)
    let metrics = Metric.all.map(\.id)
    if parts.count == 1, !(names + ["average"]).contains(parts[0]) { parts.insert(names[0], at: 0) }
    let name = parts.count == 2 ? parts[1] : Metric.pcc.id
    guard let target = parts.first, parts.count <= 2, let metric = Metric(named: name) else {
      let isWord = primary?.contains(":") == false
      throw .usage(
        "--primary takes METRIC, TARGET:METRIC or average:METRIC, with one of \(Metric.knownNames); "
          + "found '\(primary ?? "")'"
          + Spelling.hint(name, among: isWord ? names + metrics : metrics))
    }
    if target == "average", !names.contains(target) {
      let weights = Dictionary(names.map { ($0, 1.0) }) { first, _ in first }
      return BenchmarkDefinition.PrimaryMetric(target: target, metric: metric, weights: weights)
    }
    return BenchmarkDefinition.PrimaryMetric(target: target, metric: metric)
  }

  /// The buckets of 100 that each share gets.
  func derived(by cluster: String?) throws(HarnessError) -> BenchmarkDefinition.DerivedSplits? {
    guard let shares else { return nil }
    let parts = shares.split(separator: "/").map { Int($0) ?? 0 }
    let names = [2: ["train", "test"], 3: ["train", "dev", "test"]][parts.count] ?? []
    guard !names.isEmpty, parts.allSatisfy({ $0 > 0 }), parts.reduce(0, +) == 100 else {
      throw .usage(
        "--split takes percentages of train, dev and test, or of train and test, that make 100, "
          + "for example 80/10/10; found '\(shares)'.")
    }
    var from = 0
    let splits = zip(names, parts).map { name, part in
      defer { from += part }
      return BenchmarkDefinition.DerivedSplits.Range(name: name, from: from, to: from + part)
    }
    return BenchmarkDefinition.DerivedSplits(from: "all", by: cluster, buckets: 100, splits: splits)
  }
}

extension Target {
  /// With the range that was given, or any.
  init(_ named: DraftRequest.Named) {
    let everything = Double.greatestFiniteMagnitude
    self.init(
      name: named.name, low: named.range?.lowerBound ?? -everything,
      high: named.range?.upperBound ?? everything)
  }
}
