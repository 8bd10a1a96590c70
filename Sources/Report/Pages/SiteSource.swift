public import Foundation

/// The templates and assets of a site: those that the program carries, or a folder's. The program
/// carries the repository's `site/templates` and `site/assets`, so that it needs no checkout.
public struct SiteSource: Sendable {
  package struct File: Sendable, Equatable {
    /// As in the folder: `base.mustache`, `site.css`.
    package let name: String
    /// For messages.
    package let path: String
    package let data: Data
  }

  package let templates: [File]
  package let assets: [File]

  /// Reads `templates/*.mustache` and `assets/*` of `folder`.
  /// - Throws: ``ReportError`` where a needed template is missing.
  public init(folder: URL) throws {
    templates = try Self.files(folder.appending(path: "templates")) { $0.hasSuffix(".mustache") }
    assets = try Self.files(folder.appending(path: "assets")) { !$0.hasPrefix(".") }
    let missing = Templates.Name.allCases.map { "\($0.rawValue).mustache" }.first { name in
      !templates.contains { $0.name == name }
    }
    if let missing {
      throw ReportError.templateMissing(file: folder.appending(path: "templates/\(missing)").path)
    }
  }

  /// What the program carries.
  public init() {
    templates = Self.carried([
      ("about.mustache", PackageResources.about_mustache),
      ("account.mustache", PackageResources.account_mustache),
      ("api.mustache", PackageResources.api_mustache),
      ("base.mustache", PackageResources.base_mustache),
      ("benchmark.mustache", PackageResources.benchmark_mustache),
      ("compare.mustache", PackageResources.compare_mustache),
      ("faults.mustache", PackageResources.faults_mustache),
      ("index.mustache", PackageResources.index_mustache),
      ("leaderboard.mustache", PackageResources.leaderboard_mustache),
      ("ledger.mustache", PackageResources.ledger_mustache),
      ("method.mustache", PackageResources.method_mustache),
      ("missing.mustache", PackageResources.missing_mustache),
      ("organiser.mustache", PackageResources.organiser_mustache),
      ("permalink.mustache", PackageResources.permalink_mustache),
      ("problem.mustache", PackageResources.problem_mustache),
      ("replication.mustache", PackageResources.replication_mustache),
      ("sent.mustache", PackageResources.sent_mustache),
      ("signin.mustache", PackageResources.signin_mustache),
      ("submission.mustache", PackageResources.submission_mustache),
      ("submissions.mustache", PackageResources.submissions_mustache),
      ("submit.mustache", PackageResources.submit_mustache),
    ])
    assets = Self.carried([
      ("board.js", PackageResources.board_js), ("copy.js", PackageResources.copy_js),
      ("favicon.ico", PackageResources.favicon_ico),
      ("ledger.js", PackageResources.ledger_js), ("log.js", PackageResources.log_js),
      ("mark.svg", PackageResources.mark_svg), ("preview.png", PackageResources.preview_png),
      ("preview.svg", PackageResources.preview_svg), ("site.css", PackageResources.site_css),
      ("site.js", PackageResources.site_js), ("submit.js", PackageResources.submit_js),
      ("theme.js", PackageResources.theme_js),
    ])
  }

  private static func carried(_ files: [(name: String, bytes: [UInt8])]) -> [File] {
    files.map { File(name: $0.name, path: $0.name, data: Data($0.bytes)) }
  }

  private static func files(_ folder: URL, where takes: (String) -> Bool) throws -> [File] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return try names.filter(takes).sorted().map { name in
      let file = folder.appending(path: name)
      return File(name: name, path: file.path, data: try Data(contentsOf: file))
    }
  }
}
