import Basics
public import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Fetches the files of a list: checked by size and SHA-256, resumed after a cut, in place only
/// when whole.
///
/// A file comes into `name.part`, continued with `Range` (and `If-Range` where the server gave a
/// strong ETag) after a cut, also by a later run. It is renamed to `name` once its digest is right.
/// A file that is there with the right digest costs no request.
public struct Downloader: Sendable {
  public struct Settings: Equatable, Sendable {
    /// A transfer without a byte for this long counts as cut.
    public var stallSeconds: Double = 30
    /// Requests in a row that bring nothing before a file is given up.
    public var attempts = 5
    /// The pause before the second attempt; it doubles from one to the next, up to 30 s.
    public var firstPauseSeconds: Double = 0.5
    public var redirects = 5

    public init() {}
  }

  /// How far a fetch is.
  public struct Progress: Equatable, Sendable {
    /// The file that moves.
    public let path: String
    /// Bytes of all files that are there, and the sum to come to.
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
  /// - Throws: `FetchError`, `CancellationError`. A file that is wrong does not keep the others
  ///   from coming; a server that does not answer ends the fetch.
  @discardableResult
  public func fetch(
    _ list: FetchList, to folder: URL, mirror: Mirror? = nil,
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) async throws -> Summary {
    try list.check()
    var fetched: [String] = []
    var present: [String] = []
    var faults: [FetchError] = []
    var before = 0
    for file in list.files {
      let base = before
      let report: @Sendable (Int) -> Void = {
        progress(Progress(path: file.path, bytes: base + $0, total: list.bytes))
      }
      do {
        if try await fetch(file, of: list, to: folder, mirror: mirror, report: report) {
          fetched.append(file.path)
        } else {
          present.append(file.path)
        }
        report(file.bytes)
      } catch let error as FetchError {
        faults.append(error)
        if error.exitStatus == .unavailable { break }
      }
      before += file.bytes
    }
    if let fault = faults.first { throw faults.count == 1 ? fault : .several(faults) }
    return Summary(fetched: fetched, present: present)
  }

  /// False where the file was there already.
  private func fetch(
    _ file: RemoteFile, of list: FetchList, to folder: URL, mirror: Mirror?,
    report: @escaping @Sendable (Int) -> Void
  ) async throws -> Bool {
    try Task.checkCancellation()
    let target = folder.appending(path: file.path)
    if let found = try? Digest.sha256(of: target), found == file.sha256 { return false }
    switch mirror {
    case .folder:
      let source = mirror?.location(of: file.path, in: list.set) ?? target
      try copy(file, from: source, to: target, report: report)
    case .address:
      let address = mirror?.location(of: file.path, in: list.set) ?? file.url
      try await download(file, from: address, to: target, report: report)
    case nil:
      try await downloadFromAny(file, to: target, report: report)
    }
    return true
  }

  /// The file's addresses in turn, until one has it; a failure is the first address's.
  private func downloadFromAny(
    _ file: RemoteFile, to target: URL, report: @escaping @Sendable (Int) -> Void
  ) async throws {
    var first: FetchError?
    for address in [file.url] + (file.otherURLs ?? []) {
      do {
        return try await download(file, from: address, to: target, report: report)
      } catch let error as FetchError {
        guard error.isOfOneAddress else { throw error }
        first = first ?? error
      }
    }
    if let first { throw first }
  }

  private func download(
    _ file: RemoteFile, from address: URL, to target: URL,
    report: @escaping @Sendable (Int) -> Void
  ) async throws {
    let partial = try PartialFile(of: target)
    defer { partial.release() }
    let download = Download(
      file: file, address: address, partial: partial, settings: settings, report: report)
    try await download.run()
  }

  /// A mirror's folder goes through the same checks as the network.
  private func copy(
    _ file: RemoteFile, from source: URL, to target: URL, report: (Int) -> Void
  ) throws {
    guard let handle = try? FileHandle(forReadingFrom: source) else {
      throw FetchError.missingMirror(path: source.path)
    }
    defer { try? handle.close() }
    let partial = try PartialFile(of: target)
    defer { partial.release() }
    try partial.restart(validator: nil)
    do {
      while true {
        guard let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty else {
          break
        }
        guard partial.count + piece.count <= file.bytes else {
          let found = try handle.seekToEnd()
          throw FetchError.sizeDiffers(
            path: file.path, expected: file.bytes, found: Int(found))
        }
        try partial.append(piece)
        report(partial.count)
      }
      try Self.check(partial, file)
      try partial.finish()
    } catch let error as FetchError {
      partial.discard()
      throw error
    } catch {
      partial.discard()
      throw FetchError.missingMirror(path: source.path)
    }
  }

  static func check(_ partial: PartialFile, _ file: RemoteFile) throws {
    guard partial.count == file.bytes else {
      throw FetchError.sizeDiffers(path: file.path, expected: file.bytes, found: partial.count)
    }
    let found: String
    do {
      found = try Digest.sha256(of: partial.url)
    } catch {
      throw FetchError.notWritable(path: partial.url.path, reason: error.localizedDescription)
    }
    guard found == file.sha256 else {
      throw FetchError.digestDiffers(path: file.path, expected: file.sha256, found: found)
    }
  }
}
