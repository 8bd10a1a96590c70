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
    let keys = ["boards", "logo", "pages", "text", "title"]
    for key in fields.keys.sorted() where !keys.contains(key) {
      faults.add(key, isKey: true, expected: "one of the keys \(keys.joined(separator: ", "))")
    }
    title = faults.value(fields["title"], "title", "a text") as String?
    text = faults.value(fields["text"], "text", "a list of paragraphs") ?? []
    boards = faults.value(fields["boards"], "boards", "a list of benchmark or benchmark/split")
    faults.check(boards: boards ?? [], benchmarks)
    let names: [String]? = faults.value(fields["pages"], "pages", "a list of pages")
    let known = OptionalPage.allCases.map(\.rawValue).joined(separator: ", ")
    for name in names ?? [] where OptionalPage(rawValue: name) == nil {
      faults.add(name, expected: "one of the pages \(known)")
    }
    pages = names.map { Set($0.compactMap(OptionalPage.init)) }
    if let path: String = faults.value(fields["logo"], "logo", "a file's path") {
      let url = URL(filePath: path, relativeTo: file.deletingLastPathComponent())
      if !["png", "svg"].contains(url.pathExtension.lowercased())
        || !FileManager.default.fileExists(atPath: url.path)
      {
        faults.add(path, expected: "a .png or .svg file that exists, from the folder of this file")
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
    (text, logo) = (settings.text, settings.logo)
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

  mutating func add(_ found: String, isKey: Bool = false, expected: String) {
    let place =
      place(of: found, isKey: isKey)
      ?? place(of: found.replacing("/", with: "\\/"), isKey: isKey)
    all.append(
      Diagnostic(
        .json, file: file, line: place?.line, column: place?.column, found: found,
        expected: expected))
  }

  /// `value` as the type that is wanted; another one is a fault of `key`.
  mutating func value<Value>(_ value: Any?, _ key: String, _ expected: String) -> Value? {
    guard let value else { return nil }
    if let value = value as? Value { return value }
    add(key, isKey: true, expected: expected)
    return nil
  }

  mutating func check(boards: [String], _ benchmarks: [BenchmarkDefinition]) {
    for (place, name) in boards.enumerated() {
      let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      let definition = benchmarks.first { $0.id == parts[0] }
      if let definition {
        if parts.count > 2 || parts.count == 2 && !definition.splitNames.contains(parts[1]) {
          let splits = definition.splitNames.map { "\(definition.id)/\($0)" }
          add(name, expected: "\(definition.id), or one of \(splits.joined(separator: ", "))")
        }
      } else {
        let known = benchmarks.map(\.id).joined(separator: ", ")
        add(name, expected: "a benchmark that is known here (\(known)), or one's split")
      }
      if boards[..<place].contains(name) { add(name, expected: "each board once") }
    }
  }

  /// One-based line and character of a string of the document.
  private func place(of string: String, isKey: Bool) -> (line: Int, column: Int)? {
    let quoted = "\"\(string)\""
    var rest = text[...]
    while let range = rest.firstRange(of: quoted) {
      let follows = text[range.upperBound...].first { !$0.isWhitespace }
      if (follows == ":") == isKey {
        let before = text[..<range.lowerBound]
        let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.count, (lines.last?.count ?? 0) + 1)
      }
      rest = text[range.upperBound...]
    }
    return nil
  }
}
