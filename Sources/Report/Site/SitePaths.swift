/// Where pages stand below the site's root.
enum SitePaths {
  /// A system's page, relative to its board's folder.
  static func system(_ slug: String) -> String { "systems/\(slug).html" }
  static func systemDocument(_ slug: String) -> String { "systems/\(slug).json" }
  static func systemTable(_ slug: String) -> String { "systems/\(slug).csv" }
  static func badge(_ slug: String) -> String { "badges/\(slug).svg" }

  /// A benchmark's definition and figures, beside its page.
  static let benchmarkDocument = "benchmark.json"

  /// The picture beside a link to a page of a folder.
  static let preview = "preview.png"
  /// Stands in for it where none can be drawn.
  static let standInPreview = "assets/preview.png"

  /// The way from a page `depth` folders down to the root: empty, `../`, `../../`.
  static func root(depth: Int) -> String { String(repeating: "../", count: depth) }
}
