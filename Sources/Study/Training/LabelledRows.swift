import Basics
public import Foundation
public import Harness
public import Reference

/// Rows as a run takes them, with their labels.
public struct LabelledRows: Sendable, Equatable {
  public let inputs: [TextInput]
  /// A label, or none, a target.
  public let labels: [[Double?]]
  /// SHA-256 over every text (its length before it), what is read with it, and the bits of every
  /// label.
  public let digest: String

  public var count: Int { inputs.count }

  public init(_ inputs: [TextInput], labels: [[Double?]]) {
    precondition(inputs.count == labels.count, "labels for each text")
    (self.inputs, self.labels) = (inputs, labels)
    var digest = Digest()
    for (input, labels) in zip(inputs, labels) {
      digest.update(UInt64(input.text.utf8.count))
      for label in labels { digest.update((label ?? .nan).bitPattern) }
      digest.update(input.text)
      if input.context.isEmpty && input.pair == nil { continue }
      digest.update(UInt64.max - UInt64(input.context.count))
      for text in input.context + (input.pair.map { [$0] } ?? []) {
        digest.update(UInt64(text.utf8.count))
        digest.update(text)
      }
    }
    self.digest = digest.hexadecimal
  }

  /// Texts with one label each.
  public init(_ texts: [String], labels: [Double]) {
    self.init(texts.map { TextInput($0) }, labels: labels.map { [$0] })
  }

  init(_ essays: [CuratedEssay]) { self.init(essays.map(\.text), labels: essays.map(\.label)) }

  /// The rows of a split, as `input` reads them, that have one of `labels` or more, which are a
  /// list a target, in the rows' order.
  init(
    _ dataset: Dataset, _ labels: [[Double?]], _ input: InputSettings = InputSettings()
  ) throws {
    let inputs = try input.inputs(of: dataset)
    let rows = inputs.indices.map { row in labels.map { $0[row] } }
    let kept = inputs.indices.filter { rows[$0].contains { $0 != nil } }
    self.init(kept.map { inputs[$0] }, labels: kept.map { rows[$0] })
  }

  /// Rows without a label of the target at `place`.
  func missing(_ place: Int) -> Int { labels.count { $0[place] == nil } }

  /// What is missing, in words, where these are the labelled ones of `all` rows.
  func gaps(_ targets: [String], of all: Int, noun: String) -> [String] {
    let dropped = all - count
    let verb = dropped == 1 ? "is" : "are"
    return (dropped > 0 ? ["\(noun.counted(dropped)) without a label \(verb) left out"] : [])
      + targets.enumerated().compactMap { place, target in
        let missing = missing(place)
        let verb = missing == 1 ? "has" : "have"
        return missing > 0
          ? "\(missing) of \(noun.counted(count)) \(verb) no label of \(target)" : nil
      }
  }

  /// The rows as a run takes them.
  public func examples(_ tokenizer: Tokenizer, maxLength: Int) -> [TrainingExample] {
    zip(inputs, labels).map {
      TrainingExample(
        $0, labels: $1.map { $0.map(Float.init) }, tokenizer: tokenizer, maxLength: maxLength)
    }
  }
}

/// A model's predictions of a split as a prediction file.
public enum PredictionFormat {
  /// TSV with a header and the ids of the split, one column a target; then, where there are SDs, one
  /// more a target, whose name is that of the spread, with the target's before it where there are
  /// several.
  public static func data(
    _ predictions: ModelPredictions, of dataset: Dataset, targets: [String]
  ) -> Data {
    precondition(predictions.means.count == dataset.rows.count, "predictions for each row")
    let spreads = predictions.spread.map { spread in
      targets.map { targets.count == 1 ? spread.rawValue : "\($0)_\(spread.rawValue)" }
    }
    var text = (["id"] + targets + (spreads ?? [])).joined(separator: "\t") + "\n"
    for (place, row) in dataset.rows.enumerated() {
      let values = predictions.means[place] + (predictions.sds?[place] ?? [])
      text += "\(row.id)\t\(values.map { "\($0)" }.joined(separator: "\t"))\n"
    }
    return Data(text.utf8)
  }

  /// The SDs of the labels that files of one target, as ``data(_:of:targets:)`` writes them, hold
  /// together for the rows of `dataset`; nil where one holds none, or they have not every row.
  public static func sds(in files: [URL], of dataset: Dataset) throws -> [Double]? {
    var known: [String: Double] = [:]
    for file in files {
      let table = try DelimitedTable(tsv: file)
      guard let id = table.index(of: "id"),
        let sd = table.index(of: ModelPredictions.Spread.label.rawValue)
      else { return nil }
      for record in table.records { known[record.fields[id]] = Double(record.fields[sd]) }
    }
    let sds = dataset.rows.compactMap { known[$0.id] }
    return sds.count == dataset.rows.count ? sds : nil
  }

  /// The form of WASSA's shared tasks: no header and no ids, the rows in the split's order, tabs
  /// between the columns of `order` (``wassaOrder(_:of:)``).
  public static func wassa(_ values: [[Float]], order: [Int]) -> Data {
    let lines = values.map { row in order.map { "\(row[$0])" }.joined(separator: "\t") + "\n" }
    return Data(lines.joined().utf8)
  }

  /// The places of the benchmark's targets in `targets`, in the benchmark's order.
  /// - Throws: ``StudyError/usage(_:)`` where one is missing before another: columns have no names.
  public static func wassaOrder(
    _ targets: [String], of definition: BenchmarkDefinition
  ) throws(StudyError) -> [Int] {
    let places = definition.targetNames.map { targets.firstIndex(of: $0) }
    let order = places.prefix { $0 != nil }.compactMap(\.self)
    guard order.count == targets.count else {
      throw .usage(
        "The WASSA form has no header: its columns are \(definition.targetNames.joined(separator: ", "))"
          + ", and the model predicts \(targets.joined(separator: ", ")). Use --format tsv.")
    }
    return order
  }
}
