import ArgumentParser
import Foundation
import Harness
import Report

/// What the organiser decided about the site.
struct SiteConfigOption: ParsableArguments {
  @Option(
    help: .value(
      "file", "The site's title, text, logo, boards and pages. Default: site.json, if there."))
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
