import Basics
import Foundation
import Glibc
import Synchronization

/// The folder that a build writes: first beside its place under a temporary name, then swapped in
/// as a whole, so that a reader never meets half a site.
///
/// Files are not synced one by one: a site can always be built again, and ten thousand syncs take
/// longer than the build.
final class SiteFolder: Sendable {
  /// Marks a folder as a built site.
  static let markerName = ".invitro-site.json"

  let target: URL
  private let draft: URL
  private let made = Mutex<Set<String>>([])

  /// Starts a draft beside `target`; `target` must be absent, empty or an earlier build.
  init(target: URL) throws(ReportError) {
    self.target = target.standardizedFileURL
    try Self.checkReplaceable(self.target)
    let parent = self.target.deletingLastPathComponent()
    draft = parent.appending(path: ".\(self.target.lastPathComponent).building-\(getpid())")
    try? FileManager.default.removeItem(at: draft)
    try write(Data("{\"schema\": 2}\n".utf8), to: Self.markerName)
  }

  private static func checkReplaceable(_ target: URL) throws(ReportError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: target.path, isDirectory: &isFolder) else {
      return
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: target.path)) ?? ["?"]
    guard isFolder.boolValue, names.isEmpty || names.contains(markerName) else {
      throw .notASite(path: target.path)
    }
  }

  /// Writes `data` to `path` below the draft.
  func write(_ data: Data, to path: String) throws(ReportError) {
    let file = draft.appending(path: path)
    let folder = file.deletingLastPathComponent()
    do {
      // Under the lock: a second writer must not go on before the first has made the folder.
      try made.withLock { made in
        guard made.insert(folder.path).inserted else { return }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      }
      try data.write(to: file)
    } catch {
      throw .notWritable(path: file.path, reason: "\(error)")
    }
  }

  /// Puts the draft in the place of the target.
  func swapIn() throws(ReportError) {
    do {
      try AtomicFile.replaceFolder(target, with: draft)
    } catch {
      throw .notWritable(path: target.path, reason: "\(error)")
    }
  }

  /// Removes the draft; the target stays as it was.
  func discard() { try? FileManager.default.removeItem(at: draft) }
}
