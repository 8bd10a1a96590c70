import Basics
import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One file over HTTP: attempts, continuation, redirects.
struct Download: Sendable {
  let file: RemoteFile
  let address: URL
  let partial: PartialFile
  let settings: Downloader.Settings
  let report: @Sendable (Int) -> Void

  /// What one attempt came to, apart from an error that ends the download.
  private enum Outcome {
    case whole
    /// The continuation does not fit: empty the partial file and ask for all of it.
    case startOver
    case failed(reason: String)
  }

  /// A cap on all requests for a file, whatever they brought, redirects not counted.
  private static let mostAttempts = 100

  func run() async throws {
    if partial.count > file.bytes { try partial.restart(validator: nil) }
    var idle = 0
    var resumed = partial.count > 0
    for _ in 0..<Self.mostAttempts {
      let before = partial.count
      let outcome = partial.count == file.bytes && resumed ? .whole : try await attempt()
      switch outcome {
      case .whole:
        if try finish(resumed: resumed) { return }
        // Parts of two versions: once more from the start, without what is there.
        resumed = false
        continue
      case .startOver:
        try partial.restart(validator: nil)
        resumed = false
        idle += 1
        if idle >= settings.attempts { throw givenUp("its ranges do not fit") }
      case .failed(let reason):
        resumed = resumed || partial.count > 0
        idle = partial.count > before ? 0 : idle + 1
        if idle >= settings.attempts { throw givenUp(reason) }
        try await pause(after: idle)
      }
    }
    throw givenUp("cut after \(Self.mostAttempts) attempts")
  }

  private func givenUp(_ reason: String) -> FetchError {
    if partial.count == 0 { partial.discard() }
    return .unavailable(url: address.absoluteString, reason: reason)
  }

  private func pause(after idle: Int) async throws {
    let doublings = Double(1 << min(max(idle - 1, 0), 10))
    try await Task.sleep(for: .seconds(min(settings.firstPauseSeconds * doublings, 30)))
  }

  /// True when the file is in place; false when a continued file has the wrong digest and was
  /// emptied, so that it can be fetched anew.
  private func finish(resumed: Bool) throws -> Bool {
    do {
      try Downloader.check(partial, file)
    } catch let error as FetchError {
      if resumed, case .digestDiffers = error {
        try partial.restart(validator: nil)
        return false
      }
      partial.discard()
      throw error
    }
    try partial.finish()
    return true
  }

  /// One request, and those that its redirects lead to.
  private func attempt() async throws -> Outcome {
    var url = address
    try RedirectRule.check(url, from: nil)
    for _ in 0...settings.redirects {
      let answer: Transfer.End
      do {
        answer = try await Transfer.run(
          request(for: url), stallSeconds: settings.stallSeconds, head: accept, sink: store)
      } catch is StartOver {
        return .startOver
      } catch let ended as Ended {
        answer = .complete(ended.response)
      } catch let error as FetchError {
        // A wrong size is final; what is there belongs to another file.
        if error.exitStatus == .badData { partial.discard() }
        throw error
      }
      switch answer {
      case .stalled:
        return .failed(reason: "no byte for \(settings.stallSeconds) s")
      case .broken(let reason):
        return partial.count == file.bytes ? .whole : .failed(reason: reason)
      case .complete(let response):
        guard (300..<400).contains(response.statusCode) else {
          return try outcome(of: response)
        }
        url = try redirect(from: url, response)
      }
    }
    throw FetchError.redirectRefused(
      from: address.absoluteString, to: url.absoluteString,
      reason: "more than \(settings.redirects) redirects")
  }

  private func request(for url: URL) -> URLRequest {
    var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
    request.setValue("invitro", forHTTPHeaderField: "User-Agent")
    // A compressed answer has other bytes and another length than the pinned ones.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    if partial.count > 0 {
      request.setValue("bytes=\(partial.count)-", forHTTPHeaderField: "Range")
      if let validator = partial.validator {
        request.setValue(validator, forHTTPHeaderField: "If-Range")
      }
    }
    return request
  }

  private struct StartOver: Error {}

  /// An answer whose head says all.
  private struct Ended: Error {
    let response: HTTPURLResponse
  }

  /// Looks at the head of an answer before its body comes.
  @Sendable private func accept(_ response: HTTPURLResponse) throws {
    switch response.statusCode {
    case 200:
      try partial.restart(validator: Self.strongTag(response))
      if let declared = response.value(forHTTPHeaderField: "Content-Length").flatMap({ Int($0) }),
        declared != file.bytes
      {
        throw FetchError.sizeDiffers(path: file.path, expected: file.bytes, found: declared)
      }
    case 206:
      guard let range = ContentRange(response.value(forHTTPHeaderField: "Content-Range")),
        range.first == partial.count
      else { throw StartOver() }
      if let known = partial.validator, let now = Self.strongTag(response), now != known {
        throw StartOver()
      }
      if let total = range.total, total != file.bytes {
        throw FetchError.sizeDiffers(path: file.path, expected: file.bytes, found: total)
      }
    case 416: throw StartOver()
    // Neither an error page nor a redirect's body is read, however long it is.
    default: throw Ended(response: response)
    }
  }

  @Sendable private func store(_ data: Data) throws {
    guard partial.count + data.count <= file.bytes else {
      throw FetchError.sizeDiffers(path: file.path, expected: file.bytes, found: nil)
    }
    try partial.append(data)
    report(partial.count)
  }

  private func outcome(of response: HTTPURLResponse) throws -> Outcome {
    switch response.statusCode {
    case 200, 206:
      return partial.count == file.bytes
        ? .whole : .failed(reason: "cut after \(partial.count) of \(file.bytes) bytes")
    case 408, 425, 429, 500...599:
      return .failed(reason: "the server answers \(response.statusCode)")
    default:
      if partial.count == 0 { partial.discard() }
      throw FetchError.unavailable(
        url: address.absoluteString, reason: "the server answers \(response.statusCode)")
    }
  }

  private func redirect(from url: URL, _ response: HTTPURLResponse) throws -> URL {
    guard let location = response.value(forHTTPHeaderField: "Location"),
      let next = URL(string: location, relativeTo: url)?.absoluteURL
    else {
      throw FetchError.unavailable(
        url: url.absoluteString, reason: "\(response.statusCode) without a valid Location")
    }
    try RedirectRule.check(next, from: url)
    return next
  }

  /// An ETag that stands for the same bytes; a weak one does not, and may not be used in If-Range.
  private static func strongTag(_ response: HTTPURLResponse) -> String? {
    guard let tag = response.value(forHTTPHeaderField: "ETag"), tag.hasPrefix("\"") else {
      return nil
    }
    return tag
  }
}

/// `Content-Range: bytes 100-199/1000`, where the total may be `*`.
struct ContentRange: Equatable {
  let first: Int
  let last: Int
  let total: Int?

  init?(_ header: String?) {
    guard let match = header?.wholeMatch(of: /bytes (\d+)-(\d+)\/(\d+|\*)/),
      let first = Int(match.1), let last = Int(match.2), first <= last
    else { return nil }
    self.first = first
    self.last = last
    total = Int(match.3)
  }
}
