import Foundation
import Glibc

/// A connection to a server on this machine.
final class Wire {
  private let descriptor: Int32

  enum Received { case bytes([UInt8]), closed, nothing }

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isConnected = withUnsafePointer(to: &address) {
      // sockaddr_in is made to be passed as sockaddr.
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) == 0 }
    }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    guard isConnected, setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size) == 0 else {
      close(descriptor)
      throw FuzzFailure("the server takes no connection: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  /// Sends all of `bytes`, or as many as the server takes.
  func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      // In bounds: the rest of the array.
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// What comes within `milliseconds`.
  func receive(milliseconds: Int32) -> Received {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard Glibc.poll(&poll, 1, milliseconds) > 0 else { return .nothing }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? .bytes(Array(buffer[..<count])) : .closed
  }
}

/// Splits what a server sends into responses.
struct ResponseReader {
  private var bytes: [UInt8] = []
  private var position = 0
  private(set) var isClosing = false

  mutating func append(_ more: [UInt8]) { bytes += more }

  /// The status of the next response, to a request with `method`, if it is there in full.
  mutating func next(to method: String) -> Int? {
    let (start, blank) = (position, Array("\r\n\r\n".utf8))
    guard let end = find(blank, from: start) else { return nil }
    let head = String(decoding: bytes[start..<end], as: UTF8.self).lowercased()
    let lines = head.split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count >= 2, words[0].hasPrefix("http/1."), let status = Int(words[1]) else {
      return 0
    }
    func field(_ name: String) -> String? {
      lines.dropFirst().first { $0.hasPrefix(name + ":") }
        .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }
    var next: Int? = end + 4
    if (100..<200).contains(status) {
      position = end + 4
      return self.next(to: method)
    }
    if method == "HEAD" || status == 204 || status == 304 {
    } else if field("transfer-encoding") == "chunked" {
      next = chunkedEnd(from: end + 4)
    } else {
      next = end + 4 + (field("content-length").flatMap { Int($0) } ?? 0)
    }
    guard let next, next <= bytes.count else { return nil }
    position = next
    isClosing = isClosing || field("connection") == "close"
    return status
  }

  private func find(_ pattern: [UInt8], from start: Int) -> Int? {
    guard bytes.count - start >= pattern.count else { return nil }
    return (start...(bytes.count - pattern.count)).first { place in
      bytes[place] == pattern[0] && bytes[place..<place + pattern.count].elementsEqual(pattern)
    }
  }

  private func chunkedEnd(from start: Int) -> Int? {
    var place = start
    while let end = find([13, 10], from: place) {
      guard let size = Int(String(decoding: bytes[place..<end], as: UTF8.self), radix: 16) else {
        return nil
      }
      place = end + 2 + size + 2
      if size == 0 { return place }
    }
    return nil
  }
}
