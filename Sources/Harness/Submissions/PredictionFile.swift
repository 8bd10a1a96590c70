public import Foundation

/// The content of a prediction file before it is parsed, under the name that its user knows.
public struct PredictionFile: Sendable {
  public let name: String
  let data: Data

  package init(name: String, data: Data) { (self.name, self.data) = (name, data) }

  /// Lines of the predictions as they stand in the file, counted from 1, each at most 60 characters and
  /// with tabs as arrows; none where the file cannot be read as text.
  package func lines(_ numbers: Set<Int>, limits: UploadLimits) -> [Int: String] {
    guard !numbers.isEmpty, let file = try? unpacked(limits: limits),
      let text = try? SourceText(file.data, name: file.name)
    else { return [:] }
    let lines = text.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    return numbers.reduce(into: [:]) { found, number in
      guard lines.indices.contains(number - 1) else { return }
      let line = String(decoding: lines[number - 1], as: UTF8.self)
        .trimmingCharacters(in: .newlines).replacing("\t", with: " ⇥ ")
      found[number] = Diagnostic.shortened(line)
    }
  }

  /// Reads `url`; `-` is standard input.
  public init(_ url: URL) throws(HarnessError) {
    self.init(name: url.relativePath, data: try SourceText.readInput(url))
  }

  /// Of a zip the file in it that holds the predictions, otherwise the file itself.
  /// - Parameter wanted: what it is called where a zip has several.
  func unpacked(
    _ wanted: String = PredictionChoice.wassaName, limits: UploadLimits? = nil
  ) throws(HarnessError) -> PredictionFile {
    guard ZipArchive.isZip(data) else { return self }
    let entries = try ZipArchive.entries(
      of: data, name: name, maximumBytes: limits?.bytes ?? ZipArchive.maximumBytes)
    let chosen = entries[
      try PredictionChoice.choose(entries.map(\.path), name: name, file: wanted)]
    // The path stands in every fault of the file.
    return try PredictionFile(
      name: "\(name)/\(Diagnostic.shortened(chosen.path))", data: chosen.data
    ).unpacked(wanted, limits: limits)
  }

  /// Names of the columns, or the keys of the first JSON object, without parsing the rest; nil where the
  /// first line is no header. What is broken, such as a line of JSON, has no names here: the reader
  /// says what is wrong with it.
  /// - Throws: ``HarnessError/invalid(_:)`` where the file as a whole has a form that cannot be read.
  func header() throws(HarnessError) -> [String]? {
    let file = try unpacked()
    let data = file.data
    let isBlank: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    guard let start = data.firstIndex(where: { !isBlank($0) }) else { return nil }
    let end = data[start...].firstIndex(of: 0x0A) ?? data.endIndex
    let line = try SourceText(Data(data[data.startIndex..<end]), name: file.name)
    if line.bytes.contains(where: {
      [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ";")].contains($0)
    }),
      let mistake = try FormMistake.find(in: SourceText(data, name: file.name))
    {
      throw .invalid([mistake])
    }
    switch line.bytes.first(where: { !isBlank($0) }) {
    case UInt8(ascii: "["): return []
    case UInt8(ascii: "{"):
      return ((try? Documents.object(Data(line.bytes), name: name)) ?? [:]).keys.sorted()
    default:
      let format: TableFormat = line.bytes.contains(0x09) ? .tsv : .csv
      let fields = DelimitedReader.records(of: line, format: format).records.first?.fields ?? []
      guard DelimitedPredictions.isHeader(fields) else { return nil }
      return fields.map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }
}

extension SourceText {
  /// The content of the file at `url`; of standard input where it is `-`.
  static func readInput(_ url: URL) throws(HarnessError) -> Data {
    guard url.relativePath == "-" else { return try read(url) }
    do {
      return try FileHandle.standardInput.readToEnd() ?? Data()
    } catch {
      throw .system(path: "standard input", reason: "\(error)")
    }
  }
}

/// What systems are called of which only prediction files are known.
public enum SystemNames {
  /// For each path the fewest last parts that tell it from the others, without the ending of its
  /// name and without the parts that all share: `a` and `b` of `runs/a/p.tsv` and `runs/b/p.tsv`.
  /// - Parameter paths: different from each other.
  public static func distinct(_ paths: [String]) -> [String] {
    let parts = paths.map { path -> [String] in
      if path == "-" { return ["standard input"] }
      let url = URL(filePath: path)
      return url.deletingPathExtension().relativePath.split(separator: "/").map(String.init)
    }
    let longest = parts.map(\.count).max() ?? 0
    for length in 1...max(1, longest) {
      var tails = parts.map { Array($0.suffix(length)) }
      guard Set(tails).count == paths.count else { continue }
      while paths.count > 1, let last = tails[0].last,
        tails.allSatisfy({ $0.count > 1 && $0.last == last })
      {
        tails = tails.map { $0.dropLast() }
      }
      return tails.map { $0.joined(separator: "/") }
    }
    // They differ in their endings alone.
    return paths
  }
}
