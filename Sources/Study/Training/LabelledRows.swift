import Basics
import Foundation
public import Reference

/// Texts with one label each, and their digest.
public struct LabelledRows: Sendable, Equatable {
  public let texts: [String]
  public let labels: [Double]
  /// SHA-256 over every text (its length before it) and the bits of every label.
  public let digest: String

  public init(_ texts: [String], labels: [Double]) {
    precondition(texts.count == labels.count, "a label for each text")
    self.texts = texts
    self.labels = labels
    var digest = Digest()
    for (text, label) in zip(texts, labels) {
      digest.update(UInt64(text.utf8.count))
      digest.update(label.bitPattern)
      digest.update(text)
    }
    self.digest = digest.hexadecimal
  }

  /// The rows as a run takes them.
  public func examples(_ tokenizer: Tokenizer, maxLength: Int) -> [TrainingExample] {
    zip(texts, labels).map {
      TrainingExample($0, target: Float($1), tokenizer: tokenizer, maxLength: maxLength)
    }
  }
}

extension TrainingTable {
  /// The table's texts with their labels.
  var labelled: LabelledRows { LabelledRows(rows.map(\.text), labels: rows.map(\.label)) }
}
