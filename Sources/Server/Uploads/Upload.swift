import Basics
import Foundation
import HTTPTypes
import Harness

/// A prediction file and what comes with it.
struct Upload: Sendable {
  var file: Data
  /// The file as the client names it, for faults.
  var name: String
  var metadata: SubmissionMetadata
  var idempotency: Idempotency?
}

/// Reads the body of `POST /submissions`.
enum UploadReader {
  static let maximumMetadataBytes = 64 << 10
  private static let formType = "multipart/form-data"

  /// Types of a raw body; the form itself is told from the content.
  static let rawTypes: Set<String> = [
    "text/tab-separated-values", "text/csv", "text/plain", "application/jsonl",
    "application/x-ndjson", "application/zip", "application/octet-stream",
  ]

  /// - Parameters:
  ///   - query: with a raw body, the metadata: benchmark, split, system, kind, description.
  ///   - team: the name of the team whose token came; any other name in the metadata is replaced.
  /// - Throws: ``Problem``, and ``HarnessError/invalid(_:)`` for faulty metadata.
  static func read(
    _ body: Data, type: MediaTypeName, query: Query, team: String, key: String?, today: String
  ) throws -> Upload {
    let file: Data
    let name: String
    var metadata: SubmissionMetadata
    if type.name == formType {
      let parts = try MultipartForm.parts(of: body, boundary: type.parameters["boundary"])
      guard let upload = parts.first(where: { $0.name == "file" }) else {
        throw Problem.badRequest("The form has no part named 'file' with the predictions.")
      }
      guard let described = parts.first(where: { $0.name == "metadata" }) else {
        throw Problem.badRequest("The form has no part named 'metadata' with a JSON object.")
      }
      file = upload.content
      name = upload.filename ?? "upload"
      metadata = try Self.metadata(object(described.content), team: team)
    } else {
      file = body
      name = query["file"] ?? "upload"
      metadata = try Self.metadata(query, team: team)
    }
    metadata.submitted = today
    // These are for us to say.
    metadata.predictionsSHA256 = nil
    metadata.targets = nil
    metadata.history = nil
    try check(metadata)
    return Upload(
      file: file, name: fileName(name), metadata: metadata,
      idempotency: key.map { Idempotency(key: $0, payload: payload(file, metadata)) })
  }

  /// Whether a body of this type can be read.
  ///
  /// - Throws: ``Problem`` (415).
  static func check(_ type: MediaTypeName) throws {
    if type.name == formType || rawTypes.contains(type.name) { return }
    throw Problem(
      .unsupportedMediaType,
      "Send multipart/form-data, or the file itself as one of: "
        + rawTypes.sorted().joined(separator: ", ") + ".")
  }

  private static func metadata(_ query: Query, team: String) throws -> SubmissionMetadata {
    let kind = SubmissionMetadata.Kind(
      rawValue: query["kind"] ?? SubmissionMetadata.Kind.fineTuned.rawValue)
    guard let benchmark = query["benchmark"], let split = query["split"],
      let system = query["system"], let kind
    else {
      // Reading it as JSON says what is wrong.
      var fields: [String: Any] = [:]
      for field in ["benchmark", "split", "system", "kind"] { fields[field] = query[field] }
      return try metadata(fields, team: team)
    }
    var metadata = SubmissionMetadata(
      benchmark: benchmark, split: split, team: team, system: system, kind: kind)
    metadata.description = query["description"]
    return metadata
  }

  private static func metadata(
    _ fields: [String: Any], team: String
  ) throws -> SubmissionMetadata {
    var fields = fields
    fields["schema"] = fields["schema"] ?? 1
    fields["team"] = team
    fields["kind"] = fields["kind"] ?? SubmissionMetadata.Kind.fineTuned.rawValue
    fields["history"] = nil
    return try Documents.decode(SubmissionMetadata.self, fields: fields, name: "metadata")
  }

  private static func check(_ metadata: SubmissionMetadata) throws {
    var faults = metadata.faults(file: "metadata")
    if metadata.kind == .published {
      faults.append(
        Fault(
          .metadata, file: "metadata", field: "kind", found: "published",
          expected: "a system with predictions: fine-tuned, prompted, ensemble or baseline"))
    }
    if !faults.isEmpty { throw HarnessError.invalid(faults) }
  }

  private static func object(_ data: Data) throws -> [String: Any] {
    guard data.count <= maximumMetadataBytes else {
      throw Problem(.contentTooLarge, "The metadata is over \(maximumMetadataBytes >> 10) KiB.")
    }
    guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw HarnessError.invalid([
        Fault(.json, file: "metadata", found: "no JSON object", expected: "a JSON object")
      ])
    }
    return object
  }

  /// The last component of what a client calls its file, at most 100 characters.
  private static func fileName(_ name: String) -> String {
    let last = name.utf8.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }.last
    let plain = last?.filter { $0 >= 0x20 && $0 < 0x7F }.prefix(100) ?? []
    return plain.isEmpty ? "upload" : String(decoding: plain, as: UTF8.self)
  }

  private static func payload(_ file: Data, _ metadata: SubmissionMetadata) -> String {
    var metadata = metadata
    // The day of a repeated request may differ.
    metadata.submitted = nil
    let described = (try? CanonicalJSON.document(metadata)) ?? Data()
    return Digest.sha256(Digest.sha256(file) + Digest.sha256(described))
  }
}

/// A `Content-Type`: name in lower case, parameters.
struct MediaTypeName {
  var name: String
  var parameters: [String: String] = [:]

  init(_ text: String) {
    guard text.utf8.contains(UInt8(ascii: ";")) else {
      name = text.lowercased()
      return
    }
    let parts = text.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
    name = parts.first?.lowercased() ?? ""
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { continue }
      parameters[pair[0].lowercased()] = pair[1].trimmingCharacters(in: ["\""])
    }
  }
}
