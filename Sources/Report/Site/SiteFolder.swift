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
  /// Marks a folder as a built site and holds the fingerprints of its pages.
  static let manifestName = ".invitro-site.json"

  let target: URL
  private let draft: URL
  private let made = Mutex<Set<String>>([])

  /// Starts a draft beside `target`; `target` must be absent, empty or an earlier build.
  init(target: URL) throws(ReportError) {
    self.target = target.standardizedFileURL
    try Self.checkReplaceable(self.target)
    let parent = self.target.deletingLastPathComponent()
    let name = ".\(self.target.lastPathComponent).building-\(getpid())"
    draft = parent.appending(path: name)
    do {
      try? FileManager.default.removeItem(at: draft)
      try FileManager.default.createDirectory(at: draft, withIntermediateDirectories: true)
    } catch {
      throw .notWritable(path: draft.path, reason: "\(error)")
    }
  }

  static func checkReplaceable(_ target: URL) throws(ReportError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: target.path, isDirectory: &isFolder) else {
      return
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: target.path)) ?? ["?"]
    guard isFolder.boolValue, names.isEmpty || names.contains(manifestName) else {
      throw .notASite(path: target.path)
    }
  }

  /// Writes `data` to `path` below the draft.
  func write(_ data: Data, to path: String) throws(ReportError) {
    let file = try place(for: path)
    do {
      try data.write(to: file)
    } catch {
      throw .notWritable(path: file.path, reason: "\(error)")
    }
  }

  /// Takes `path` over from the present build; false where that cannot be done.
  func keep(_ path: String) throws(ReportError) -> Bool {
    let file = try place(for: path)
    return link(target.appending(path: path).path, file.path) == 0
  }

  /// Puts the draft in the place of the target.
  func swapIn() throws(ReportError) {
    do throws(BasicsError) { try AtomicFile.replaceFolder(target, with: draft) } catch {
      throw .notWritable(path: target.path, reason: error.description)
    }
  }

  /// Removes the draft; the target stays as it was.
  func discard() { try? FileManager.default.removeItem(at: draft) }

  private func place(for path: String) throws(ReportError) -> URL {
    let file = draft.appending(path: path)
    let folder = file.deletingLastPathComponent()
    do {
      // Under the lock: a second writer must not go on before the first has made the folder.
      try made.withLock { made in
        guard made.insert(folder.path).inserted else { return }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      }
    } catch {
      throw .notWritable(path: folder.path, reason: "\(error)")
    }
    return file
  }
}
