import Basics
public import Foundation
import Glibc
public import Harness
public import Study
import Synchronization

/// Builds the static site: templates and assets from a ``SiteSource``, content from a
/// ``SiteInput``. The same source, input, program and drawing tool give the same bytes.
public struct SiteBuilder: Sendable {
  let templates: Templates
  private let assets: [SiteSource.File]
  private let assetsDigest: String

  /// Throws ``ReportError`` where a template does not parse.
  public init(source: SiteSource) throws {
    templates = try Templates(source)
    assets = source.assets
    var digest = Digest()
    for asset in assets {
      digest.update("\(asset.name)\n")
      digest.update(asset.data)
    }
    assetsDigest = String(digest.hexadecimal.prefix(10))
  }

  /// Writes the site of `input` to `folder`, which must be absent, empty or an earlier build; it is
  /// replaced as a whole at the end, and stays as it was when anything fails. Throws
  /// ``ReportError`` for unusable names, a folder that is not a site, and failing writes.
  @discardableResult public func build(input: SiteInput, to folder: URL) throws -> SiteSummary {
    try input.check()
    let plan = plan(input)
    let files =
      assets.map { asset in SiteFile(path: "assets/\(asset.name)") { asset.data } }
      + input.logoFiles + plan.files(templates)
    let draft = try SiteFolder(target: folder)
    do {
      _ = try Parallel.map(files) { try draft.write(try $0.make(), to: $0.path) }
      try draft.swapIn()
    } catch {
      draft.discard()
      throw error
    }
    return SiteSummary(files: files.count, boards: plan.counts)
  }

  package func plan(_ input: SiteInput) -> SitePlan {
    func asset(_ name: String) -> Data? { assets.first { "assets/\($0.name)" == name }?.data }
    return SitePlan(
      input: input, assets: assetsDigest,
      pictures: Pictures(standIn: asset(SitePaths.standInPreview)),
      icon: asset("assets/favicon.ico"))
  }
}

/// What a build did.
public struct SiteSummary: Sendable, Equatable {
  /// Files of the site.
  public var files: Int
  /// Scored entries by `benchmark/split`.
  public var boards: [String: Int]
}

/// One file of a site: where it stands and how it is made.
struct SiteFile: Sendable {
  let path: String
  let make: @Sendable () throws -> Data
}

/// Everything that a site is made from. The same value gives the same bytes.
public struct SiteInput: Sendable {
  public var title: String
  /// Paragraphs at the head of the first page, in place of the program's own; empty for those.
  public var text: [String] = []
  /// A picture beside the title, png or svg.
  public var logo: URL?
  /// Where the site will stand, for feeds, the sitemap and previews; without it the sitemap and the
  /// absolute addresses are left out.
  public var address: URL?
  public var benchmarks: [BenchmarkDefinition]
  public var boards: [Board]
  public var replication: Replication?
  /// The log of the boards; nil for none.
  public var ledger: SiteLedger?
  /// Version of the program, for the foot of each page.
  public var version: String?
  /// An address of the web or of mail to write to; nil for none.
  public var contact: String?
  /// The server that takes submissions over HTTP; nil where there is none.
  public var server: URL?
  /// Whether that server shows the site: then teams have a page on it.
  public var isServed = false

  public init(
    benchmarks: [BenchmarkDefinition], boards: [Board], title: String = "invitro",
    address: URL? = nil, replication: Replication? = nil, version: String? = ScoreReport.toolVersion
  ) {
    (self.benchmarks, self.boards, self.title) = (benchmarks, boards, title)
    (self.address, self.replication, self.version) = (address, replication, version)
  }
}

/// The folder that a build writes: first beside its place under a temporary name, then swapped in
/// as a whole, so that a reader never meets half a site. Files are not synced one by one.
final class SiteFolder: Sendable {
  /// Marks a folder as a built site.
  static let markerName = ".invitro-site.json"

  let target: URL
  private let draft: URL
  private let made = Mutex<Set<String>>([])

  /// Starts a draft beside `target`; `target` must be absent, empty or an earlier build.
  init(target: URL) throws(ReportError) {
    self.target = target.standardizedFileURL
    try Self.checkReplaceable(self.target)
    let parent = self.target.deletingLastPathComponent()
    draft = parent.appending(path: ".\(self.target.lastPathComponent).building-\(getpid())")
    try? FileManager.default.removeItem(at: draft)
    try write(Data("{\"schema\": 2}\n".utf8), to: Self.markerName)
  }

  private static func checkReplaceable(_ target: URL) throws(ReportError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: target.path, isDirectory: &isFolder) else {
      return
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: target.path)) ?? ["?"]
    guard isFolder.boolValue, names.isEmpty || names.contains(markerName) else {
      throw .notASite(path: target.path)
    }
  }

  /// Writes `data` to `path` below the draft.
  func write(_ data: Data, to path: String) throws(ReportError) {
    let file = draft.appending(path: path)
    let folder = file.deletingLastPathComponent()
    do {
      // Under the lock: a second writer must not go on before the first has made the folder.
      try made.withLock { made in
        guard made.insert(folder.path).inserted else { return }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      }
      try data.write(to: file)
    } catch {
      throw .notWritable(path: file.path, reason: "\(error)")
    }
  }

  /// Puts the draft in the place of the target.
  func swapIn() throws(ReportError) {
    do {
      try AtomicFile.replaceFolder(target, with: draft)
    } catch {
      throw .notWritable(path: target.path, reason: "\(error)")
    }
  }

  /// Removes the draft; the target stays as it was.
  func discard() { try? FileManager.default.removeItem(at: draft) }
}
