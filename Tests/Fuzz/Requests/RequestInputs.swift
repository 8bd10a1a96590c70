import Basics
import Foundation

/// Requests to the leaderboard's server, changed in head, target and body.
struct RequestInputs {
  let token: String
  let submission: String
  let predictions: [UInt8]

  /// Stands in every request; it may not turn up in the server's log.
  static let mark = "kanarienvogel"

  /// Requests for one connection.
  struct Batch {
    var bytes: [UInt8] = []
    /// The method of each request.
    var methods: [String] = []
    /// Whether every request says rightly how long it is, so that all must be answered.
    var isFramed = true
  }

  func batch(_ random: inout SplitMix64, size: Int) -> Batch {
    var batch = Batch()
    if Int.random(in: 0..<8, using: &random) == 0 {
      let (method, bytes) = request(&random, isLast: true)
      batch = Batch(bytes: bytes, methods: [method], isFramed: false)
      TextMutation.mutate(&batch.bytes, &random)
      return batch
    }
    // Many a refusal ends the connection: only the last request is likely to meet one.
    for place in 1...size {
      let (method, bytes) = request(&random, isLast: place == size)
      batch.methods.append(method)
      batch.bytes += bytes
    }
    return batch
  }

  private func request(
    _ random: inout SplitMix64, isLast: Bool
  ) -> (method: String, bytes: [UInt8]) {
    let isUpload = Int.random(in: 0..<(isLast ? 2 : 20), using: &random) == 0
    let methods =
      ["GET", "GET", "GET", "GET", "HEAD", "DELETE", "OPTIONS"]
      + (isLast ? ["POST", "PUT", "TRACE", "QUERY", "X"] : [])
    let method = isUpload ? "POST" : methods.randomElement(using: &random) ?? "GET"
    var fields = ["Host: 127.0.0.1", "X-Mark: \(Self.mark)"]
    if isUpload || Bool.random(using: &random) { fields.append("Authorization: Bearer \(token)") }
    var (target, body) = (target(&random, isLast: isLast), [UInt8]())
    if isUpload {
      (target, body) = upload(&random, &fields)
    } else if method == "POST" || method == "PUT" {
      body = Array("{\"\(Self.mark)\": 1}".utf8)
      TextMutation.mutate(&body, &random)
    }
    changeFields(&fields, isLast, &random)
    var bytes = Array("\(method) \(target) HTTP/1.1\r\n".utf8)
    if body.count > 0, Int.random(in: 0..<4, using: &random) == 0 {
      fields.append("Transfer-Encoding: chunked")
      body = Array("\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
    } else if method != "GET" && method != "HEAD" || !body.isEmpty {
      fields.append("Content-Length: \(body.count)")
    }
    bytes += Array((fields.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    return (method, bytes + body)
  }

  private static let paths = [
    "/", "/api/v1/healthz", "/api/v1/metrics", "/api/v1/openapi.json", "/api/v1/benchmarks",
    "/api/v1/leaderboard", "/api/v1/submissions", "/api/v1/submissions/", "/index.html",
    "/sample24/test/", "/assets/", "/feed.xml",
  ]
  private static let queries = [
    "", "?team=Team%20A", "?limit=5", "?format=csv", "?format=json&level=0.95",
    "?before=x&limit=200",
    "?benchmark=sample24&split=test",
  ]
  private static let escapes = [
    "%00", "%ff", "%", "%2", "%zz", "..", "%2e%2e", "/", "//", "%2f", "?", "&", "=", "#", "+", ";",
    "é", "*",
    "%0d%0aX:1", "\\", "[", "{}", "'", "\"", "<script>", "%F0%9F%98%80", "limit=1e999", "limit=-1",
    "limit=99999999999999999999", "&team=a&team=b",
  ]

  /// A path and a query without white space and control characters, which would end the target.
  private func target(_ random: inout SplitMix64, isLast: Bool) -> String {
    var path = Self.paths.randomElement(using: &random) ?? "/"
    if path.hasSuffix("submissions"), Bool.random(using: &random) { path += "/\(submission)" }
    var text = Array((path + (Self.queries.randomElement(using: &random) ?? "")).unicodeScalars)
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let place = Int.random(in: 0...text.count, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0 where place < text.count: text.remove(at: place)
      case 1:
        let count = Int.random(in: 0..<20, using: &random) == 0 ? 20_000 : 300
        text.insert(contentsOf: repeatElement("a", count: count), at: place)
      case 2: text.insert(contentsOf: "/\(Self.mark)".unicodeScalars, at: place)
      case 3:
        let number = TextMutation.numbers.randomElement(using: &random) ?? "1"
        text.insert(contentsOf: number.unicodeScalars, at: place)
      default:
        let piece = Self.escapes.randomElement(using: &random) ?? "%"
        text.insert(contentsOf: piece.unicodeScalars, at: place)
      }
    }
    // A target that is not ASCII ends the connection.
    if !isLast { text.removeAll { !$0.isASCII } }
    let target = String(String.UnicodeScalarView(text))
    return target.hasPrefix("/") ? target : "/" + target
  }

  /// A submission as a form or as a plain body, with changes.
  private func upload(_ random: inout SplitMix64, _ fields: inout [String]) -> (String, [UInt8]) {
    var file = predictions
    if Int.random(in: 0..<8, using: &random) > 0 { TextMutation.mutate(&file, &random) }
    if Bool.random(using: &random) {
      fields.append("Idempotency-Key: \(Self.mark)\(random.next() % 50)")
    }
    guard Bool.random(using: &random) else {
      let types = [
        "text/csv", "text/tab-separated-values", "application/zip", "application/jsonl",
        "text/html", "",
      ]
      fields.append("Content-Type: \(types.randomElement(using: &random) ?? "")")
      let system =
        Int.random(in: 0..<4, using: &random) == 0 ? "%ff" : "\(Self.mark)\(random.next() % 9)"
      return ("/api/v1/submissions?benchmark=sample24&split=test&system=\(system)", file)
    }
    var metadata = Array(
      #"{"benchmark":"sample24","split":"test","system":"\#(Self.mark)\#(random.next() % 9)","kind":"fine-tuned","description":"d"}"#
        .utf8)
    if Bool.random(using: &random), var tree = try? JSONTree(metadata) {
      tree.mutate(&random)
      metadata = tree.bytes
    }
    fields.append("Content-Type: multipart/form-data; boundary=line")
    let head = "Content-Disposition: form-data; name="
    var body = Array("--line\r\n\(head)\"metadata\"\r\n\r\n".utf8) + metadata
    body +=
      Array("\r\n--line\r\n\(head)\"file\"; filename=\"\(Self.mark).tsv\"\r\n\r\n".utf8) + file
    body += Array("\r\n--line--\r\n".utf8)
    if Int.random(in: 0..<4, using: &random) == 0 { TextMutation.mutate(&body, &random) }
    return ("/api/v1/submissions", body)
  }

  private static let extra = [
    "Accept: text/csv", "Accept: */*;q=NaN", "Accept-Encoding: gzip, br;q=0", "Range: bytes=0-0",
    "Range: bytes=5-1",
    "Range: bytes=-9999999999999999999", "Range: bytes=0-0,2-3", "If-None-Match: *",
    "If-None-Match: \"x\"",
    "If-Modified-Since: yesterday", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
    "Cookie: a=b",
    "Authorization: Bearer", "Authorization: Basic \u{FF}", "Authorization: Bearer x y",
    "Upgrade: h2c",
    "X-Forwarded-For: 1.2.3.4, ,", "Content-Type: multipart/form-data", "Content-Type: ;;=;",
    "Origin: null",
    "Host: other", "Expect: 100-continue", "X-HTTP-Method-Override: DELETE",
    "Connection: keep-alive",
    "Content-Encoding: gzip", "TE: trailers", "Idempotency-Key:", "Forwarded: for=\"_x\"",
  ]

  private func changeFields(_ fields: inout [String], _ isLast: Bool, _ random: inout SplitMix64) {
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let place = Int.random(in: 0...fields.count, using: &random)
      switch Int.random(in: isLast ? 0..<8 : 3..<8, using: &random) {
      case 0: fields.append(fields.randomElement(using: &random) ?? "")
      case 1:
        let count = [200, 9000, 40_000].randomElement(using: &random) ?? 200
        fields.append("X-Long: " + String(repeating: "y", count: count))
      case 2: fields += (0..<150).map { "X-Many-\($0): 1" }
      case 3 where isLast: fields.append("X-Odd: \u{1}\u{7F}é\t")
      case 4 where place < fields.count: fields.remove(at: place)
      default: fields.insert(Self.extra.randomElement(using: &random) ?? "A: b", at: place)
      }
    }
  }
}
