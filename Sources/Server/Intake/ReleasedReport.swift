import Basics
import Foundation
package import Harness

/// A report as far as it is released, as JSON: that is how it is kept and how teams get it.
package struct ReleasedReport: Sendable, Equatable {
  package let json: String

  package init(_ report: ScoreReport) throws {
    json =
      try DirectJSON(report)?.json
      ?? String(decoding: CanonicalJSON.compact(report), as: UTF8.self)
  }

  init(stored json: String) { self.json = json }

  /// The report itself.
  package func read() throws -> ScoreReport {
    try JSONDecoder().decode(ScoreReport.self, from: Data(json.utf8))
  }
}
