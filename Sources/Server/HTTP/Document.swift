import Basics
import Foundation
import HTTPTypes
import Harness
import Hummingbird

/// A document that is sent as it is, and not again to those who have it.
struct Document: Sendable {
  private let bytes: ByteBuffer
  private let fields: HTTPFields
  private let etag: String

  init(_ data: Data, type: String, vary: String? = nil) {
    bytes = ByteBuffer(bytes: data)
    etag = "\"\(Digest.sha256(data).prefix(32))\""
    var fields: HTTPFields = [.contentType: type, .cacheControl: "no-cache"]
    fields[.vary] = vary
    self.fields = fields
  }

  func response(to request: Request, _ context: ServerContext) async throws -> Response {
    try await request.ifNoneMatch(headers: [:], eTag: etag, context: context) {
      Response(status: .ok, headers: fields, body: .init(byteBuffer: bytes))
    }
  }
}
