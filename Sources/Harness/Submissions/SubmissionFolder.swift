import Basics
public import Foundation

/// The folder `submissions/`: `<benchmark>/<slug>/submission.json`, and `predictions.tsv` beside it
/// unless the entry is `published`.
public struct SubmissionFolder: Sendable {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// One entry as it stands in the folder.
  public struct Entry: Sendable, Equatable {
    public var slug: String
    public var metadata: SubmissionMetadata
    /// Where its predictions stand; nil for a published entry, and for a withdrawn one that has
    /// none any more.
    public var predictions: URL?
  }

  /// All entries, sorted by benchmark and slug.
  ///
  /// - Throws: ``HarnessError/invalid(_:)`` with the faults of every entry: metadata that can't be
  ///   read or contradicts its folder, missing predictions, two entries with one digest.
  public func entries() throws(HarnessError) -> [Entry] {
    var entries: [Entry] = []
    var faults: [Diagnostic] = []
    for benchmark in try folders(of: url) {
      for folder in try folders(of: benchmark) {
        do throws(HarnessError) {
          entries.append(try entry(in: folder, benchmark: benchmark.lastPathComponent))
        } catch {
          guard case .invalid(let more) = error else { throw error }
          faults += more
        }
      }
    }
    faults += Self.repeatedDigests(entries, in: url)
    if !faults.isEmpty { throw .invalid(faults) }
    return entries
  }

  private func entry(in folder: URL, benchmark: String) throws(HarnessError) -> Entry {
    let file = folder.appending(path: "submission.json")
    let slug = folder.lastPathComponent
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw .fault(
        .metadata, file: file.relativePath, found: "no file", expected: "submission.json")
    }
    let metadata = try Documents.decode(SubmissionMetadata.self, from: file)
    var faults = metadata.faults(file: file.relativePath)
    if metadata.benchmark != benchmark {
      faults.add(
        .metadata, file: file.relativePath, field: "benchmark", found: metadata.benchmark,
        expected: "\(benchmark), as the folder is named")
    }
    if !Slug.isValid(slug) {
      faults.add(
        .metadata, file: folder.relativePath, found: slug,
        expected: "a folder name of lower case letters, digits and -")
    }
    let predictions = folder.appending(path: "predictions.tsv")
    let present = FileManager.default.fileExists(atPath: predictions.path)
    let wanted = metadata.kind != .published
    let mayLack = metadata.withdrawal != nil
    if present != wanted && !(wanted && mayLack) {
      faults.add(
        .metadata, file: predictions.relativePath, found: present ? "a file" : "no file",
        expected: wanted
          ? "predictions.tsv" : "no predictions: a published entry has claimed scores alone")
    }
    if !faults.isEmpty { throw .invalid(faults) }
    return Entry(slug: slug, metadata: metadata, predictions: present ? predictions : nil)
  }

  private func folders(of folder: URL) throws(HarnessError) -> [URL] {
    guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(
        at: folder, includingPropertiesForKeys: [.isDirectoryKey], options: [.skipsHiddenFiles]
      ).filter { url in
        (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) ?? false
      }.sorted { $0.lastPathComponent < $1.lastPathComponent }
    } catch {
      throw .system(path: folder.relativePath, reason: error.localizedDescription)
    }
  }

  private static func repeatedDigests(_ entries: [Entry], in url: URL) -> [Diagnostic] {
    var seen: [String: Entry] = [:]
    var faults: [Diagnostic] = []
    for entry in entries {
      guard let digest = entry.metadata.predictionsSHA256 else { continue }
      let key = "\(entry.metadata.benchmark)/\(entry.metadata.split)/\(digest)"
      if let first = seen[key] {
        faults.add(
          .duplicate,
          file: url.appending(path: "\(entry.metadata.benchmark)/\(entry.slug)").relativePath,
          found: "the predictions of \(first.slug)",
          expected: "predictions that no other entry has")
      }
      seen[key] = seen[key] ?? entry
    }
    return faults
  }

  /// Adds an entry: checked predictions in a normal form, and its metadata with their digest.
  ///
  /// - Returns: the folder written.
  /// - Throws: ``HarnessError/conflict(what:hint:)`` where the slug or the digest is taken.
  public func add(
    _ predictions: Predictions, dataset: Dataset, metadata: SubmissionMetadata, slug: String
  ) throws(HarnessError) -> URL {
    var metadata = metadata
    metadata.predictionsSHA256 = predictions.digest
    metadata.targets = predictions.attempted
    let faults = metadata.faults(file: "submission.json", targets: dataset.targets)
    if !faults.isEmpty { throw .invalid(faults) }
    guard Slug.isValid(slug) else {
      throw .usage("'\(slug)' is no slug: use lower case letters, digits and -, at most 80.")
    }
    let target = url.appending(path: metadata.benchmark).appending(path: slug)
    if FileManager.default.fileExists(atPath: target.path) {
      throw .conflict(
        what: "There is an entry named '\(slug)' in \(metadata.benchmark) already",
        hint: "Choose another name with --slug.")
    }
    let same = try entries().first { entry in
      entry.metadata.predictionsSHA256 == predictions.digest
        && entry.metadata.benchmark == metadata.benchmark && entry.metadata.split == metadata.split
    }
    if let same {
      throw .conflict(
        what: "These predictions were added already, as '\(same.slug)'",
        hint: "An entry's predictions must differ from every other's.")
    }
    return try put(predictions.table(ids: dataset.rows.map(\.id)), metadata: metadata, slug: slug)
  }

  /// Writes an entry that was checked elsewhere, in the place of one of the same name.
  ///
  /// It is written whole under a hidden name, then moved: a reader never sees half an entry.
  package func put(
    _ predictions: Data, metadata: SubmissionMetadata, slug: String
  ) throws(HarnessError) -> URL {
    let target = url.appending(path: metadata.benchmark).appending(path: slug)
    let staging = url.appending(path: metadata.benchmark).appending(path: ".\(slug).part")
    try? FileManager.default.removeItem(at: staging)
    do throws(BasicsError) {
      try AtomicFile.write(predictions, to: staging.appending(path: "predictions.tsv"))
      try AtomicFile.write(
        try CanonicalJSON.document(metadata), to: staging.appending(path: "submission.json"))
      try AtomicFile.replaceFolder(target, with: staging)
    } catch {
      try? FileManager.default.removeItem(at: staging)
      throw HarnessError(error)
    }
    return target
  }
}
