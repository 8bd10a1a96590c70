/// The ways to correct labels, and their controls, by the names that commands and files have for
/// them.
public enum CorrectionWay: String, Sendable, Codable, CaseIterable {
  case threshold, centred, mean, em, blup, soft, replace
  // Controls.
  case random
  case samePersons = "same-persons"
  case flaggedMean = "flagged-mean"
  case flaggedText = "flagged-text"

  /// Whether it is there to be compared with, not to be trained on.
  public var isControl: Bool {
    switch self {
    case .random, .samePersons, .flaggedMean, .flaggedText: true
    case .threshold, .centred, .mean, .em, .blup, .soft, .replace: false
    }
  }

  public var takesAlpha: Bool { self == .threshold || self == .centred || isControl }

  /// Whether it needs a model's labels.
  public var needsModel: Bool { self != .blup }

  /// Whether it needs a rating of the text by other persons' labels.
  public var readsText: Bool { self == .soft || self == .flaggedText }

  /// Whether it draws at random.
  public var isSeeded: Bool { self == .random || self == .samePersons }

  /// The correction by the labels of `llm`.
  /// - Parameters:
  ///   - alpha: of those that take one.
  ///   - text: the third rater of `soft` and of `flagged-text`.
  public func correction(
    llm: String, alpha: Double, seed: UInt64, text: String
  ) -> LabelCorrection {
    switch self {
    case .threshold: .threshold(llm: llm, alpha: alpha)
    case .centred: .centred(llm: llm, alpha: alpha)
    case .mean: .mean(llm: llm)
    case .em: .em(llm: llm)
    case .blup: .blup
    case .soft: .soft(llm: llm, third: text)
    case .replace: .replace(llm: llm)
    case .random: .random(llm: llm, alpha: alpha, seed: seed)
    case .samePersons: .samePersons(llm: llm, alpha: alpha, seed: seed)
    case .flaggedMean: .flaggedMean(llm: llm, alpha: alpha)
    case .flaggedText: .flaggedText(llm: llm, alpha: alpha, text: text)
    }
  }
}
