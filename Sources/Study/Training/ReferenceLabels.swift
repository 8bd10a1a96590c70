import Basics
public import Foundation
public import Harness
public import Reference

/// Labels whose mean and SD the labels of training rows are given.
public enum ReferenceLabels: Sendable, Equatable {
  /// The crowd's for the same rows, as they were imported.
  case crowd
  /// Those of a file of the same kind: a table for a table's rows, else labels with a split's ids.
  case file(URL)

  /// What `--labels-like` names.
  public init(_ name: String) {
    self = name == Agreement.crowd ? .crowd : .file(URL(filePath: name))
  }

  /// The file; nil for the crowd's.
  var file: URL? { if case .file(let file) = self { file } else { nil } }

  /// Those of the rows of a table, (n, K).
  func labels(of table: TableRows, targets: [Target], home: DataHome) throws -> [[Double?]] {
    var known: [[String]: [Double?]] = [:]
    switch self {
    case .file(let file):
      for row in try TableRows(file, targets: targets).rows {
        known[[row.set, row.id]] = row.labels
      }
    case .crowd:
      for set in table.rows.map(\.set).unique {
        let parts = set.split(separator: "/").map(String.init)
        guard parts.count == 2 else {
          throw StudyError.usage(
            "The crowd's labels of a table's rows are looked up by their set, BENCHMARK/SPLIT, and "
              + "'\(set)' is none: give a table with --labels-like.")
        }
        let dataset = try home.load(home.benchmarks.find(parts[0]), split: parts[1])
        for row in dataset.rows { known[[set, row.id]] = targets.map { row.labels[$0.name] } }
      }
    }
    return table.rows.map { known[[$0.set, $0.id]] ?? targets.map { _ in nil } }
  }

  /// The changes, a target each, that make `labels`, (n, K), like `reference`.
  /// - Throws: ``StudyError/tooFew(what:found:needed:)`` where a target's can't be rescaled.
  static func scalings(
    _ labels: [[Double?]], like reference: [[Double?]], targets: [String]
  ) throws -> [LabelScaling] {
    try targets.enumerated().map { place, target in
      let (own, other) = (labels.map { $0[place] }, reference.map { $0[place] })
      if let made = LabelScaling(target: target, own, like: other) { return made }
      let both = own.indices.filter { own[$0] != nil && other[$0] != nil }
      guard both.count > 1 else {
        throw StudyError.tooFew(
          what: "rows with a label of \(target) and one that it is to be like", found: both.count,
          needed: 2)
      }
      throw StudyError.tooFew(
        what: "different labels of \(target), among those that are rescaled and those that they "
          + "are to be like", found: 1, needed: 2)
    }
  }
}

extension [[Double?]] {
  /// The labels of each row, from a list a target.
  var rows: [[Double?]] { (first ?? []).indices.map { row in map { $0[row] } } }
}

extension [LabelScaling] {
  /// The labels of a row, rescaled.
  func apply(_ labels: [Double?]) -> [Double?] {
    isEmpty ? labels : zip(self, labels).map { scaling, label in label.map(scaling.apply) }
  }

  /// The labels of all rows, a list a target, rescaled.
  func apply(columns labels: [[Double?]]) -> [[Double?]] {
    isEmpty ? labels : zip(self, labels).map { scaling, own in own.map { $0.map(scaling.apply) } }
  }

  /// What was done, in words.
  var notes: [String] {
    map { scaling in
      func pair(_ mean: Double, _ sd: Double) -> String {
        "\(Rounding.text(mean, decimals: 3)) (SD \(Rounding.text(sd, decimals: 3)))"
      }
      return "labels of \(scaling.target) rescaled: mean \(pair(scaling.mean, scaling.sd)) → "
        + "\(pair(scaling.newMean, scaling.newSD)), by \(scaling.rows) rows with both labels"
    }
  }
}
