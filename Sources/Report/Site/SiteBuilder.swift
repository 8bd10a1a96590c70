import Basics
import Crypto
public import Foundation
import Glibc
import Harness
import Synchronization

/// Builds the static site: templates and assets from one folder, content from a ``SiteInput``.
///
/// The same folder, input and program give the same bytes: no clock, no random number, no order of
/// a hash table reaches a page.
public struct SiteBuilder: Sendable {
  /// Counts changes of what this code writes, so that an incremental build knows old pages.
  static let revision = 1

  private let templates: Templates
  private let assets: [(name: String, data: Data)]
  private let assetsDigest: String

  /// Reads `templates/*.mustache` and `assets/*` of `source`; every template is parsed once.
  ///
  /// Throws ``ReportError`` where a template is missing or does not parse.
  public init(source: URL) throws {
    templates = try Templates(folder: source.appending(path: "templates"))
    let folder = source.appending(path: "assets")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    assets = try names.filter { !$0.hasPrefix(".") }.sorted().map {
      ($0, try Data(contentsOf: folder.appending(path: $0)))
    }
    var hash = SHA256()
    for asset in assets {
      hash.update(data: Data("\(asset.name)\n".utf8))
      hash.update(data: asset.data)
    }
    assetsDigest = hash.finalize().hexadecimal
  }

  /// Writes the site of `input` to `folder`, which must be absent, empty or an earlier build; it is
  /// replaced as a whole at the end, and stays as it was when anything fails.
  ///
  /// With `incremental`, a page whose content, template and assets are those of the earlier build is
  /// taken over from it without being looked at: a page edited by hand stays edited.
  ///
  /// Throws ``ReportError`` for unusable names, a folder that is not a site, and failing writes.
  @discardableResult
  public func build(
    input: SiteInput, to folder: URL, incremental: Bool = false
  ) throws -> SiteSummary {
    try input.check()
    try SiteFolder.checkReplaceable(folder)
    let chrome = Chrome(
      site: input.title, address: input.address, version: input.version,
      hasReplication: input.replication != nil, hasFeed: true,
      assets: String(assetsDigest.prefix(10)))
    let plan = SitePlan(input: input, chrome: chrome, templates: templates)
    let files = assetFiles() + plan.files()
    let salt = "\(Self.revision) \(templates.digest) \(assetsDigest)"
    let keys = try Parallel.map(files) { try $0.key(salt: salt) }
    let manifest = SiteManifest(
      pages: Dictionary(zip(files.map(\.path), keys), uniquingKeysWith: { _, last in last }))
    let previous = incremental ? SiteManifest(folder: folder) : nil
    if manifest == previous, manifest.isComplete(in: folder) {
      return SiteSummary(files: files.count, written: 0, kept: files.count, boards: plan.counts)
    }
    let draft = try SiteFolder(target: folder)
    do {
      let written = try Parallel.map(Array(zip(files, keys))) { file, key in
        if try previous?.pages[file.path] == key && draft.keep(file.path) { return false }
        try draft.write(try file.make(), to: file.path)
        return true
      }
      try draft.write(try CanonicalJSON.document(manifest), to: SiteFolder.manifestName)
      try draft.swapIn()
      let count = written.count { $0 }
      return SiteSummary(
        files: files.count, written: count, kept: files.count - count, boards: plan.counts)
    } catch {
      draft.discard()
      throw error
    }
  }

  private func assetFiles() -> [SiteFile] {
    assets.map { asset in SiteFile(path: "assets/\(asset.name)") { asset.data } }
  }
}

/// What a build did.
public struct SiteSummary: Sendable, Equatable {
  /// Files of the site.
  public var files: Int
  public var written: Int
  /// Taken over from the earlier build.
  public var kept: Int
  /// Scored entries by `benchmark/split`.
  public var boards: [String: Int]
}

/// One file of a site: where it stands, what it depends on and how it is made.
struct SiteFile: Sendable {
  let path: String
  /// All that the content depends on beside templates and assets, or a digest of it.
  let source: @Sendable () throws -> Data
  let make: @Sendable () throws -> Data

  /// A file that is made by `make` from what `source` gives.
  init(
    path: String, source: @escaping @Sendable () throws -> Data,
    make: @escaping @Sendable () throws -> Data
  ) {
    self.path = path
    self.source = source
    self.make = make
  }

  /// A file that is its own source.
  init(path: String, content: @escaping @Sendable () throws -> Data) {
    self.init(path: path, source: content, make: content)
  }

  /// SHA-256 over `salt`, the path and the source.
  func key(salt: String) throws -> String {
    var hash = SHA256()
    hash.update(data: Data("\(salt)\n\(path)\n".utf8))
    hash.update(data: try source())
    return hash.finalize().hexadecimal
  }
}

/// A value that is made when it is first asked for, and once, whoever asks.
final class Once: Sendable {
  private let made = Mutex<Result<Data, any Error>?>(nil)
  private let make: @Sendable () throws -> Data

  init(_ make: @escaping @Sendable () throws -> Data) { self.make = make }

  func data() throws -> Data {
    try made.withLock { made in
      let result = made ?? Result { try make() }
      made = result
      return try result.get()
    }
  }
}

/// The fingerprints of a built site's files; it stands in the site's folder and marks it as one.
struct SiteManifest: Codable, Equatable {
  var schema = 1
  var pages: [String: String]

  init(pages: [String: String]) { self.pages = pages }

  /// The manifest of an earlier build; nil where there is none that can be read.
  init?(folder: URL) {
    let file = folder.appending(path: SiteFolder.manifestName)
    guard let data = try? Data(contentsOf: file),
      let read = try? JSONDecoder().decode(SiteManifest.self, from: data), read.schema == 1
    else { return nil }
    self = read
  }

  /// Whether each file still stands in `folder`.
  func isComplete(in folder: URL) -> Bool {
    let root = folder.path
    return pages.keys.allSatisfy { access("\(root)/\($0)", F_OK) == 0 }
  }
}
