import Basics
public import Foundation
import Synchronization

/// Fetches the files of a list. A file is in place only when its SHA-256 is as pinned; what one run
/// fetched the next keeps, and a transfer that was cut begins anew.
public struct Downloader: Sendable {
  public struct Settings: Equatable, Sendable {
    /// A transfer without a byte for this long counts as cut.
    public var timeoutSeconds: Double = 30
    public var attempts = 4
    /// The pause before the second attempt; it doubles from one to the next.
    public var firstPauseSeconds: Double = 0.5

    public init() {}
  }

  /// Bytes of all files that are there, and the sum to come to.
  public struct Progress: Equatable, Sendable {
    public let path: String
    public let bytes, total: Int
  }

  /// What a fetch did, as paths below the folder in the list's order.
  public struct Summary: Codable, Equatable, Sendable {
    public let fetched: [String]
    /// Files that were there already.
    public let present: [String]
  }

  public var settings: Settings

  public init(settings: Settings = Settings()) { self.settings = settings }

  /// Brings all files of `list` below `folder`, from `mirror` in place of their addresses where
  /// there is one; `progress` is called often, from any thread.
  /// - Throws: `CancellationError`, `HarnessError`. A file that is wrong or missing does not keep
  ///   the others from coming; a server that does not answer ends the fetch.
  @discardableResult public func fetch(
    _ list: FetchList, to folder: URL, mirror: Mirror? = nil,
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) async throws -> Summary {
    try list.check()
    var (fetched, present): ([String], [String]) = ([], [])
    var faults: [Diagnostic] = []
    var missing: [String] = []
    var before = 0
    for file in list.files {
      let (base, target) = (before, folder.appending(path: file.path))
      let report: @Sendable (Int) -> Void = {
        progress(Progress(path: file.path, bytes: base + $0, total: list.bytes))
      }
      do {
        if (try? Digest.sha256(of: target)) == file.sha256 {
          present.append(file.path)
        } else {
          let addresses = mirror.map { [$0.location(of: file.path, in: list.set)] }
          let data = try await content(of: file, at: addresses ?? file.urls, report)
          try AtomicFile.write(data, to: target)
          fetched.append(file.path)
        }
        report(file.bytes)
      } catch HarnessError.invalid(let found) { faults += found } catch HarnessError.missing(
        let path, _)
      { missing.append(path) }
      before += file.bytes
    }
    guard faults.isEmpty else { throw HarnessError.invalid(faults) }
    guard missing.isEmpty else {
      throw HarnessError.missing(
        path: missing.joined(separator: ", "), hint: "A mirror holds the sets as <set>/<path>.")
    }
    return Summary(fetched: fetched, present: present)
  }

  /// The file from the first address that has it; a failure is the first address's.
  private func content(
    of file: RemoteFile, at addresses: [URL], _ report: @escaping @Sendable (Int) -> Void
  ) async throws -> Data {
    var first: HarnessError?
    for address in addresses {
      do {
        return try file.checked(
          address.isFileURL
            ? SourceText.read(address) : try await download(address, file.bytes, report))
      } catch let error as HarnessError { first = first ?? error }
    }
    throw first ?? HarnessError.usage("The list gives no address for \(file.path).")
  }

  private func download(
    _ address: URL, _ bytes: Int, _ report: @escaping @Sendable (Int) -> Void, attempt: Int = 1
  ) async throws -> Data {
    do {
      return try await Transfer(limit: bytes, progress: report)
        .run(address, timeoutSeconds: settings.timeoutSeconds)
    } catch let failure as Transfer.Failure {
      guard failure.mayPass, attempt < settings.attempts else {
        throw HarnessError.system(
          path: address.absoluteString,
          reason: "\(failure.reason). Try again later, or take the files from a --mirror.")
      }
      try await Task.sleep(for: .seconds(settings.firstPauseSeconds * pow(2, Double(attempt - 1))))
      return try await download(address, bytes, report, attempt: attempt + 1)
    }
  }
}

#if canImport(FoundationNetworking)
  package import FoundationNetworking
#endif

/// One request; its answer is taken into memory, up to a limit.
package final class Transfer: NSObject, URLSessionDataDelegate, Sendable {
  struct Failure: Error {
    let reason: String
    /// Whether the same request may succeed later.
    let mayPass: Bool
  }

  private struct State {
    var body = Data()
    var redirects = 0
    var failure: Failure?
    var continuation: CheckedContinuation<Data, any Error>?
  }

  static let maxRedirects = 5

  private let state = Mutex(State())
  private let limit: Int
  private let progress: @Sendable (Int) -> Void

  /// - Parameter progress: gets the number of bytes so far.
  init(limit: Int, progress: @escaping @Sendable (Int) -> Void) {
    (self.limit, self.progress) = (limit, progress)
  }

  /// - Throws: ``Failure`` or `CancellationError`.
  func run(_ url: URL, timeoutSeconds: Double) async throws -> Data {
    if let reason = Self.refusal(of: url, from: nil) {
      throw Failure(reason: reason, mayPass: false)
    }
    let configuration = URLSessionConfiguration.ephemeral
    configuration.urlCache = nil
    configuration.httpShouldSetCookies = false
    configuration.timeoutIntervalForRequest = timeoutSeconds
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    var request = URLRequest(url: url)
    request.setValue("invitro", forHTTPHeaderField: "User-Agent")
    let task = session.dataTask(with: request)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        state.withLock { $0.continuation = continuation }
        task.resume()
        if Task.isCancelled { task.cancel() }
      }
    } onCancel: {
      task.cancel()
    }
  }

  /// Why `url` is not asked, where it is not: http and https alone, never from https back to http.
  package static func refusal(of url: URL, from: URL?) -> String? {
    let scheme = url.scheme?.lowercased()
    guard scheme == "http" || scheme == "https", url.host()?.isEmpty == false else {
      return "\(url.absoluteString) is not an address with http or https"
    }
    let leaves = from?.scheme?.lowercased() == "https" && scheme == "http"
    return leaves ? "it redirects from https to \(url.absoluteString), which is not encrypted" : nil
  }

  package func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    let isRefused = state.withLock { state in
      state.redirects += 1
      // Foundation takes the path of an address like file:///x for one on this server.
      let location = response.value(forHTTPHeaderField: "Location").flatMap { URL(string: $0) }
      let next = location?.scheme == nil ? request.url : location
      var reason = next.flatMap { Self.refusal(of: $0, from: response.url) }
      if state.redirects > Self.maxRedirects { reason = "more than \(Self.maxRedirects) redirects" }
      state.failure = reason.map { Failure(reason: $0, mayPass: false) }
      return reason != nil
    }
    // Without another request the task ends by itself; Foundation traps where it is cancelled here.
    completionHandler(isRefused ? nil : request)
  }

  package func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data
  ) {
    // An error page is not the file.
    guard (dataTask.response as? HTTPURLResponse)?.statusCode == 200 else { return }
    let count = state.withLock { state in
      if state.body.count <= limit { state.body.append(data) }
      if state.body.count > limit {
        let reason = "it sends more than the \(limit) bytes of the file"
        state.failure = Failure(reason: reason, mayPass: false)
      }
      return state.body.count
    }
    if count > limit { dataTask.cancel() } else { progress(count) }
  }

  package func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    let status = (task.response as? HTTPURLResponse)?.statusCode ?? 0
    state.withLock { state in
      if let failure = state.failure {
        state.continuation?.resume(throwing: failure)
      } else if let error {
        let isCancelled = (error as? URLError)?.code == .cancelled
        let failure = Failure(reason: error.localizedDescription, mayPass: true)
        state.continuation?.resume(throwing: isCancelled ? CancellationError() : failure)
      } else if status != 200 {
        let mayPass = [408, 425, 429].contains(status) || status >= 500
        state.continuation?.resume(
          throwing: Failure(reason: "the server answers \(status)", mayPass: mayPass))
      } else if state.body.count < limit {
        state.continuation?.resume(
          throwing: Failure(
            reason: "cut after \(state.body.count) of \(limit) bytes", mayPass: true))
      } else {
        state.continuation?.resume(returning: state.body)
      }
      state.continuation = nil
    }
  }
}
