import Basics
import Foundation
import HTTPTypes
import Harness
import Hummingbird

/// One file with all that its answers need.
struct StaticFile: Sendable {
  private let plain: ByteBuffer
  private let packed: ByteBuffer?
  private let plainFields: HTTPFields
  private let packedFields: HTTPFields
  private let etag: String
  private let packedETag: String

  var size: Int { plain.readableBytes + (packed?.readableBytes ?? 0) }

  /// - Parameters:
  ///   - name: its path in the site, which tells its type and how long it may be kept.
  ///   - varies: header fields of a request that the answer depends on, beside its encoding.
  init(_ data: Data, name: String, varies: String? = nil) {
    plain = ByteBuffer(bytes: data)
    let type = Self.type(name)
    let packed = Self.isText(type) && data.count > 512 ? Gzip.compressed(data) : nil
    let isWorthIt = (packed?.count ?? .max) < data.count * 9 / 10
    self.packed = isWorthIt ? packed.map { ByteBuffer(bytes: $0) } : nil
    let digest = Digest.sha256(data).prefix(32)
    etag = "\"\(digest)\""
    packedETag = "\"\(digest)-gzip\""
    // Pages name their assets with a digest in the query: an asset may be kept, a page is asked
    // for anew each time, which costs a 304.
    let age = name.hasPrefix("assets/") ? 31_536_000 : 0
    var fields = HTTPFields.security
    fields[.contentType] = type
    fields[.eTag] = etag
    fields[.cacheControl] = age > 0 ? "public, max-age=\(age)" : "no-cache"
    fields[.vary] = varies ?? (self.packed != nil ? "Accept-Encoding" : nil)
    plainFields = fields
    fields[.eTag] = packedETag
    fields[.contentEncoding] = "gzip"
    packedFields = fields
  }

  /// The answer to a request with these header fields.
  func response(to fields: HTTPFields) -> Response {
    let packs = packed != nil && Self.accepts(fields[.acceptEncoding])
    var headers = packs ? packedFields : plainFields
    if let known = fields[.ifNoneMatch], matches(known) {
      headers[.contentType] = nil
      headers[.contentEncoding] = nil
      return Response(status: .notModified, headers: headers)
    }
    return Response(
      status: .ok, headers: headers,
      body: .init(byteBuffer: packs ? packed ?? plain : plain))
  }

  private func matches(_ known: String) -> Bool {
    if known == packedETag || known == etag { return true }
    return known.split(separator: ",").contains { tag in
      let tag = tag.trimmingCharacters(in: .whitespaces)
      return tag == "*" || [etag, packedETag, "W/\(etag)", "W/\(packedETag)"].contains(tag)
    }
  }

  private static func accepts(_ encodings: String?) -> Bool {
    guard let encodings else { return false }
    return encodings.split(separator: ",").contains { part in
      let words = part.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
      guard words.first?.lowercased() == "gzip" else { return false }
      return !words.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
    }
  }

  private static func isText(_ type: String) -> Bool {
    ["text/", "application/json", "application/atom", "application/xml", "image/svg"]
      .contains { type.hasPrefix($0) }
  }

  private static func type(_ name: String) -> String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "json": "application/json"
    case "csv": "text/csv; charset=utf-8"
    case "svg": "image/svg+xml"
    case "xml": name.hasSuffix("feed.xml") ? "application/atom+xml" : "application/xml"
    case "txt", "tex", "bib": "text/plain; charset=utf-8"
    case "png": "image/png"
    case "webp": "image/webp"
    case "ico": "image/vnd.microsoft.icon"
    case "woff2": "font/woff2"
    default: "application/octet-stream"
    }
  }
}
