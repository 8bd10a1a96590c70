import Basics
public import Foundation
public import Harness

/// Reads a built site back as a stranger would and lists what is wrong with it. The templates write
/// HTML that is well formed as XML too, so that one strict parser (libxml2) can check it.
public struct SiteChecker: Sendable {
  /// What must stand on no page.
  public struct Secrets: Sendable {
    /// A passage of 47 letters and digits or more is found whatever its case, spacing and
    /// punctuation; an essay of fewer than 24 is not looked for.
    public var essays: [String]
    /// Strings that are looked for as they are, for instance planted marks or contacts.
    public var strings: [String]

    public init(essays: [String] = [], strings: [String] = []) {
      self.essays = essays
      self.strings = strings
    }

    /// The essays of every imported split, except those of open sets, and the submissions' contacts.
    public init(
      of benchmarks: [BenchmarkDefinition], in home: DataHome, folders: [SubmissionFolder]
    ) throws(HarnessError) {
      (essays, strings) = ([], [])
      for definition in benchmarks where !definition.open {
        essays += try home.loadAll(definition).flatMap { $0.rows.map(\.text) }
      }
      for folder in folders { strings += try folder.entries().compactMap(\.metadata.contact) }
    }
  }

  /// One thing that is wrong.
  public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    /// Relative to the site's folder.
    public var file: String
    public var line: Int?
    public var kind: Kind
    public var detail: String

    public var description: String {
      let place = line.map { "\(file):\($0)" } ?? file
      return "\(place): \(kind.rawValue): \(detail)"
    }
  }

  public enum Kind: String, Sendable, CaseIterable {
    case notWellFormed = "not well formed"
    case repeatedID = "repeated id"
    case brokenLink = "broken link"
    case brokenAnchor = "broken anchor"
    case outsideRequest = "request outside the site"
    case unsafeLink = "link that is not http, https or mailto"
    case secret = "text that may not be shown"
  }

  /// Letters and digits of a window that essays are looked for by.
  private static let window = 24

  private let windows: WindowIndex
  private let strings: [String]

  public init(secrets: Secrets = Secrets()) {
    windows = WindowIndex(essays: secrets.essays, width: Self.window)
    strings = secrets.strings.filter { !$0.isEmpty }
  }

  /// Every fault of the site in `folder`, ordered by file and line. Throws what Foundation throws
  /// where the folder cannot be read.
  public func check(_ folder: URL) throws -> [Diagnostic] {
    let files = try Self.files(in: folder)
    let read = try Parallel.map(files) { path in try self.read(path, in: folder) }
    let pages = Dictionary(read.compactMap { file in file.page.map { (file.path, $0) } }) { $1 }
    var known = Set(files)
    // A server answers these itself.
    known.formUnion(ServedPages.linked)
    known.formUnion(
      files.filter { $0.hasSuffix("/leaderboard.json") }
        .map { SitePaths.submit(to: String($0.dropLast("/leaderboard.json".count))) })
    if known.contains(LedgerPage.path), !files.contains(where: { $0.hasPrefix("ledger/") }) {
      known.formUnion(["ledger/checkpoint", "ledger/key"])
    }
    let links = pages.flatMap { path, page in
      LinkCheck(path: path, known: known, pages: pages).faults(page)
    }
    return (read.flatMap(\.faults) + links).sorted {
      ($0.file, $0.line ?? 0, $0.kind.rawValue, $0.detail)
        < ($1.file, $1.line ?? 0, $1.kind.rawValue, $1.detail)
    }
  }

  private func read(
    _ path: String, in folder: URL
  ) throws -> (path: String, page: ParsedPage?, faults: [Diagnostic]) {
    let data = try Data(contentsOf: folder.appending(path: path))
    var faults = secrets(data, path)
    let isPage = path.hasSuffix(".html")
    guard isPage || path.hasSuffix(".svg") || path.hasSuffix(".xml") else {
      return (path, nil, faults)
    }
    let page = ParsedPage(data)
    if let (line, reason) = page.error {
      faults.append(Diagnostic(file: path, line: line, kind: .notWellFormed, detail: reason))
    }
    faults += page.repeatedIDs.map { id, line in
      Diagnostic(file: path, line: line, kind: .repeatedID, detail: id)
    }
    return (path, isPage ? page : nil, faults)
  }

  private func secrets(_ data: Data, _ path: String) -> [Diagnostic] {
    var details = strings.filter { data.range(of: Data($0.utf8)) != nil }
      .map { _ in "a string that was to be kept back" }
    // The passage itself is not repeated: this message may be shown anywhere.
    if let essay = windows.firstMatch(in: data) {
      details.append("a passage of essay \(essay + 1)")
    }
    return details.map { Diagnostic(file: path, kind: .secret, detail: $0) }
  }

  private static func files(in folder: URL) throws -> [String] {
    let root = folder.standardizedFileURL.path
    _ = try FileManager.default.contentsOfDirectory(atPath: root)
    guard let walk = FileManager.default.enumerator(atPath: root) else { return [] }
    return walk.compactMap { $0 as? String }.filter { path in
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder)
      return exists && !isFolder.boolValue
    }.sorted()
  }
}

/// Follows the links of one page within its site.
struct LinkCheck {
  let path: String
  let known: Set<String>
  let pages: [String: ParsedPage]

  func faults(_ page: ParsedPage) -> [SiteChecker.Diagnostic] {
    page.references.compactMap { fault($0, page) }
  }

  private func fault(
    _ reference: ParsedPage.Reference, _ page: ParsedPage
  ) -> SiteChecker.Diagnostic? {
    let address = reference.address
    func fault(_ kind: SiteChecker.Kind) -> SiteChecker.Diagnostic {
      SiteChecker.Diagnostic(
        file: path, line: reference.line, kind: kind, detail: SafeText.shortened(address, to: 120))
    }
    if let scheme = Self.scheme(of: address) {
      if reference.isFetched { return fault(.outsideRequest) }
      return ["http", "https", "mailto"].contains(scheme) ? nil : fault(.unsafeLink)
    }
    // It is shown under any address, so it links from the host's root, which no check knows here.
    if path == "404.html", address.hasPrefix("/"), !address.hasPrefix("//") { return nil }
    if address.hasPrefix("//") { return fault(.outsideRequest) }
    let parts = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let file = String(parts[0].prefix { $0 != "?" })
    let anchor = parts.count > 1 ? String(parts[1]) : nil
    guard let target = file.isEmpty ? path : Self.resolve(file, from: path), known.contains(target)
    else { return fault(.brokenLink) }
    if let anchor, !anchor.isEmpty, let page = pages[target], !page.ids.contains(anchor) {
      return fault(.brokenAnchor)
    }
    return nil
  }

  /// `file` as seen from the page at `path`; nil where it leaves the site or starts at a root that
  /// depends on where the site stands.
  static func resolve(_ file: String, from path: String) -> String? {
    guard !file.hasPrefix("/") else { return nil }
    var parts = path.split(separator: "/").dropLast().map(String.init)
    for part in file.split(separator: "/", omittingEmptySubsequences: true) {
      switch part {
      case ".": continue
      case "..":
        guard !parts.isEmpty else { return nil }
        parts.removeLast()
      default: parts.append(String(part))
      }
    }
    if file.hasSuffix("/") || parts.isEmpty { parts.append("index.html") }
    return parts.joined(separator: "/")
  }

  private static func scheme(of address: String) -> String? {
    guard let match = address.prefixMatch(of: /([A-Za-z0-9+.-]+):/) else { return nil }
    return match.1.lowercased()
  }
}
