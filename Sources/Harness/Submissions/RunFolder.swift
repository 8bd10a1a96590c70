public import Foundation

/// The prediction files of a training procedure's runs, one a seed.
public enum RunFolder {
  /// Every prediction file of `folder`: `*.tsv`, `*.csv`, `*.jsonl`, `*.zip` in it, or
  /// `predictions.tsv` in each folder below it, in the order of their names.
  ///
  /// - Throws: ``HarnessError/missing(path:hint:)`` where there is none, and the faults of any.
  public static func predictions(
    in folder: URL, _ reader: PredictionReader
  ) throws(HarnessError) -> [Predictions] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    } catch {
      throw .missing(path: folder.relativePath, hint: "Give a folder with one file a seed.")
    }
    var files = names.filter { name in
      ["tsv", "csv", "jsonl", "zip"].contains { name.hasSuffix("." + $0) }
    }.map { folder.appending(path: $0) }
    for name in names {
      let nested = folder.appending(path: name).appending(path: "predictions.tsv")
      if FileManager.default.fileExists(atPath: nested.path) { files.append(nested) }
    }
    if files.isEmpty {
      throw .missing(
        path: folder.relativePath + "/*.tsv", hint: "Give a folder with one prediction file a seed."
      )
    }
    var read: [Predictions] = []
    for file in files { read.append(try reader.read(file)) }
    return read
  }
}
