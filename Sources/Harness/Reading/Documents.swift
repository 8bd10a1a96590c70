public import Foundation
import Metrics

/// JSON documents as they are read; how they are written: ``CanonicalJSON``.
public enum Documents {
  public static func decode<Value: Decodable>(
    _ type: Value.Type, from url: URL
  ) throws(HarnessError) -> Value {
    try decode(type, SourceText.read(url), name: url.relativePath)
  }

  /// A value from `data`, which the user knows as `name`.
  static func decode<Value: Decodable>(
    _ type: Value.Type, _ data: Data, name: String
  ) throws(HarnessError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw .invalid([fault(error, file: name)])
    }
  }

  /// A value from the fields of a JSON object that the user knows as `name`.
  public static func decode<Value: Decodable>(
    _ type: Value.Type, fields: [String: Any], name: String
  ) throws(HarnessError) -> Value {
    do {
      return try decode(type, JSONSerialization.data(withJSONObject: fields), name: name)
    } catch {
      throw error as? HarnessError ?? .invalid([fault(error, file: name)])
    }
  }

  /// The JSON object in the file at `url`.
  public static func object(from url: URL) throws(HarnessError) -> [String: Any] {
    try object(SourceText.read(url), name: url.relativePath)
  }

  /// The JSON object that `data` holds, from `line` of the file `name` where it is one of many.
  static func object(
    _ data: Data, name: String, line: Int? = nil
  ) throws(HarnessError) -> [String: Any] {
    do {
      if let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] {
        return object
      }
    } catch {
      let reason = (error as NSError).userInfo["NSDebugDescription"] as? String
      throw .fault(
        .json, file: name, line: line, found: reason ?? "\(error)", expected: "valid JSON")
    }
    throw .fault(.json, file: name, line: line, found: "no object", expected: "a JSON object")
  }

  /// What `JSONDecoder` threw, as a fault of `file`.
  private static func fault(_ error: any Error, file: String) -> Diagnostic {
    func fault(_ keys: [any CodingKey], _ found: String?, _ expected: String) -> Diagnostic {
      let path = keys.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }
      return Diagnostic(
        .json, file: file, field: path.isEmpty ? nil : path.joined(separator: "."), found: found,
        expected: expected)
    }
    switch error as? DecodingError {
    case .keyNotFound(let key, let context):
      return fault(context.codingPath + [key], nil, "the key \(key.stringValue)")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return fault(context.codingPath, "another type", name(of: type))
    case .dataCorrupted(let context):
      if let unknown = context.underlyingError as? UnknownMetric {
        return fault(context.codingPath, unknown.name, "one of \(Metric.knownNames)")
      }
      let inner = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"] as? String
      return fault(context.codingPath, inner ?? context.debugDescription, "valid JSON")
    default: return fault([], "\(error)", "valid JSON")
    }
  }

  /// What JSON calls a value of `type`.
  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "text"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    case is [String: Any].Type: "an object"
    default: "\(type)"
    }
  }
}
