import Foundation

/// The files of a folder that somebody else filled.
enum FolderFiles {
  static let maximumDepth = 8
  static let maximumEntries = 1000

  /// Paths of the regular files below `folder`, relative to it and sorted, without links (which
  /// could lead to a file that is not the sender's) and what a packer leaves behind.
  /// - Throws: ``HarnessError/invalid(_:)`` for over 1000 entries or 8 folders in one another.
  static func regular(in folder: URL, name: String) throws(HarnessError) -> [String] {
    let manager = FileManager.default
    var (found, seen): ([String], Int) = ([], 0)
    var pending: [(path: String, depth: Int)] = [("", 0)]
    while let (prefix, depth) = pending.popLast() {
      let entries: [String]
      do {
        entries = try manager.contentsOfDirectory(atPath: folder.appending(path: prefix).path)
      } catch {
        throw .system(path: name + "/" + prefix, reason: error.localizedDescription)
      }
      seen += entries.count
      guard seen <= maximumEntries, depth < maximumDepth else {
        throw .fault(
          .archive, file: name,
          found: depth < maximumDepth
            ? "over \(maximumEntries) entries" : "over \(maximumDepth) folders in one another",
          expected: "a prediction file")
      }
      for path in entries.map({ prefix + $0 }) where !isIgnored(path) {
        let file = folder.appending(path: path).path
        let type = (try? manager.attributesOfItem(atPath: file))?[.type] as? FileAttributeType
        if type == .typeDirectory { pending.append((path + "/", depth + 1)) }
        if type == .typeRegular { found.append(path) }
      }
    }
    return found.sorted()
  }

  /// Whether a path was left behind by a packer: `__MACOSX`, `._` files, `.DS_Store`.
  static func isIgnored(_ path: String) -> Bool {
    path.split(separator: "/").contains {
      $0 == "__MACOSX" || $0.hasPrefix("._") || $0 == ".DS_Store"
    }
  }
}
