public import Foundation

/// Tells by names, sizes and times whether files changed.
public struct FileWatch {
  public struct Stamp: Equatable {
    var size: Int
    var changed: Date
  }

  private let places: [URL]
  private let isWatched: @Sendable (String) -> Bool

  /// - Parameter isWatched: by path; a place that is not there yet is watched too.
  public init(_ places: [URL], isWatched: @escaping @Sendable (String) -> Bool) {
    (self.places, self.isWatched) = (places, isWatched)
  }

  /// Every file below the places with its stamp.
  public func stamps() -> [String: Stamp] {
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
  public static func words(from old: [String: Stamp], to new: [String: Stamp]) -> String {
    let names = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
    let shown = names.prefix(3).map { URL(filePath: $0).lastPathComponent }
    let rest = names.count > 3 ? " and \(names.count - 3) more" : ""
    return "changed: " + shown.joined(separator: ", ") + rest
  }
}
