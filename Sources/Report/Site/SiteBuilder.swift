import Basics
public import Foundation
import Harness

/// Builds the static site: templates and assets from one folder, content from a ``SiteInput``.
///
/// The same folder, input, program and drawing tool give the same bytes: no clock, no random number,
/// no order of a hash table reaches a page.
public struct SiteBuilder: Sendable {
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
    var digest = Digest()
    for asset in assets {
      digest.update("\(asset.name)\n")
      digest.update(asset.data)
    }
    assetsDigest = String(digest.hexadecimal.prefix(10))
  }

  /// Writes the site of `input` to `folder`, which must be absent, empty or an earlier build; it is
  /// replaced as a whole at the end, and stays as it was when anything fails.
  ///
  /// Throws ``ReportError`` for unusable names, a folder that is not a site, and failing writes.
  @discardableResult
  public func build(input: SiteInput, to folder: URL) throws -> SiteSummary {
    try input.check()
    let plan = plan(input)
    let files =
      assets.map { asset in SiteFile(path: "assets/\(asset.name)") { asset.data } }
      + plan.files(templates)
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
    let standIn = assets.first { "assets/\($0.name)" == SitePaths.standInPreview }?.data
    return SitePlan(
      input: input, assets: assetsDigest, pictures: Pictures(standIn: standIn))
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

  init(path: String, make: @escaping @Sendable () throws -> Data) {
    self.path = path
    self.make = make
  }
}
