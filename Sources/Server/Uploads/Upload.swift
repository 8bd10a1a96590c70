import Foundation
import HTTPTypes
import Harness

/// A prediction file and what comes with it.
struct Upload: Sendable {
  var file: Data
  /// The file as the client names it, for faults.
  var name: String
  var metadata: SubmissionMetadata
  var idempotencyKey: String?
  /// SHA-256 of file and metadata.
  var payload: String
}

/// Reads the body of `POST /submissions`.
enum UploadReader {
  static let maximumMetadataBytes = 64 << 10

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
    _ body: Data, type: String?, query: Query, team: String, key: String?, today: String
  ) throws -> Upload {
    let media = MediaTypeName(type ?? "")
    var fields: [String: Any]
    let file: Data
    var name: String
    if media.name == "multipart/form-data" {
      let parts = try MultipartForm.parts(of: body, boundary: media.parameters["boundary"])
      guard let upload = parts.first(where: { $0.name == "file" }) else {
        throw Problem.badRequest("The form has no part named 'file' with the predictions.")
      }
      guard let described = parts.first(where: { $0.name == "metadata" }) else {
        throw Problem.badRequest("The form has no part named 'metadata' with a JSON object.")
      }
      file = upload.content
      name = upload.filename ?? "upload"
      fields = try object(described.content)
    } else if rawTypes.contains(media.name) {
      file = body
      name = query["file"] ?? "upload"
      fields = [:]
      for field in ["benchmark", "split", "system", "kind", "description"] {
        if let value = query[field] { fields[field] = value }
      }
    } else {
      throw Problem(
        .unsupportedMediaType,
        "Send multipart/form-data, or the file itself as one of: "
          + rawTypes.sorted().joined(separator: ", ") + ".")
    }
    name = fileName(name)
    fields["schema"] = fields["schema"] ?? 1
    fields["team"] = team
    fields["submitted"] = today
    fields["kind"] = fields["kind"] ?? SubmissionMetadata.Kind.fineTuned.rawValue
    fields["predictionsSHA256"] = nil
    fields["targets"] = nil
    let metadata = try Documents.decode(
      SubmissionMetadata.self, fields: fields, name: "metadata")
    try check(metadata)
    return Upload(
      file: file, name: name, metadata: metadata, idempotencyKey: key,
      payload: payload(file, metadata))
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
    let last = name.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
    let plain = last.unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7F }
    let kept = String(String.UnicodeScalarView(plain)).prefix(100)
    return kept.isEmpty ? "upload" : String(kept)
  }

  private static func payload(_ file: Data, _ metadata: SubmissionMetadata) -> String {
    var metadata = metadata
    // The day of a repeated request may differ.
    metadata.submitted = nil
    let described = (try? Documents.encode(metadata)) ?? Data()
    return Digest.sha256(Digest.sha256(file) + Digest.sha256(described))
  }
}

/// A `Content-Type`: name in lower case, parameters.
struct MediaTypeName {
  var name: String
  var parameters: [String: String] = [:]

  init(_ text: String) {
    let parts = text.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
    name = parts.first?.lowercased() ?? ""
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { continue }
      parameters[pair[0].lowercased()] = pair[1].trimmingCharacters(in: ["\""])
    }
  }
}
