public import Foundation

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
}

extension Documents {
  /// The JSON object in the file at `url`.
  public static func object(from url: URL) throws(HarnessError) -> [String: Any] {
    let data = try SourceText.read(url)
    do {
      if let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] {
        return object
      }
    } catch {
      let reason = (error as NSError).userInfo["NSDebugDescription"] as? String
      throw .invalid([
        Fault(.json, file: url.relativePath, found: reason ?? "\(error)", expected: "valid JSON")
      ])
    }
    throw .invalid([
      Fault(.json, file: url.relativePath, found: "no object", expected: "a JSON object")
    ])
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
