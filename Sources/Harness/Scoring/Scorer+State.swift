import Basics
import Metrics

extension Scorer {
  /// Names how figures are computed; reports carry it as ``ScoreReport/scorer``. Raise it by one with
  /// each change after which some file of predictions gets another figure, interval, group or
  /// reason than before under the same options: boards then rank no older report beside newer ones
  /// until `submission rescore`. A new release that changes none of these leaves it as it is.
  public static let version = 2

  /// What its reports are computed with.
  public var state: ScoringState { ScoringState(dataset) }
}

extension ScoringState {
  /// What figures on `dataset` are computed with now.
  public init(_ dataset: Dataset) {
    self.init(scorer: Scorer.version, gold: dataset.goldDigest, order: dataset.orderDigest)
  }
}

extension ScoreReport {
  /// What it was computed with. Reports that do not name their scorer are of the first.
  public var state: ScoringState {
    ScoringState(scorer: scorer ?? 1, gold: digests.gold, order: digests.order)
  }

  /// Whether every figure, interval and reason is the same in both, whatever they were computed with.
  public func hasFigures(of other: ScoreReport) -> Bool { bare == other.bare }

  /// Without what says how it was made.
  private var bare: ScoreReport {
    var bare = self
    bare.digests = Digests(gold: "", order: "", predictions: digests.predictions)
    (bare.signature, bare.version, bare.scorer) = ("", "", nil)
    // It follows from predictions and labels; older reports lack it.
    bare.calibration = nil
    return bare
  }

  /// Digest of every figure, interval and reason.
  func figuresDigest() throws(HarnessError) -> String {
    try HarnessError.wrapping { () throws(BasicsError) in
      Digest.sha256(try CanonicalJSON.document(bare))
    }
  }
}
