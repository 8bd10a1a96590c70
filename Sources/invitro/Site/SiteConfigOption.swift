import ArgumentParser
import Foundation
import Harness
import Report

/// Where the site's templates and assets come from.
struct SiteSourceOption: ParsableArguments {
  @Option(
    help: .value(
      "dir",
      "A folder with templates/ and assets/ of one's own. Default: those that the program carries."),
    completion: .directory
  )
  var source: String?

  /// The folders that the site depends on.
  var folders: [String] { source.map { [$0 + "/templates", $0 + "/assets"] } ?? [] }

  func read() throws -> SiteSource {
    try source.map { try SiteSource(folder: URL(filePath: $0)) } ?? SiteSource()
  }
}

/// What the organiser decided about the site.
struct SiteConfigOption: ParsableArguments {
  @Option(
    help: .value(
      "file", "The site's title, text, logo, boards and pages. Default: site.json, if there."),
    completion: Completions.definitions)
  var config: String?

  var path: String { config ?? "site.json" }

  func settings(_ known: [BenchmarkDefinition]) throws -> SiteSettings {
    guard config != nil || FileManager.default.fileExists(atPath: path) else {
      return SiteSettings()
    }
    return try SiteSettings(file: URL(filePath: path), benchmarks: known)
  }
}

/// Names the folders with entries of unknown benchmarks, which no board shows.
/// - Returns: the ids of these benchmarks.
func warnOfStrangers(
  in folders: [SubmissionFolder], to known: [BenchmarkDefinition]
) throws -> Set<String> {
  let strangers = try folders.flatMap { try $0.strangers(to: known) }
  for folder in strangers {
    Console.message(
      "\(folder.relativePath): skipped, there is no benchmark named '\(folder.lastPathComponent)'; "
        + "import it, or give its definition with --benchmark FILE.json")
  }
  return Set(strangers.map(\.lastPathComponent))
}
