/// One entry of a leaderboard as the site shows it: what the team says, and what was computed.
public struct LeaderboardEntry: Codable, Sendable, Equatable {
  /// Folder name below `submissions/<benchmark>/`; unique within a benchmark.
  public var slug: String
  public var metadata: SubmissionMetadata
  /// Absent for a `published` entry, and where the gold labels are not on this machine.
  public var report: ScoreReport?
  /// Why there is no report, in words.
  public var unscored: String?

  /// Digest of the predictions, which outlives them where the entry is withdrawn.
  public var predictionsDigest: String? {
    report?.digests.predictions ?? metadata.predictionsSHA256
  }

  public init(
    slug: String, metadata: SubmissionMetadata, report: ScoreReport?, unscored: String? = nil
  ) {
    self.slug = slug
    self.metadata = metadata
    self.report = report
    self.unscored = unscored
  }
}
