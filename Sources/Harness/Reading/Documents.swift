public import Foundation
import Metrics

/// JSON documents as they are read; how they are written: ``CanonicalJSON``.
public enum Documents {
  public static func decode<Value: Decodable>(
    _ type: Value.Type, from url: URL
  ) throws(HarnessError) -> Value {
    let data = try SourceText.read(url)
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw .invalid([JSONFault.fault(error, file: url.relativePath)])
    }
  }

  /// The JSON object in the file at `url`.
  public static func object(from url: URL) throws(HarnessError) -> [String: Any] {
    let data = try SourceText.read(url)
    do {
      if let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] {
        return object
      }
    } catch {
      let reason = (error as NSError).userInfo["NSDebugDescription"] as? String
      throw .fault(
        .json, file: url.relativePath, found: reason ?? "\(error)", expected: "valid JSON")
    }
    throw .fault(.json, file: url.relativePath, found: "no object", expected: "a JSON object")
  }

  /// A value from the fields of a JSON object that the user knows as `name`.
  public static func decode<Value: Decodable>(
    _ type: Value.Type, fields: [String: Any], name: String
  ) throws(HarnessError) -> Value {
    do {
      let data = try JSONSerialization.data(withJSONObject: fields)
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw .invalid([JSONFault.fault(error, file: name)])
    }
  }
}

/// Says in a ``Diagnostic`` what `JSONDecoder` threw.
enum JSONFault {
  static func fault(_ error: any Error, file: String, line: Int? = nil) -> Diagnostic {
    guard let error = error as? DecodingError else {
      return Diagnostic(.json, file: file, line: line, found: "\(error)", expected: "valid JSON")
    }
    switch error {
    case .keyNotFound(let key, let context):
      return Diagnostic(
        .json, file: file, line: line, field: path(context.codingPath + [key]),
        expected: "the key \(key.stringValue)")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return Diagnostic(
        .json, file: file, line: line, field: path(context.codingPath), found: "another type",
        expected: "\(type)")
    case .dataCorrupted(let context):
      if let unknown = context.underlyingError as? UnknownMetric {
        return Diagnostic(
          .json, file: file, line: line, field: path(context.codingPath), found: unknown.name,
          expected: "one of \(Metric.knownNames)")
      }
      let inner = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"] as? String
      return Diagnostic(
        .json, file: file, line: line,
        field: context.codingPath.isEmpty ? nil : path(context.codingPath),
        found: inner ?? context.debugDescription, expected: "valid JSON")
    @unknown default:
      return Diagnostic(.json, file: file, line: line, found: "\(error)", expected: "valid JSON")
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
  }
}
