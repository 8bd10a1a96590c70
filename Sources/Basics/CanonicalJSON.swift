public import Foundation

/// JSON whose bytes depend on the value alone: sorted keys, slashes as they are, dates by ISO 8601.
///
/// A number that is not finite is an error: an undefined figure is absent.
public enum CanonicalJSON {
  /// Indented, with a newline at the end: a document that people may open.
  public static func document(_ value: some Encodable) throws(BasicsError) -> Data {
    try encode(value, [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]) + Data("\n".utf8)
  }

  /// On one line, without a newline: for lines of a journal, answers, databases and digests.
  public static func compact(_ value: some Encodable) throws(BasicsError) -> Data {
    try encode(value, [.sortedKeys, .withoutEscapingSlashes])
  }

  private static func encode(
    _ value: some Encodable, _ form: JSONEncoder.OutputFormatting
  ) throws(BasicsError) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = form
    encoder.dateEncodingStrategy = .iso8601
    do { return try encoder.encode(value) } catch { throw .json(reason: "\(error)") }
  }
}
