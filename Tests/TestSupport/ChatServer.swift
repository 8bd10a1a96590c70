public import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A chat server on loopback over plain sockets, a thread a connection, that answers as it is told
/// and keeps the order in which it was asked.
public final class ChatServer: Sendable {
  /// What the server does with a request.
  public enum Reply: Sendable {
    /// A chat completion with this text.
    case answer(String)
    /// Any status, header fields and body.
    case raw(status: Int, fields: [String], body: String)
    /// Nothing, until the client leaves or the server ends.
    case hang
    /// The head and half of what it announces, then the connection ends.
    case cut
    /// A body of so many bytes.
    case huge(Int)
  }

  public struct Question: Sendable {
    /// Counts from 0 over all connections.
    public let number: Int
    public let head: String
    public let system: String
    public let user: String
    public let body: Data
  }

  public let port: UInt16
  private let listener: Int32
  private let reply: @Sendable (Question) -> Reply
  private let asked = Mutex<[Question]>([])
  private let isOpen = Mutex(true)

  public var questions: [Question] { asked.withLock { $0 } }

  public init(_ reply: @escaping @Sendable (Question) -> Reply) throws {
    self.reply = reply
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 128) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in accept() }
  }

  /// Ends the listening; the thread that accepts keeps the server alive until then.
  public func close() {
    isOpen.withLock { $0 = false }
    // That wakes the thread which accepts, and it closes the socket: closed here, its number could be
    // another file's by the time that thread looks.
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func accept() {
    defer { Glibc.close(listener) }
    while isOpen.withLock({ $0 }) {
      let connection = Glibc.accept(listener, nil, nil)
      guard connection >= 0 else { continue }
      Thread.detachNewThread { [self] in
        serve(connection)
        Glibc.close(connection)
      }
    }
  }

  private func serve(_ connection: Int32) {
    guard let (head, body) = readRequest(connection) else { return }
    let json = try? JSONSerialization.jsonObject(with: body) as? [String: Any]
    let messages = json?["messages"] as? [[String: String]] ?? []
    let question = asked.withLock { asked in
      let question = Question(
        number: asked.count, head: head,
        system: messages.first { $0["role"] != "user" }?["content"] ?? "",
        user: messages.first { $0["role"] == "user" }?["content"] ?? "", body: body)
      asked.append(question)
      return question
    }
    switch reply(question) {
    case .answer(let text):
      let content = (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) }
      let body = """
        {"choices": [{"message": {"role": "assistant", "content": \(content ?? "null")}}], \
        "usage": {"prompt_tokens": 100, "completion_tokens": 12}}
        """
      send(connection, 200, ["Content-Type: application/json"], body)
    case .raw(let status, let fields, let body): send(connection, status, fields, body)
    case .hang:
      var byte: UInt8 = 0
      _ = recv(connection, &byte, 1, 0)
    case .cut:
      let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
      write(connection, Data((head + #"{"choices": [{"message""#).utf8))
    case .huge(let size):
      write(
        connection,
        Data(
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(size)\r\n\r\n"
            .utf8
        ))
      let block = Data(repeating: UInt8(ascii: " "), count: 1 << 16)
      var left = size
      while left > 0, write(connection, block.prefix(left)) { left -= block.count }
    }
  }

  private func send(_ connection: Int32, _ status: Int, _ fields: [String], _ body: String) {
    let head =
      ["HTTP/1.1 \(status) X"] + fields + [
        "Content-Length: \(body.utf8.count)", "Connection: close", "", "",
      ]
    write(connection, Data((head.joined(separator: "\r\n") + body).utf8))
  }

  @discardableResult
  private func write(_ connection: Int32, _ data: Data) -> Bool {
    var data = data
    while !data.isEmpty {
      let sent = data.withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard sent > 0 else { return false }
      data = Data(data.dropFirst(sent))
    }
    return true
  }

  private func readRequest(_ connection: Int32) -> (head: String, body: Data)? {
    var bytes = Data()
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      if let end = bytes.range(of: Data("\r\n\r\n".utf8)) {
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        let length = head.split(separator: "\r\n").lazy
          .map { $0.lowercased() }.first { $0.hasPrefix("content-length:") }
          .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
        if bytes.count - end.upperBound >= length ?? 0 {
          return (head, Data(bytes[end.upperBound...]))
        }
      }
      let count = recv(connection, &block, block.count, 0)
      guard count > 0 else { return nil }
      bytes.append(contentsOf: block[..<count])
    }
  }
}
