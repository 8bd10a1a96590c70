import Basics
public import Foundation
import Glibc

/// The folder that holds imported data: one folder a benchmark, in the project's normal form.
///
/// `<home>/<benchmark>/<split>.csv` (RFC 4180, UTF-8) and `<home>/<benchmark>/dataset.json` with
/// digests. Files that hold labels are readable by their owner alone.
public struct DataHome: Sendable {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// `--data`, else `INVITRO_DATA`, else `./data`.
  public init(option: String?, environment: [String: String]) {
    let path = option ?? environment["INVITRO_DATA"] ?? "data"
    self.init(URL(filePath: path, directoryHint: .isDirectory))
  }

  /// The benchmarks that are known here by their ids.
  public var benchmarks: BenchmarkRegistry { BenchmarkRegistry(folder: url) }

  /// Where the definition of the benchmark `id` is kept.
  public func definitionURL(_ id: String) -> URL {
    BenchmarkRegistry.definitionURL(id, in: url)
  }

  func folder(_ benchmark: String) -> URL {
    url.appending(path: benchmark, directoryHint: .isDirectory)
  }

  func manifestURL(_ benchmark: String) -> URL { folder(benchmark).appending(path: "dataset.json") }

  /// Makes the folder, for its owner alone; one that is there stays as it is.
  public func create() throws(HarnessError) {
    try HarnessError.wrapping { () throws(BasicsError) in
      try AtomicFile.createFolder(url, permissions: 0o700)
    }
  }

  /// The key of digests that are shown and must not be guessed, such as those of hidden labels: 32 bytes at random, made once.
  public func releaseKey() throws(HarnessError) -> Data {
    let file = url.appending(path: "release.key")
    if let key = try? Data(contentsOf: file), key.count == 32 { return key }
    var generator = SystemRandomNumberGenerator()
    let key = Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
    return try HarnessError.wrapping { () throws(BasicsError) in
      try AtomicFile.write(key, to: file, permissions: 0o600)
      return key
    }
  }

  package func splitURL(_ benchmark: String, _ split: String) -> URL {
    folder(benchmark).appending(path: "\(split).csv")
  }

  /// What `dataset.json` says of an imported benchmark.
  public struct Manifest: Codable, Sendable, Equatable {
    public var schema: Int = 1
    public var benchmark: String
    public var splits: [Split]
    /// The organisers' files it was made from, with their SHA-256 digests.
    public var sources: [String: String]
    /// What was changed after the import, in words.
    public var repairs: [String]
    /// The definition that the splits were imported with.
    public var definition: DefinitionRecord?

    public struct Split: Codable, Sendable, Equatable {
      public var name: String
      public var rows: Int
      public var hasGold: Bool
      /// SHA-256 of the split's file.
      public var sha256: String
    }
  }

  /// The manifest of `benchmark`, or nil where it is not imported.
  public func manifest(_ benchmark: String) throws(HarnessError) -> Manifest? {
    let url = manifestURL(benchmark)
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    return try Documents.decode(Manifest.self, from: url)
  }

  /// Whether `split` of `benchmark` is here, with or without gold.
  public func has(_ benchmark: String, _ split: String) -> Bool {
    FileManager.default.fileExists(atPath: splitURL(benchmark, split).path)
  }

  /// Tells whether a split's files were replaced or written to; cheap enough to ask for each request.
  package struct Stamp: Hashable, Sendable {
    private var files: [File?]

    private struct File: Hashable, Sendable {
      var number, size, seconds, nanoseconds: Int
    }

    fileprivate init(_ urls: [URL]) {
      files = urls.map { url in
        // FileManager would look up the names of owner and group too.
        var facts = stat()
        guard stat(url.path, &facts) == 0 else { return nil }
        return File(
          number: Int(facts.st_ino), size: Int(facts.st_size),
          seconds: facts.st_mtim.tv_sec, nanoseconds: facts.st_mtim.tv_nsec)
      }
    }
  }

  package func stamp(_ benchmark: String, _ split: String) -> Stamp {
    Stamp([splitURL(benchmark, split), manifestURL(benchmark)])
  }

  /// The split as it was imported.
  /// - Throws: ``HarnessError/missing(path:hint:)`` where it is not imported, and
  ///   ``HarnessError/invalid(_:)`` where the file is not what the manifest says.
  public func load(
    _ definition: BenchmarkDefinition, split: String
  ) throws(HarnessError) -> Dataset {
    try definition.checkSplit(split)
    let url = splitURL(definition.id, split)
    guard let manifest = try manifest(definition.id),
      let entry = manifest.splits.first(where: { $0.name == split })
    else { throw .missing(path: url.relativePath, hint: Self.hint(definition)) }
    try checkDefinition(definition, manifest, split: split)
    let data = try SourceText.read(url)
    let digest = Digest.sha256(data)
    guard digest == entry.sha256 else {
      throw .fault(
        .metadata, file: url.relativePath, found: "SHA-256 \(digest.prefix(12))…",
        expected: "\(entry.sha256.prefix(12))… as imported; import the benchmark again")
    }
    return try NormalForm.read(
      SourceText(data, name: url.relativePath), definition, split: split, hasGold: entry.hasGold)
  }

  /// Every imported split of a benchmark.
  public func loadAll(_ definition: BenchmarkDefinition) throws(HarnessError) -> [Dataset] {
    try (manifest(definition.id)?.splits ?? []).map { split throws(HarnessError) in
      try load(definition, split: split.name)
    }
  }

  static func hint(_ definition: BenchmarkDefinition) -> String {
    switch definition.id {
    case "sample24": "Make it with `invitro data sample`."
    case "newsemp18": "Get it with `invitro data fetch newsemp18`."
    default:
      "Import it with `invitro data import \(definition.id) --from DIR`, DIR being the folder "
        + "with the organisers' files (\(definition.source))."
    }
  }

  /// Writes `datasets` and their manifest; what stood there before is replaced.
  public func save(
    _ datasets: [Dataset], of benchmark: String, sources: [String: String], repairs: [String] = [],
    definition: DefinitionRecord? = nil
  ) throws(HarnessError) -> Manifest {
    try create()
    var manifest = Manifest(
      benchmark: benchmark, splits: [], sources: sources, repairs: repairs, definition: definition)
    do throws(BasicsError) {
      try AtomicFile.createFolder(folder(benchmark), permissions: 0o700)
      for dataset in datasets {
        let data = NormalForm.data(dataset)
        try AtomicFile.write(data, to: splitURL(benchmark, dataset.split), permissions: 0o600)
        manifest.splits.append(
          Manifest.Split(
            name: dataset.split, rows: dataset.rows.count, hasGold: dataset.hasGold,
            sha256: Digest.sha256(data)))
      }
      // The manifest comes last: until it is there, the old digests refuse the new files.
      let document = try CanonicalJSON.document(manifest)
      try AtomicFile.write(document, to: manifestURL(benchmark), permissions: 0o600)
    } catch {
      throw HarnessError(error)
    }
    return manifest
  }

}

/// Checks that a data home holds what was imported.
public enum DataHomeCheck {
  public struct Result: Codable, Sendable, Equatable {
    public var benchmark, split: String
    public var isSound: Bool
    public var text: String
  }

  /// One result an imported split: digest, row count, and that only its owner can read it.
  public static func run(
    _ home: DataHome, definitions: [BenchmarkDefinition]
  ) throws(HarnessError) -> [Result] {
    var results: [Result] = []
    for definition in definitions {
      let splits = try home.manifest(definition.id)?.splits ?? []
      results += splits.map { check($0, definition, home) }
    }
    return results
  }

  private static func check(
    _ split: DataHome.Manifest.Split, _ definition: BenchmarkDefinition, _ home: DataHome
  ) -> Result {
    func result(_ isSound: Bool, _ text: String) -> Result {
      Result(benchmark: definition.id, split: split.name, isSound: isSound, text: text)
    }
    do throws(HarnessError) {
      let dataset = try home.load(definition, split: split.name)
      guard dataset.rows.count == split.rows else {
        return result(false, "\(dataset.rows.count) rows, expected \(split.rows)")
      }
      let path = home.splitURL(definition.id, split.name).path
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
      guard mode & 0o077 == 0 else {
        return result(false, "others can read it (mode \(String(mode, radix: 8))); chmod 600")
      }
      return result(true, "\(split.rows) rows, \(split.hasGold ? "gold" : "blind"), digest matches")
    } catch {
      return result(false, error.description)
    }
  }
}
