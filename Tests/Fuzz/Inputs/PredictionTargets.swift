import Basics
import Foundation
import Harness
import Sample

/// The test split of the synthetic benchmark and predictions for it in every accepted form.
struct PredictionTarget: FuzzTarget {
  let seeds: [[UInt8]]
  let refusals: [ExitStatus] = [.badData]
  private let readers: [PredictionReader]
  private let limits: [UploadLimits?]

  init(_ folder: URL) throws {
    let files = folder.appending(path: "files")
    _ = try SampleGenerator(seed: 1).write(to: files)
    let definition = try BenchmarkRegistry(folder: nil).find("sample24")
    let home = DataHome(folder.appending(path: "home"))
    _ = try DatasetImporter.run(definition, from: files, into: home)
    let dataset = try home.load(definition, split: "test")
    readers = [
      PredictionReader(definition, dataset: dataset),
      PredictionReader(definition, dataset: dataset, dropMissing: true),
      PredictionReader(definition, dataset: dataset, margin: 0.5),
    ]
    limits = [nil, .forRows(dataset.rows.count)]
    let ids = dataset.rows.map(\.id)
    let values = ids.indices.map { ["\(1 + $0 % 6)", "\(7 - Double($0 % 13) / 2)"] }
    let keyed = zip(ids, values).map { [$0] + $1 }
    let objects = keyed.map { #"{"id": "\#($0[0])", "empathy": \#($0[1]), "distress": \#($0[2])}"# }
    func lines(_ rows: [[String]], _ separator: String) -> [UInt8] {
      Array(rows.map { $0.joined(separator: separator) + "\n" }.joined().utf8)
    }
    let header = [["id", "empathy", "distress"]]
    seeds = [
      lines(values, "\t"), lines(header + keyed, "\t"),
      lines((header + keyed).map { $0.map { "\"\($0)\"" } }, ","), lines(objects.map { [$0] }, ""),
    ]
  }

  func mutate(_ bytes: inout [UInt8], seed: Int, _ random: inout SplitMix64) {
    TextMutation.mutate(&bytes, &random)
  }

  func run(_ bytes: [UInt8], seed: Int) throws {
    // The reader and the limits depend on the bytes alone.
    let choice = bytes.count
    let reader = readers[choice % readers.count]
    let read = try reader.read(
      Data(bytes), name: "predictions", limits: limits[choice % limits.count])
    let columns = read.attempted.compactMap { read.values($0) }
    guard !columns.isEmpty, read.rowCount == reader.ids.count,
      columns.allSatisfy({ $0.count == read.present.count && $0.allSatisfy(\.isFinite) }),
      !read.table(ids: reader.ids).isEmpty
    else { throw FuzzFailure("accepted predictions with gaps or without finite numbers") }
  }
}

/// Those predictions, packed.
struct ZipTarget: FuzzTarget {
  let seeds: [[UInt8]]
  let refusals: [ExitStatus] = [.badData]
  private let reader: PredictionTarget

  init(_ folder: URL) throws {
    reader = try PredictionTarget(folder)
    let table = Data(reader.seeds[0])
    let notes = Data("notes".utf8)
    seeds = try [
      ZipInputs.zip([("predictions_EMP.tsv", table)]),
      ZipInputs.zip([("system/", Data()), ("system/predictions.tsv", table), ("README", notes)]),
      ZipInputs.zip([("__MACOSX/._a.tsv", notes), ("a.csv", Data(reader.seeds[2]))]),
      ZipInputs.zip((0..<98).map { ("notes/\($0)", notes) } + [("a.jsonl", Data(reader.seeds[3]))]),
    ]
  }

  func mutate(_ bytes: inout [UInt8], seed: Int, _ random: inout SplitMix64) {
    if Int.random(in: 0..<1000, using: &random) == 0, let unsound = Self.unsound {
      bytes = unsound.randomElement(using: &random) ?? bytes
    }
    ZipInputs.mutate(&bytes, &random)
  }

  /// A bomb, too many entries, and a zip in a zip.
  private static let unsound: [[UInt8]]? = try? [
    ZipInputs.zip([("predictions_EMP.tsv", Data(count: 80 << 20))]),
    ZipInputs.zip((0..<5000).map { ("\($0).tsv", Data("1\t2\n".utf8)) }),
    ZipInputs.zip([("a.tsv", Data(ZipInputs.zip([("a.tsv", Data("1\t2\n".utf8))])))]),
  ]

  func run(_ bytes: [UInt8], seed: Int) throws { try reader.run(bytes, seed: seed) }
}
