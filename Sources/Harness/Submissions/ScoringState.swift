import Basics
public import Foundation

/// What figures were computed with. Figures of two states are never ranked beside each other.
public struct ScoringState: Codable, Sendable, Hashable {
  /// Version of the scorer.
  public var scorer: Int
  /// SHA-256 digests of the split's labels, and of its row ids in their order. Where labels are hidden
  /// that of the labels is an HMAC: a plain one would confirm guesses.
  public var gold, order: String

  public init(scorer: Int, gold: String, order: String) {
    (self.scorer, self.gold, self.order) = (scorer, gold, order)
  }

  /// As a board with hidden labels may show it.
  public func keyed(_ key: Data) -> ScoringState {
    ScoringState(scorer: scorer, gold: Digest.hmac(gold, key: key), order: order)
  }

  /// Why what was computed with this is not ranked on a board that has `current`, in words.
  /// - Parameter isGuarded: leaves the digests of the labels out.
  package func superseded(by current: ScoringState, isGuarded: Bool) -> String {
    guard !isGuarded else {
      let labels = gold == current.gold ? "" : " and with other labels"
      return "superseded: scored by scorer \(scorer)\(labels); the board has scorer "
        + "\(current.scorer), and its entries await rescoring"
    }
    return "superseded: scored by \(text); the board has \(current.text)"
  }

  /// `scorer 1 with labels 0123456789ab…`.
  public var text: String { "scorer \(scorer) with labels \(gold.prefix(12))…" }
}

extension SubmissionMetadata {
  /// What the figures of a folder's entry were last computed with, and what they were. It is never
  /// shown: a board computes and shows its own.
  public struct Scored: Codable, Sendable, Equatable {
    public var scorer: Int
    public var gold, order: String
    /// The primary figure; nil where it is undefined.
    public var primary: Double?
    /// Digest of all figures under the default options.
    public var figures: String

    package init(_ state: ScoringState, primary: Double?, figures: String) {
      (scorer, gold, order) = (state.scorer, state.gold, state.order)
      (self.primary, self.figures) = (primary, figures)
    }

    public var state: ScoringState { ScoringState(scorer: scorer, gold: gold, order: order) }
  }
}
