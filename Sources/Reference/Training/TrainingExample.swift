public import Metrics

/// A tokenised text and its labels.
public struct TrainingExample: Equatable, Sendable {
  /// Cut to the model's length.
  public var sequence: TokenSequence
  /// One an output; nil where the text has none.
  public var labels: [Float?]
  /// Where the two texts of a pair stand in it; nil where there is one text.
  public var texts: PairedTexts?

  public init(_ sequence: TokenSequence, labels: [Float?], texts: PairedTexts? = nil) {
    (self.sequence, self.labels, self.texts) = (sequence, labels, texts)
  }

  /// Tokenises a text with what it is read with, cut to `maxLength` tokens.
  public init(_ input: TextInput, labels: [Float?], tokenizer: Tokenizer, maxLength: Int) {
    let (encoding, texts) = tokenizer.encodePair(input, maxLength: maxLength)
    self.init(TokenSequence(encoding.ids, types: encoding.typeIDs), labels: labels, texts: texts)
  }
}

/// How predictions agree with labels on a validation set.
public struct ValidationMetrics: Equatable, Sendable, Codable {
  /// Concordance correlation with sample moments (n - 1); nil where it is undefined.
  public var ccc: Double?
  public var pcc, rmse: Double?
  /// True where the predictions have collapsed (`PairedMoments.isCollapsed`), else absent.
  public var collapsed: Bool?
  /// Of a head that predicts variances; absent for another, and for the mean of several targets.
  public var calibration: Calibration?

  init(
    ccc: Double? = nil, pcc: Double? = nil, rmse: Double? = nil, isCollapsed: Bool = false,
    calibration: Calibration? = nil
  ) {
    (self.ccc, self.pcc, self.rmse, self.calibration) = (ccc, pcc, rmse, calibration)
    collapsed = isCollapsed ? true : nil
  }

  /// The mean of each figure over several targets, nil where one of them is; one target's own are
  /// its mean. Collapsed where one of them is.
  init(meanOf targets: [ValidationMetrics]) {
    func mean(_ figure: (ValidationMetrics) -> Double?) -> Double? {
      let values = targets.compactMap(figure)
      guard !targets.isEmpty, values.count == targets.count else { return nil }
      return values.reduce(0, +) / Double(values.count)
    }
    self.init(
      ccc: mean(\.ccc), pcc: mean(\.pcc), rmse: mean(\.rmse),
      isCollapsed: targets.contains { $0.collapsed == true },
      calibration: targets.count == 1 ? targets[0].calibration : nil)
  }
}
