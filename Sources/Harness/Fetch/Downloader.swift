import Basics
public import Foundation

/// Fetches the files of a list. A file is in place only when its SHA-256 is as pinned.
///
/// The sets are small (1.4 MB in all), so that a transfer that was cut begins anew; what a run
/// fetched stays, and a later run asks only for what is missing.
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
    public let bytes: Int
    public let total: Int
  }

  /// What a fetch did, as paths below the folder in the list's order.
  public struct Summary: Codable, Equatable, Sendable {
    public let fetched: [String]
    /// Files that were there already.
    public let present: [String]
  }

  public var settings: Settings

  public init(settings: Settings = Settings()) { self.settings = settings }

  /// Brings all files of `list` below `folder`.
  ///
  /// - Parameters:
  ///   - folder: the set's own folder; made if need be.
  ///   - mirror: where to take the files from in place of their addresses.
  ///   - progress: called often, from any thread, one call at a time.
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
    _ address: URL, _ bytes: Int, _ report: @escaping @Sendable (Int) -> Void
  ) async throws -> Data {
    var attempt = 1
    while true {
      do {
        return try await Transfer(limit: bytes, progress: report)
          .run(address, timeoutSeconds: settings.timeoutSeconds)
      } catch let failure as Transfer.Failure {
        guard failure.mayPass, attempt < settings.attempts else {
          throw HarnessError.system(
            path: address.absoluteString,
            reason: "\(failure.reason). Try again later, or take the files from a --mirror.")
        }
        try await Task.sleep(
          for: .seconds(settings.firstPauseSeconds * Double(1 << min(attempt - 1, 10))))
        attempt += 1
      }
    }
  }
}
