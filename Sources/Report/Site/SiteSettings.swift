import Basics
public import Foundation
public import Harness

/// What an organiser decides about a site, in `site.json`.
public struct SiteSettings: Sendable, Equatable {
  /// Pages that a site can do without.
  public enum OptionalPage: String, Sendable, CaseIterable { case replication, ledger }

  public var title: String?
  /// Plain paragraphs at the head of the first page.
  public var text: [String] = []
  /// A png or svg file.
  public var logo: URL?
  /// An address of mail, or of the web with `https://`.
  public var contact: String?
  /// `benchmark` or `benchmark/split`, in the order they are shown; nil for what has entries or is
  /// imported.
  public var boards: [String]?
  /// Nil for the log, and the replication where a NewsEmp benchmark is shown.
  public var pages: Set<OptionalPage>?

  public init() {}

  /// The settings in `file`; a relative logo stands beside it.
  /// - Throws: ``HarnessError/invalid(_:)`` with the place of everything that is unknown or of another
  ///   type, ``HarnessError/missing(path:hint:)`` where there is no such file.
  public init(file: URL, benchmarks: [BenchmarkDefinition]) throws(HarnessError) {
    guard let data = try? Data(contentsOf: file) else {
      throw .missing(path: file.relativePath, hint: "Give the site's configuration with --config.")
    }
    let fields = try Documents.object(from: file)
    var faults = SiteFaults(file: file.relativePath, text: String(decoding: data, as: UTF8.self))
    let keys = ["boards", "contact", "logo", "pages", "text", "title"]
    for key in fields.keys.sorted() where !keys.contains(key) {
      faults.add(
        key,
        expected: "one of the keys \(keys.joined(separator: ", "))"
          + Spelling.hint(key, among: keys))
    }
    title = faults.value(fields["title"], "title", "a text") as String?
    text = faults.value(fields["text"], "text", "a list of paragraphs") ?? []
    contact = faults.value(fields["contact"], "contact", "a text")
    if let contact, Contact(contact) == nil {
      faults.add(
        contact, of: "contact", expected: "an address of mail, or of the web with https://")
    }
    boards = faults.value(fields["boards"], "boards", "a list of benchmark or benchmark/split")
    faults.check(boards: boards ?? [], benchmarks)
    let names: [String]? = faults.value(fields["pages"], "pages", "a list of pages")
    let known = OptionalPage.allCases.map(\.rawValue)
    for name in names ?? [] where OptionalPage(rawValue: name) == nil {
      faults.add(
        name, of: "pages",
        expected: "one of the pages \(known.joined(separator: ", "))"
          + Spelling.hint(name, among: known))
    }
    pages = names.map { Set($0.compactMap(OptionalPage.init)) }
    if let path: String = faults.value(fields["logo"], "logo", "a file's path") {
      let url = URL(filePath: path, relativeTo: file.deletingLastPathComponent())
      if !["png", "svg"].contains(url.pathExtension.lowercased())
        || !((try? url.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile ?? false)
      {
        faults.add(
          path, of: "logo",
          expected: "a .png or .svg file that exists, from the folder of this file")
      }
      logo = url
    }
    if !faults.all.isEmpty { throw .invalid(faults.all) }
  }

  /// Those of `known` that a site with `boards` shows, in its order.
  public func benchmarks(
    of known: [BenchmarkDefinition], boards shown: [BoardKey], home: DataHome
  ) throws(HarnessError) -> [BenchmarkDefinition] {
    if let boards {
      let ids = boards.map { String($0.prefix { $0 != "/" }) }.unique()
      return ids.compactMap { id in known.first { $0.id == id } }
    }
    let ids = Set(shown.map(\.benchmark))
    var found: [BenchmarkDefinition] = []
    for definition in known {
      let isImported = try home.manifest(definition.id) != nil
      if isImported || ids.contains(definition.id) { found.append(definition) }
    }
    return found
  }

  /// Those of `all` that are shown, in order.
  func boards(of all: [Board]) -> [Board] {
    guard let boards else { return all }
    let placed = all.compactMap { board in
      boards.firstIndex { $0 == board.key.path || $0 == board.key.benchmark }.map { ($0, board) }
    }
    return placed.enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }
      .map(\.element.1)
  }
}

extension SiteInput {
  /// Keeps what `settings` show of everything that is known.
  public mutating func show(_ settings: SiteSettings, home: DataHome) throws(HarnessError) {
    benchmarks = try settings.benchmarks(of: benchmarks, boards: boards.map(\.key), home: home)
    boards = settings.boards(of: boards)
    title = settings.title ?? title
    (text, logo, contact) = (settings.text, settings.logo, settings.contact)
    let isOfPaper = benchmarks.contains { $0.id.hasPrefix("newsemp") }
    if !(settings.pages?.contains(.replication) ?? isOfPaper) { replication = nil }
    if !(settings.pages?.contains(.ledger) ?? true) {
      ledger = nil
      for place in boards.indices { boards[place].ledger = nil }
    }
  }

  /// The logo's name among the assets.
  var logoName: String? { logo.map { "site-logo.\($0.pathExtension.lowercased())" } }

  var logoFiles: [SiteFile] {
    guard let logo, let logoName else { return [] }
    return [SiteFile(path: "assets/\(logoName)") { try Data(contentsOf: logo) }]
  }
}

/// Faults of `site.json`, each with the place of the key or value.
private struct SiteFaults {
  let file, text: String
  var all: [Diagnostic] = []

  init(file: String, text: String) { (self.file, self.text) = (file, text) }

  /// A fault of the key `found`, or of that value of `key`: the one after `before` equal ones.
  mutating func add(
    _ found: String, of key: String? = nil, after before: Int = 0, expected: String
  ) {
    let place =
      place(of: found, in: key, after: before)
      ?? place(of: found.replacing("/", with: "\\/"), in: key, after: before)
    all.append(
      Diagnostic(
        .json, file: file, line: place?.line, column: place?.column, found: found,
        expected: expected))
  }

  /// `value` as the type that is wanted; another one is a fault of `key`.
  mutating func value<Value>(_ value: Any?, _ key: String, _ expected: String) -> Value? {
    guard let value else { return nil }
    if let value = value as? Value { return value }
    add(key, expected: expected)
    return nil
  }

  mutating func check(boards: [String], _ benchmarks: [BenchmarkDefinition]) {
    for (place, name) in boards.enumerated() {
      let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      let earlier = boards[..<place]
      var expected: String?
      if let definition = benchmarks.first(where: { $0.id == parts[0] }) {
        let splits = definition.splitNames.map { "\(definition.id)/\($0)" }
        if parts.count > 1, !splits.contains(name) {
          expected =
            "\(definition.id), or one of \(splits.joined(separator: ", "))"
            + Spelling.hint(name, among: splits)
        } else if earlier.contains(name) {
          expected = "each board once"
        } else if earlier.contains(where: { $0 == parts[0] || $0.hasPrefix(name + "/") }) {
          expected = "each board once: \(parts[0]) has all its splits"
        }
      } else {
        let known = benchmarks.map(\.id)
        expected =
          "a benchmark that is known here (\(known.joined(separator: ", "))), or one's split"
          + Spelling.hint(parts[0], among: known)
      }
      if let expected {
        add(name, of: "boards", after: earlier.count { $0 == name }, expected: expected)
      }
    }
  }

  /// One-based line and character of a key of the document, or of a value of `key`: the one after
  /// `before` equal ones.
  private func place(
    of string: String, in key: String?, after before: Int
  ) -> (line: Int, column: Int)? {
    var start = text.startIndex
    if let key {
      guard let range = range(of: key, isKey: true, from: start) else { return nil }
      start = range.upperBound
    }
    var found: Range<String.Index>?
    for _ in 0...before {
      guard let range = range(of: string, isKey: key == nil, from: start) else { return nil }
      (found, start) = (range, range.upperBound)
    }
    guard let found else { return nil }
    let lines = text[..<found.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)
    return (lines.count, (lines.last?.count ?? 0) + 1)
  }

  private func range(
    of string: String, isKey: Bool, from start: String.Index
  ) -> Range<String.Index>? {
    var rest = text[start...]
    while let range = rest.firstRange(of: "\"\(string)\"") {
      let follows = text[range.upperBound...].first { !$0.isWhitespace }
      if (follows == ":") == isKey { return range }
      rest = text[range.upperBound...]
    }
    return nil
  }
}
