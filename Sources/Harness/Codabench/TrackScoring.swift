import Foundation
import Metrics

/// Several tracks of WASSA 2024 in one go, from the organisers' files.
extension ScoringProgram {
  /// A track with its labels.
  struct LabelledTrack {
    var definition: BenchmarkDefinition
    var dataset: Dataset
  }

  /// The tracks whose `goldstandard_*.tsv` stand in `ref`, in the script's order; nil where these are
  /// those of track 3 alone, or what to score was said.
  func tracks() throws(HarnessError) -> [LabelledTrack]? {
    let folder = try folder("ref", holds: "the labels")
    let paths = try files(of: folder, name: "ref")
    guard definition == nil, !paths.contains(where: { $0.hasSuffix("/dataset.json") }) else {
      return nil
    }
    var found: [(definition: BenchmarkDefinition, path: String)] = []
    for track in try WASSATrack.all() {
      let path = paths.first { $0.split(separator: "/").last ?? "" == track.goldFile }
      if let path { found.append((track, path)) }
    }
    guard found.contains(where: { $0.definition.trackName != "EMP" }) else { return nil }
    var faults: [Diagnostic] = []
    var tracks: [LabelledTrack] = []
    for (track, path) in found {
      do throws(HarnessError) {
        let file = folder.appending(path: path)
        tracks.append(try labels(of: track, SourceText.read(file), name: "ref/" + path))
      } catch {
        try faults.take(error)
      }
    }
    try faults.throwErrors()
    // The script zips the gold files, so that it reads no more rows of any than the shortest has.
    let official = tracks.map(\.dataset.rows.count).min()
    for place in tracks.indices { tracks[place].definition.splits[0].officialRows = official }
    return tracks
  }

  /// Scores the prediction file of each track that has one.
  func score(_ tracks: [LabelledTrack]) throws(HarnessError) -> Outcome {
    let files = try predictionFiles(tracks)
    var outcome = Outcome(tracks: [], wassa: "", warnings: [])
    var faults: [Diagnostic] = []
    for track in tracks {
      guard let file = files[track.definition.predictionFile] else { continue }
      do throws(HarnessError) {
        try score(track, file, into: &outcome)
      } catch {
        try faults.take(error)
      }
    }
    try faults.throwErrors()
    return outcome
  }

  private func score(
    _ track: LabelledTrack, _ file: PredictionFile, into outcome: inout Outcome
  ) throws(HarnessError) {
    let definition = track.definition
    let scorer = try Scorer(definition, dataset: track.dataset, options: options)
    let table = try table(file.data, name: file.name, definition, areLabels: false)
    let reader = PredictionReader(definition, dataset: track.dataset, margin: rule.margin)
    let predictions = try reader.align(table)
    outcome.tracks.append(
      Track(
        name: definition.trackName, title: definition.track,
        report: rule.release(try scorer.score(predictions)), targets: definition.targets))
    outcome.warnings += predictions.warnings
    let rows = definition.splits[0].officialRows ?? track.dataset.rows.count
    let figures = definition.targetNames.map { target in
      table.columns[target].map { column in
        WASSA.script(
          track.dataset.gold(target).prefix(rows).compactMap { $0 },
          Array(column.values.prefix(rows)))
      }
    }
    outcome.wassa += WASSATrack.scores(definition, figures)
  }

  // MARK: - Files

  private func labels(
    of track: BenchmarkDefinition, _ data: Data, name: String
  ) throws(HarnessError) -> LabelledTrack {
    let table = try table(data, name: name, track, areLabels: true)
    try table.faults.throwErrors()
    let split = name.split(separator: "/").last.map(String.init) ?? name
    var definition = BenchmarkDefinition.bare(split: split, like: track, clusters: [])
    definition.targets = track.targets
    let rows = (0..<table.rowCount).map { index in
      DatasetRow(id: "\(index + 1)", labels: table.columns.mapValues { $0.values[index] })
    }
    return LabelledTrack(
      definition: definition,
      dataset: Dataset(definition, split: split, rows: rows, hasGold: true))
  }

  /// The prediction files in `res`, themselves or in a zip, by the names that the organisers ask for.
  private func predictionFiles(
    _ tracks: [LabelledTrack]
  ) throws(HarnessError) -> [String: PredictionFile] {
    let folder = try folder("res", holds: "the submission")
    let paths = try files(of: folder, name: "res")
    let wanted = try WASSATrack.all().map(\.predictionFile)
    var found: [String: PredictionFile] = [:]
    func take(_ path: String, _ data: Data, in place: String) throws(HarnessError) {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      guard wanted.contains(name) else { return }
      let file = PredictionFile(name: "\(place)/\(Diagnostic.shortened(path))", data: data)
      if let other = found.updateValue(file, forKey: name) {
        throw .fault(
          .archive, file: file.name, found: "a second \(name), beside \(other.name)",
          expected: "one")
      }
    }
    for path in paths {
      let file = folder.appending(path: path)
      guard path.lowercased().hasSuffix(".zip") || wanted.contains(file.lastPathComponent) else {
        continue
      }
      try checkSize(of: file, name: "res/" + path)
      let data = try SourceText.read(file)
      if ZipArchive.isZip(data) {
        for entry in try ZipArchive.entries(of: data, name: "res/" + path) {
          try take(entry.path, entry.data, in: "res/" + path)
        }
      } else {
        try take(path, data, in: "res")
      }
    }
    guard !found.isEmpty else {
      throw .fault(
        .archive, file: "res", found: paths.isEmpty ? "no files" : paths.joined(separator: ", "),
        expected: "any of \(wanted.joined(separator: ", ")), or a zip of them")
    }
    let labelled = tracks.map(\.definition.predictionFile)
    if let other = found.keys.sorted().first(where: { !labelled.contains($0) }) {
      let gold = other.replacing("predictions", with: "goldstandard")
      throw .usage("res holds \(other), but ref does not hold its labels, \(gold).")
    }
    return found
  }

  /// A file without a header, whose first columns are the targets; as in the script, the others are
  /// left alone.
  private func table(
    _ data: Data, name: String, _ definition: BenchmarkDefinition, areLabels: Bool
  ) throws(HarnessError) -> PredictionTable {
    let (records, syntax) = DelimitedReader.records(
      of: try SourceText(data, name: name), format: .tsv)
    let targets = definition.targetNames
    var table = PredictionTable(
      name: name, ids: nil, columns: [:], lines: records.map(\.line), faults: syntax)
    if records.isEmpty {
      table.faults.add(
        .rowCount, file: name, line: 1, found: "no rows", expected: "a line a row, without a header"
      )
    }
    for record in records where record.fields.count < targets.count {
      table.faults.add(
        .fieldCount, file: name, line: record.line, found: "field".counted(record.fields.count),
        expected: "\(targets.count), tab separated: \(targets.joined(separator: ", "))")
    }
    if let first = records.first(where: { $0.fields.count > targets.count }), !areLabels {
      table.faults.add(
        .fieldCount, severity: .warning, file: name, line: first.line,
        found: "\(first.fields.count) fields",
        expected: "\(targets.count) (\(targets.joined(separator: ", "))); the others are ignored")
    }
    for (place, target) in targets.enumerated() {
      let cells = records.map { record -> Double? in
        guard place < record.fields.count else { return nil }
        return NumberSyntax.cell(
          record.fields[place], file: name, line: record.line, column: place + 1, field: nil,
          shown: areLabels ? "a label that is not shown" : nil, emptyIsFault: true,
          faults: &table.faults)
      }
      table.columns[target] = PredictionColumn(cells)
    }
    return table
  }
}
