import Foundation
import Harness

/// Silhouettes that `invitro embed` measured, by whose labels the bins are of.
public struct EmbeddingResults {
  private var reports: [String: EmbeddingReport] = [:]

  /// - Parameter folders: folders that `invitro embed` wrote.
  public init(_ folders: [String]) throws {
    for folder in folders {
      let file = URL(filePath: folder).appending(path: EmbeddingReport.name)
      guard FileManager.default.fileExists(atPath: file.path) else {
        throw HarnessError.missing(path: file.relativePath, hint: "`invitro embed` makes it.")
      }
      let report = try Documents.decode(EmbeddingReport.self, from: file)
      // The paper's rows are NewsEmp24's, with NewsEmp22's where a model's labels are added.
      guard report.sets.contains("newsemp24/train") else { continue }
      reports[report.labels] = report
    }
  }

  /// - Parameter labels: `crowd`, `llm` or `crowd+llm`.
  public func measurement(_ labels: String) throws -> Replication.Measurement {
    guard let report = reports[labels] else {
      throw ReplicationRun.NotRun(
        why: "no states of NewsEmp24's training rows with labels by \(labels) were given")
    }
    guard let value = report.silhouette else {
      throw ReplicationRun.NotRun(why: "undefined: \(report.undefined ?? "no value")")
    }
    return .init(value, note: "\(report.rows) rows, \(report.model)")
  }
}
