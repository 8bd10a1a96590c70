import Foundation

/// The files of a folder that somebody else filled.
enum FolderFiles {
  static let deepest = 8
  static let most = 1000

  /// Paths of the regular files below `folder`, relative to it and sorted.
  ///
  /// What a packer leaves behind is left out (see ``isIgnored(_:)``), and so is
  /// every link: it could lead to a file that is not the sender's.
  ///
  /// - Throws: ``HarnessError/invalid(_:)`` for over 1000 entries or 8 folders in one another.
  static func regular(in folder: URL, name: String) throws(HarnessError) -> [String] {
    var found: [String] = []
    var seen = 0
    try walk(folder, below: "", depth: 0, name: name, seen: &seen, found: &found)
    return found.sorted()
  }

  private static func walk(
    _ folder: URL, below prefix: String, depth: Int, name: String, seen: inout Int,
    found: inout [String]
  ) throws(HarnessError) {
    let manager = FileManager.default
    let entries: [String]
    do {
      entries = try manager.contentsOfDirectory(atPath: folder.path)
    } catch {
      throw .system(path: name + "/" + prefix, reason: error.localizedDescription)
    }
    seen += entries.count
    guard seen <= most, depth < deepest else {
      throw .fault(
        .archive, file: name,
        found: depth < deepest ? "over \(most) entries" : "over \(deepest) folders in one another",
        expected: "a prediction file")
    }
    for entry in entries {
      let path = prefix + entry
      if isIgnored(path) { continue }
      let url = folder.appending(path: entry)
      let type = (try? manager.attributesOfItem(atPath: url.path))?[.type] as? FileAttributeType
      if type == .typeDirectory {
        try walk(url, below: path + "/", depth: depth + 1, name: name, seen: &seen, found: &found)
      } else if type == .typeRegular {
        found.append(path)
      }
    }
  }

  /// Whether a path was left behind by a packer: `__MACOSX`, `._` files, `.DS_Store`.
  static func isIgnored(_ path: String) -> Bool {
    path.split(separator: "/").contains {
      $0 == "__MACOSX" || $0.hasPrefix("._") || $0 == ".DS_Store"
    }
  }
}
