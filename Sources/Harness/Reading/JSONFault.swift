import Foundation
import Metrics

/// Says in a ``Fault`` what `JSONDecoder` threw.
enum JSONFault {
  static func fault(_ error: any Error, file: String, line: Int? = nil) -> Fault {
    guard let error = error as? DecodingError else {
      return Fault(.json, file: file, line: line, found: "\(error)", expected: "valid JSON")
    }
    switch error {
    case .keyNotFound(let key, let context):
      return Fault(
        .json, file: file, line: line, field: path(context.codingPath + [key]),
        expected: "the key \(key.stringValue)")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return Fault(
        .json, file: file, line: line, field: path(context.codingPath), found: "another type",
        expected: "\(type)")
    case .dataCorrupted(let context):
      if let unknown = context.underlyingError as? UnknownMetric {
        return Fault(
          .json, file: file, line: line, field: path(context.codingPath), found: unknown.name,
          expected: "one of \(Metric.knownNames)")
      }
      let inner = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"] as? String
      return Fault(
        .json, file: file, line: line,
        field: context.codingPath.isEmpty ? nil : path(context.codingPath),
        found: inner ?? context.debugDescription, expected: "valid JSON")
    @unknown default:
      return Fault(.json, file: file, line: line, found: "\(error)", expected: "valid JSON")
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
  }
}
