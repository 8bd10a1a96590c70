import Basics
public import Foundation

/// The folder `submissions/`: `<benchmark>/<slug>/submission.json`, and `predictions.tsv` beside it
/// unless the entry is `published`.
public struct SubmissionFolder: Sendable {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// Beside the benchmarks' folders: the log of the boards.
  public static let ledgerName = BenchmarkDefinition.ledgerName

  /// One entry as it stands in the folder.
  public struct Entry: Sendable, Equatable {
    public var slug: String
    public var metadata: SubmissionMetadata
    /// Where its predictions stand; nil for a published entry, and for a withdrawn one that has
    /// none any more.
    public var predictions: URL?
  }

  /// Folders that hold something and are named as none of `benchmarks`.
  public func strangers(to benchmarks: [BenchmarkDefinition]) throws(HarnessError) -> [URL] {
    let known = Set(benchmarks.map(\.id) + [Self.ledgerName])
    var strangers: [URL] = []
    for folder in try folders(of: url) where !known.contains(folder.lastPathComponent) {
      if !(try folders(of: folder).isEmpty) { strangers.append(folder) }
    }
    return strangers
  }

  /// All entries, sorted by benchmark and slug; of `benchmarks` alone where they are given.
  /// - Throws: ``HarnessError/invalid(_:)`` with the faults of every entry; two with one digest or
  ///   with names that look alike are among them.
  public func entries(
    of benchmarks: [BenchmarkDefinition]? = nil
  ) throws(HarnessError) -> [Entry] {
    let known = benchmarks.map { Set($0.map(\.id)) }
    var entries: [Entry] = []
    var faults: [Diagnostic] = []
    for benchmark in try folders(of: url)
    where benchmark.lastPathComponent != Self.ledgerName
      && known?.contains(benchmark.lastPathComponent) ?? true
    {
      for folder in try folders(of: benchmark) {
        do throws(HarnessError) {
          entries.append(try entry(in: folder, benchmark: benchmark.lastPathComponent))
        } catch {
          try faults.take(error)
        }
      }
    }
    faults += Self.repeatedDigests(entries, in: url) + EntryNames.faults(entries, in: url)
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
      guard let digest = entry.metadata.predictionsSHA256 else {
        if entry.predictions != nil {
          let folder = url.appending(path: "\(entry.metadata.benchmark)/\(entry.slug)")
          faults.add(
            .metadata, file: folder.appending(path: "submission.json").relativePath,
            field: "predictionsSHA256", found: "no such key",
            expected: "the digest that `submit add` writes")
        }
        continue
      }
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
  /// - Returns: the folder written.
  /// - Throws: ``HarnessError/conflict(what:hint:)`` where the slug or the digest is taken.
  public func add(
    _ predictions: Predictions, dataset: Dataset, metadata: SubmissionMetadata, slug: String
  ) throws(HarnessError) -> URL {
    var metadata = metadata
    metadata.team = DisplayName.normalised(metadata.team)
    metadata.system = DisplayName.normalised(metadata.system)
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
    let entries = try entries()
    let same = entries.first { entry in
      entry.metadata.predictionsSHA256 == predictions.digest
        && entry.metadata.benchmark == metadata.benchmark && entry.metadata.split == metadata.split
    }
    if let same {
      throw .conflict(
        what: "These predictions were added already, as '\(same.slug)'",
        hint: "An entry's predictions must differ from every other's.")
    }
    let new = Entry(slug: slug, metadata: metadata, predictions: nil)
    try EntryNames.faults(entries + [new], in: url).throwErrors()
    return try put(predictions.table(ids: dataset.rows.map(\.id)), metadata: metadata, slug: slug)
  }

  /// Writes the metadata of an entry that is there.
  package func replace(_ entry: Entry) throws(HarnessError) {
    let file = url.appending(path: "\(entry.metadata.benchmark)/\(entry.slug)/submission.json")
    try HarnessError.wrapping { () throws(BasicsError) in
      try AtomicFile.write(try CanonicalJSON.document(entry.metadata), to: file)
    }
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

/// Checks a whole folder of submissions, as a pull request's check does.
public enum SubmissionCheck {
  public struct Outcome: Sendable, Equatable {
    public var entries = 0
    /// Entries whose predictions were read against their split.
    public var compared = 0
    public var published = 0
    /// Withdrawn entries whose predictions were taken away.
    public var withdrawn = 0
    /// Entries whose split is not in the data home.
    public var withoutSplit = 0
  }

  /// - Parameter benchmarks: the definitions that entries may name.
  /// - Throws: ``HarnessError/invalid(_:)`` with the faults of every entry.
  public static func run(
    _ folder: SubmissionFolder, home: DataHome, benchmarks: [BenchmarkDefinition]
  ) throws(HarnessError) -> Outcome {
    var outcome = Outcome()
    var faults: [Diagnostic] = []
    for entry in try folder.entries() {
      outcome.entries += 1
      let definition = try benchmarks.named(entry.metadata.benchmark)
      faults += entry.metadata.faults(file: entry.slug, targets: definition.targetNames)
      guard let file = entry.predictions else {
        if entry.metadata.kind == .published {
          outcome.published += 1
        } else {
          outcome.withdrawn += 1
        }
        continue
      }
      guard home.has(definition.id, entry.metadata.split) else {
        outcome.withoutSplit += 1
        continue
      }
      let dataset = try home.load(definition, split: entry.metadata.split)
      do throws(HarnessError) {
        let read = try PredictionReader(definition, dataset: dataset).read(file)
        outcome.compared += 1
        if let digest = entry.metadata.predictionsSHA256, digest != read.digest {
          faults.add(
            .metadata, file: file.relativePath, found: "digest \(read.digest.prefix(12))…",
            expected: "\(digest.prefix(12))… as submission.json says")
        }
      } catch {
        try faults.take(error)
      }
    }
    if !faults.isEmpty { throw .invalid(faults) }
    return outcome
  }
}

/// Essays of the evaluated split that also stand in a training set which a submission declares.
public struct SplitOverlap: Codable, Sendable, Equatable {
  public var slug: String
  /// `benchmark/split` as declared.
  public var trainingSet: String
  /// Rows of the evaluated split whose essay stands there too; nil where the set is not here.
  public var rows: Int?

  public var text: String {
    guard let rows else { return "\(slug): \(trainingSet) is not in the data home; not compared" }
    return "\(slug): \(rows) rows of this split have an essay of its training set \(trainingSet)"
  }

  /// Looks for the essays of `evaluated` in the training sets that `entry` declares as
  /// `benchmark/split`; other declarations can't be looked up. Sets without overlap are left out.
  public static func find(
    _ entry: SubmissionFolder.Entry, evaluated: Dataset, home: DataHome,
    benchmarks: [BenchmarkDefinition]
  ) throws(HarnessError) -> [SplitOverlap] {
    var found: [SplitOverlap] = []
    for name in entry.metadata.trainingData ?? [] {
      let parts = name.split(separator: "/").map(String.init)
      guard parts.count == 2, let definition = benchmarks.first(where: { $0.id == parts[0] }),
        definition.splitNames.contains(parts[1])
      else { continue }
      guard home.has(parts[0], parts[1]) else {
        found.append(SplitOverlap(slug: entry.slug, trainingSet: name, rows: nil))
        continue
      }
      let training = try home.load(definition, split: parts[1])
      let essays = Set(training.rows.map(\.normalisedText))
      let rows = evaluated.rows.count { essays.contains($0.normalisedText) }
      if rows > 0 { found.append(SplitOverlap(slug: entry.slug, trainingSet: name, rows: rows)) }
    }
    return found
  }
}
