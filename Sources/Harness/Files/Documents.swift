public import Foundation

/// How JSON documents are written: sorted keys, indented, one newline at the end, so that the
/// same value always gives the same bytes.
public enum Documents {
  public static func encode(_ value: some Encodable) throws(HarnessError) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    do {
      return try encoder.encode(value) + Data("\n".utf8)
    } catch {
      throw .system(path: "JSON", reason: "\(error)")
    }
  }

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
