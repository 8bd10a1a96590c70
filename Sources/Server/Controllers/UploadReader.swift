import Basics
package import Foundation
import HTTPTypes
import Harness
import Hummingbird

/// Reads the body of `POST /submissions`.
struct UploadReader: Sendable {
  static let maxMetadataBytes = 64 << 10
  private static let formType = "multipart/form-data"

  /// Types of a raw body; the form itself is told from the content.
  static let rawTypes: Set<String> = [
    "text/tab-separated-values", "text/csv", "text/plain", "application/jsonl",
    "application/x-ndjson", "application/zip", "application/octet-stream",
  ]

  /// Of the query beside a raw body, what belongs to the metadata.
  private static let queryFields: Set<String> = [
    "benchmark", "split", "system", "kind", "description",
  ]

  private let type: MediaTypeName
  /// With a raw body: the metadata, and `file`, the file's name for messages.
  private let query: [String: String]
  /// The client's `Idempotency-Key`.
  private let key: String?
  private let team: Team

  /// What the head of an upload tells, before a byte of its body is taken.
  /// - Parameter team: whose token came; any other in the metadata is replaced.
  /// - Throws: ``Problem``: 400, 415.
  init(_ request: Request, _ context: ServerContext, team: Team) throws {
    self.team = team
    key = request.headers[.idempotencyKey]
    let isPrintable = key?.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ?? true
    guard isPrintable, (1...255).contains(key?.utf8.count ?? 1) else {
      throw Problem.badRequest("Idempotency-Key has 1 to 255 printable characters of ASCII.")
    }
    type = MediaTypeName(request.headers[.contentType] ?? "")
    guard type.name == Self.formType || Self.rawTypes.contains(type.name) else {
      throw Problem(
        .unsupportedMediaType,
        "Send multipart/form-data, or the file itself as one of: "
          + Self.rawTypes.sorted().joined(separator: ", ") + ".")
    }
    query = try request.query(as: [String: String].self, context)
  }

  /// - Throws: ``Problem``, and ``HarnessError/invalid(_:)`` for faulty metadata.
  func read(_ body: Data, today: String) throws -> Upload {
    guard type.name == Self.formType else {
      let fields = query.filter { Self.queryFields.contains($0.key) }
      return try Self.upload(body, name: query["file"], fields, key: key, of: team, today: today)
    }
    let parts = try MultipartForm.parts(of: body, boundary: type.parameters["boundary"])
    func part(_ name: String, _ content: String) throws -> MultipartForm.Part {
      if let part = parts.first(where: { $0.name == name }) { return part }
      throw Problem.badRequest("The form has no part named '\(name)' with \(content).")
    }
    let file = try part("file", "the predictions")
    let fields = try Self.object(part("metadata", "a JSON object").content)
    return try Self.upload(
      file.content, name: file.filename, fields, key: key, of: team, today: today)
  }

  /// - Parameters:
  ///   - name: what the client calls the file.
  ///   - fields: of the metadata.
  /// - Throws: ``HarnessError/invalid(_:)`` for faulty metadata.
  static func upload(
    _ file: Data, name: String?, _ fields: [String: Any], key: String? = nil, of team: Team,
    today: String
  ) throws -> Upload {
    var metadata = try metadata(fields, of: team)
    metadata.submitted = today
    metadata.system = DisplayName.normalised(metadata.system)
    // These are for us to say.
    (metadata.predictionsSHA256, metadata.targets, metadata.history) = (nil, nil, nil)
    var faults = metadata.faults(file: "metadata")
    if metadata.kind == .published {
      let expected = "a system with predictions: fine-tuned, prompted, ensemble or baseline"
      faults.append(
        .init(.metadata, file: "metadata", field: "kind", found: "published", expected: expected))
    }
    if !faults.isEmpty { throw HarnessError.invalid(faults) }
    return Upload(
      file: file, name: fileName(name ?? "upload"), metadata: metadata,
      idempotency: key.map { Idempotency(key: $0, payload: payload(file, metadata)) })
  }

  private static func metadata(
    _ fields: [String: Any], of team: Team
  ) throws -> SubmissionMetadata {
    var fields = fields
    fields["schema"] = fields["schema"] ?? 1
    fields["team"] = team.name
    let kind = team.isOrganiser ? nil : fields["kind"]
    let usual: SubmissionMetadata.Kind = team.isOrganiser ? .baseline : .fineTuned
    fields["kind"] = kind ?? usual.rawValue
    (fields["history"], fields["scored"]) = (nil, nil)
    return try Documents.decode(SubmissionMetadata.self, fields: fields, name: "metadata")
  }

  private static func object(_ data: Data) throws -> [String: Any] {
    guard data.count <= maxMetadataBytes else {
      throw Problem(.contentTooLarge, "The metadata is over \(maxMetadataBytes >> 10) KiB.")
    }
    guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw HarnessError.invalid([
        Diagnostic(.json, file: "metadata", found: "no JSON object", expected: "a JSON object")
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
    let parts = text.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
    name = parts.first?.lowercased() ?? ""
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { continue }
      parameters[pair[0].lowercased()] = pair[1].trimmingCharacters(in: ["\""])
    }
  }
}

/// A form as RFC 7578 describes it, read whole.
package enum MultipartForm {
  /// The page to submit on sends eleven.
  static let maxParts = 20
  static let maxHeadBytes = 4 << 10

  package struct Part: Sendable {
    package var name: String
    package var filename: String?
    package var content: Data
  }

  /// - Throws: ``Problem`` (400) for anything that is not such a form.
  package static func parts(of body: Data, boundary: String?) throws -> [Part] {
    guard let boundary, (1...70).contains(boundary.utf8.count) else {
      throw Problem.badRequest("The Content-Type has no boundary of 1 to 70 characters.")
    }
    let line = Data("--\(boundary)".utf8)
    let next = Data("\r\n--\(boundary)".utf8)
    guard let first = body.range(of: line),
      first.lowerBound == body.startIndex
        || body[..<first.lowerBound].suffix(2) == Data("\r\n".utf8)
    else { throw Problem.badRequest("The form does not begin with its boundary.") }
    var parts: [Part] = []
    var start = first.upperBound
    while true {
      if body[start...].starts(with: Data("--".utf8)) { return parts }
      guard body[start...].starts(with: Data("\r\n".utf8)),
        let end = body.range(of: next, in: (start + 2)..<body.endIndex)
      else { throw Problem.badRequest("The form ends within a part.") }
      guard parts.count < maxParts else {
        throw Problem.badRequest("The form has over \(maxParts) parts.")
      }
      parts.append(try part(body[(start + 2)..<end.lowerBound]))
      start = end.upperBound
    }
  }

  private static func part(_ bytes: Data) throws -> Part {
    let separator = Data("\r\n\r\n".utf8)
    let search = bytes.startIndex..<min(bytes.endIndex, bytes.startIndex + maxHeadBytes)
    guard let end = bytes.range(of: separator, in: search) else {
      throw Problem.badRequest("A part of the form has no head of at most 4 KiB.")
    }
    let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
    for field in head.components(separatedBy: "\r\n") {
      guard let colon = field.firstIndex(of: ":"),
        field[..<colon].lowercased() == "content-disposition"
      else { continue }
      let value = MediaTypeName(String(field[field.index(after: colon)...]))
      guard let name = value.parameters["name"] else { break }
      return Part(
        name: name, filename: value.parameters["filename"], content: Data(bytes[end.upperBound...]))
    }
    throw Problem.badRequest("A part of the form has no name.")
  }
}

extension Request {
  /// - Throws: ``Problem``: 413 over the limit, by the head alone if it says so; 408 if too slow.
  func wholeBody(_ limits: ServerLimits) async throws -> Data {
    let tooLarge = Problem(.contentTooLarge, "A body has at most \(limits.bodyBytes) bytes.")
    if let length = headers[.contentLength].flatMap(Int.init), length > limits.bodyBytes {
      throw tooLarge
    }
    let deadline = ContinuousClock.now + .seconds(limits.bodySeconds)
    var body = Data()
    do {
      for try await buffer in self.body {
        if body.count + buffer.readableBytes > limits.bodyBytes { throw tooLarge }
        body.append(contentsOf: buffer.readableBytesView)
        if ContinuousClock.now > deadline {
          throw Problem(.requestTimeout, "The body took over \(limits.bodySeconds) seconds.")
        }
      }
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.badRequest, "The body ended before its time, or is not well formed.")
    }
    return body
  }
}
