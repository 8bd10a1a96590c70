import Foundation
import TestSupport
import Testing

/// A request by curl, which is a client that is not ours, and what came back.
struct Curl {
  var status: Int
  /// By name in lower case.
  var headers: [String: String]
  var body: Data

  var text: String { String(decoding: body, as: UTF8.self) }

  /// - Parameter arguments: as curl takes them, the address last.
  init(_ arguments: String...) throws { try self.init(arguments) }

  init(_ arguments: [String]) throws {
    let place = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      [
        "curl", "--silent", "--show-error", "--max-time", "60", "--dump-header",
        place.file("head").path, "--output", place.file("body").path, "--write-out",
        "%{http_code}",
      ] + arguments
    let out = Pipe()
    process.standardOutput = out
    try process.run()
    let code = try out.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    status = Int(String(decoding: code, as: UTF8.self)) ?? 0
    body = (try? Data(contentsOf: place.file("body"))) ?? Data()
    headers = [:]
    // The last block of header fields is that of the answer; earlier ones say "100 Continue".
    let blocks = ((try? String(contentsOf: place.file("head"), encoding: .utf8)) ?? "")
      .components(separatedBy: "\r\n\r\n").filter { !$0.isEmpty }
    for line in (blocks.last ?? "").components(separatedBy: "\r\n").dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] =
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
  }

  /// The statuses of many requests on one connection, in order; curl's own pattern tells which.
  static func statuses(of pattern: String) throws -> [Int] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}\n", pattern,
    ]
    let out = Pipe()
    process.standardOutput = out
    try process.run()
    let text = try out.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
  }

  func object() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any], "\(text)")
  }
}
