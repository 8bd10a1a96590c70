package import Foundation

/// A form as RFC 7578 describes it, read whole.
package enum MultipartForm {
  static let maxParts = 10
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
        name: name, filename: value.parameters["filename"],
        content: Data(bytes[end.upperBound...]))
    }
    throw Problem.badRequest("A part of the form has no name.")
  }
}
