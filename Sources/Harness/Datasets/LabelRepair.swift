/// Recovers the 6 and 8 item labels of NewsEmp24 train.
///
/// There one distress item was scored as empathy, so that both labels are means of 7 items. For
/// every essay that also stands in NewsEmp23, `7 e24 + 7 d24 = 6 e23 + 8 d23` holds, and the
/// labels of NewsEmp23 are the right ones.
public enum LabelRepair {
  public struct Report: Codable, Sendable, Equatable {
    public var rows: Int
    /// Rows whose essay was found in the earlier set.
    public var matched: Int
    /// Rows that have the earlier set's labels already.
    public var alreadyRight: Int
    /// Rows whose essay was found, but with labels that break the identity; they are left alone.
    public var inconsistent: Int
    /// Rows whose essay stands in the earlier set with several labels that all satisfy the
    /// identity; they are left alone.
    public var ambiguous: Int
    /// Rows whose labels changed.
    public var changed: Int
    public var meanChangeEmpathy: Double
    public var largestChangeEmpathy: Double
    public var meanChangeDistress: Double
    public var largestChangeDistress: Double
  }

  /// Labels are printed with 3 decimals or more: 7·(e+d) may be off by 14·0.0005, and the other
  /// side by as much.
  static let tolerance = 0.015

  /// `train` with the labels of `earlier` wherever the essays match and the identity holds.
  public static func repair(
    _ train: Dataset, from earlier: [Dataset]
  ) -> (dataset: Dataset, report: Report) {
    var labels: [String: [(empathy: Double, distress: Double)]] = [:]
    for row in earlier.flatMap(\.rows) {
      if let empathy = row.empathy, let distress = row.distress {
        labels[row.normalisedEssay, default: []].append((empathy, distress))
      }
    }
    var repaired = train
    var report = Report(
      rows: train.rows.count, matched: 0, alreadyRight: 0, inconsistent: 0, ambiguous: 0,
      changed: 0,
      meanChangeEmpathy: 0, largestChangeEmpathy: 0, meanChangeDistress: 0,
      largestChangeDistress: 0)
    for (index, row) in train.rows.enumerated() {
      guard let empathy = row.empathy, let distress = row.distress,
        let candidates = labels[row.normalisedEssay]
      else { continue }
      report.matched += 1
      let isRight = candidates.contains { candidate in
        (candidate.empathy - empathy).magnitude <= 0.0005
          && (candidate.distress - distress).magnitude <= 0.0005
      }
      if isRight {
        report.alreadyRight += 1
        continue
      }
      let fitting = candidates.filter { candidate in
        let sum = 7 * empathy + 7 * distress
        return (sum - 6 * candidate.empathy - 8 * candidate.distress).magnitude < tolerance
      }
      guard let found = fitting.first else {
        report.inconsistent += 1
        continue
      }
      guard fitting.allSatisfy({ $0 == found }) else {
        report.ambiguous += 1
        continue
      }
      let change = ((found.empathy - empathy).magnitude, (found.distress - distress).magnitude)
      guard max(change.0, change.1) > 0.0005 else { continue }
      repaired.rows[index].empathy = found.empathy
      repaired.rows[index].distress = found.distress
      report.changed += 1
      report.meanChangeEmpathy += change.0
      report.meanChangeDistress += change.1
      report.largestChangeEmpathy = max(report.largestChangeEmpathy, change.0)
      report.largestChangeDistress = max(report.largestChangeDistress, change.1)
    }
    if report.changed > 0 {
      report.meanChangeEmpathy /= Double(report.changed)
      report.meanChangeDistress /= Double(report.changed)
    }
    return (repaired, report)
  }
}
