import ArgumentParser
import Foundation
import Harness
import Report
import Server

extension SiteCommand {
  struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Serve the site on this machine, and build it again when something changes.",
      discussion: HelpText.reflow(
        """
        For writing templates, styles and submissions: open the address that is printed, edit, and
        load the page again. Listens on 127.0.0.1 alone. A build that fails says why, and the last
        good site stays. Ctrl-C ends it.

        Example:
          invitro site preview --submissions submissions --port 8000
        """))

    @Option(help: "Port; 0 takes a free one and says which.") var port: Int = 8000

    @Option(help: "Where the site is built; its pages name this machine, so do not publish it.")
    var out: String = "site/preview"

    @OptionGroup var recipe: SiteRecipe

    func run() async throws {
      try await PreviewServer(URL(filePath: out), port: port).run { [self] port in
        let address = URL(string: "http://127.0.0.1:\(port)/")
        Task.detached { await watch(address, port: port) }
      }
    }

    /// Builds now and after every change, until the process ends.
    private func watch(_ address: URL?, port: Int) async {
      // The store of scores lies in the data home and changes with each build.
      let watched = FileWatch(recipe.places) { !$0.contains("invitro.sqlite") }
      var seen = watched.stamps()
      build(address)
      Console.print("http://127.0.0.1:\(port)/")
      while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(400))
        let now = watched.stamps()
        guard now != seen else { continue }
        Console.message(FileWatch.words(from: seen, to: now))
        seen = now
        build(address)
      }
    }

    private func build(_ address: URL?) {
      do {
        let summary = try recipe.build(to: URL(filePath: out), address: address)
        Console.message("\(out): \(summary.files) files")
      } catch {
        Console.message("not built; the last site stays:\n\(error)")
      }
    }
  }
}

/// Tells by names, sizes and times whether files changed.
struct FileWatch {
  struct Stamp: Equatable {
    var size: Int
    var changed: Date
  }

  private let places: [URL]
  private let isWatched: @Sendable (String) -> Bool

  /// - Parameter isWatched: by path; a place that is not there yet is watched too.
  init(_ places: [URL], isWatched: @escaping @Sendable (String) -> Bool) {
    self.places = places
    self.isWatched = isWatched
  }

  /// Every file below the places with its stamp.
  func stamps() -> [String: Stamp] {
    var stamps: [String: Stamp] = [:]
    for place in places {
      let root = place.path
      var paths = [root]
      if let inside = FileManager.default.enumerator(atPath: root) {
        paths += inside.compactMap { $0 as? String }.map { "\(root)/\($0)" }
      }
      for path in paths where isWatched(path) {
        guard let facts = try? FileManager.default.attributesOfItem(atPath: path),
          facts[.type] as? FileAttributeType == .typeRegular
        else { continue }
        stamps[path] = Stamp(
          size: (facts[.size] as? NSNumber)?.intValue ?? 0,
          changed: facts[.modificationDate] as? Date ?? .distantPast)
      }
    }
    return stamps
  }

  /// Which files came, went or changed, in one line.
  static func words(from old: [String: Stamp], to new: [String: Stamp]) -> String {
    let names = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
    let shown = names.prefix(3).map { URL(filePath: $0).lastPathComponent }
    let rest = names.count > 3 ? " and \(names.count - 3) more" : ""
    return "changed: " + shown.joined(separator: ", ") + rest
  }
}
