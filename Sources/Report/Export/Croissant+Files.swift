import Foundation
import Harness

/// What a data home knows of a benchmark's files, as far as it may be told.
struct BenchmarkFacts {
  /// SHA-256 by file name.
  var digests: [String: String] = [:]
  /// Where open files are downloaded.
  var addresses: [String: URL] = [:]
  /// Splits without labels.
  var blind: Set<String> = []

  /// - Parameter hidden: splits whose labels are guarded. A digest of a file with labels would let
  ///   anybody who lacks only these try guesses against it.
  init(
    _ benchmark: BenchmarkDefinition, manifest: DataHome.Manifest?, hidden: Set<String>
  ) throws {
    blind = Set((manifest?.splits ?? []).filter { !$0.hasGold }.map(\.name))
    digests = manifest?.sources ?? [:]
    let derived = benchmark.derived
    let isDerivedHidden = derived?.splits.contains { hidden.contains($0.name) } ?? false
    for split in benchmark.splits
    where hidden.contains(split.name) || isDerivedHidden && derived?.from == split.name {
      digests[split.gold?.file ?? split.file] = nil
    }
    guard FetchList.names.contains(benchmark.id) else { return }
    for file in try FetchList.shipped(benchmark.id).files {
      guard manifest?.sources[file.path] ?? file.sha256 == file.sha256 else { continue }
      (digests[file.path], addresses[file.path]) = (file.sha256, file.url)
    }
  }
}

extension Croissant {
  /// A file: a `FileObject` where everybody may download it, else a `FileSet` of this one name, which has
  /// no address.
  struct Resource: Encodable {
    /// Whether everybody may download it.
    let isOpen: Bool
    let name: String
    private let description, encodingFormat: String
    private let contentUrl, includes, sha256: String?

    private enum CodingKeys: String, CodingKey {
      case type = "@type"
      case id = "@id"
      case name, description, encodingFormat, contentUrl, includes, sha256
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(isOpen ? "cr:FileObject" : "cr:FileSet", forKey: .type)
      try container.encode(name, forKey: .id)
      try container.encode(name, forKey: .name)
      try container.encode(description, forKey: .description)
      try container.encode(encodingFormat, forKey: .encodingFormat)
      try container.encodeIfPresent(contentUrl, forKey: .contentUrl)
      try container.encodeIfPresent(includes, forKey: .includes)
      try container.encodeIfPresent(sha256, forKey: .sha256)
    }

    static func all(of benchmark: BenchmarkDefinition, data: BenchmarkFacts) -> [Resource] {
      var resources: [Resource] = []
      func add(_ file: String, _ format: TableFormat, _ description: String) {
        guard !resources.contains(where: { $0.name == file }) else { return }
        let address = data.addresses[file]?.absoluteString
        let how =
          switch format {
          case .csv, .tsv, .jsonl: ""
          case .csvBackslash: " A quote inside a field is written \\\"."
          }
        let place = address == nil ? " Not in this archive; see the source of the data." : ""
        resources.append(
          Resource(
            isOpen: address != nil, name: file, description: description + how + place,
            encodingFormat: format.mediaType,
            contentUrl: address, includes: address == nil ? file : nil, sha256: data.digests[file]))
      }
      for split in benchmark.splits {
        let rows = split.rows.map { ", \(benchmark.rowNoun.counted($0))" } ?? ""
        add(split.file, split.format, "Split \(split.name)\(rows).")
        if let gold = split.gold {
          let columns = gold.positions.sorted { $0.value < $1.value }
            .map { "column \($0.value) \($0.key)" }.joined(separator: ", ")
          add(
            gold.file, gold.format,
            "Labels of split \(split.name) in the order of its rows, without a header: \(columns).")
        }
        if let attributes = split.attributes {
          add(
            attributes.file, attributes.format,
            "Attributes of split \(split.name), joined by \(attributes.key).")
        }
      }
      return resources
    }
  }
}

extension Croissant {
  /// The rows of a file, by their columns.
  struct RecordSet: Encodable {
    private let type = "cr:RecordSet"
    private let id, name, description: String
    private let key: [Reference]?
    private let field: [Field]

    private enum CodingKeys: String, CodingKey {
      case type = "@type"
      case id = "@id"
      case name, description, key, field
    }

    private struct Reference: Encodable {
      var id: String

      enum CodingKeys: String, CodingKey { case id = "@id" }
    }

    private struct Field: Encodable {
      private let type = "cr:Field"
      let id, name: String
      var description: String
      let dataType: String
      let source: Source

      private enum CodingKeys: String, CodingKey {
        case type = "@type"
        case id = "@id"
        case name, description, dataType, source
      }
    }

    private struct Source: Encodable {
      var fileObject, fileSet: Reference?
      var extract: [String: String]
    }

    private init(
      _ name: String, _ description: String, of resource: Resource, key: [String],
      _ columns: Columns
    ) {
      (id, self.name, self.description) = (name, name, description)
      let file = Reference(id: resource.name)
      field = columns.all.map { column in
        Field(
          id: "\(name)/\(column.name)", name: column.name,
          description: column.meanings.joined(separator: "; "), dataType: column.type,
          source: Source(
            fileObject: resource.isOpen ? file : nil, fileSet: resource.isOpen ? nil : file,
            extract: ["column": column.name]))
      }
      self.key = key.isEmpty ? nil : key.map { Reference(id: "\(name)/\($0)") }
    }

    /// Columns by name; one that has several uses stands once.
    private struct Columns {
      var all: [(name: String, type: String, meanings: [String])] = []

      mutating func add(_ name: String?, _ type: String, _ meaning: String) {
        guard let name else { return }
        if let place = all.firstIndex(where: { $0.name == name }) {
          all[place].meanings.append(meaning)
        } else {
          all.append((name, type, [meaning]))
        }
      }

      mutating func addAttributes(_ benchmark: BenchmarkDefinition, _ names: [String: String]?) {
        for attribute in benchmark.attributeNames {
          let group = benchmark.groups.first { $0.attribute == attribute }
          let codes = group?.codes?.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
          let meaning = [attribute] + (codes.map { [$0.joined(separator: ", ")] } ?? [])
          add(
            names?[attribute], group?.edges == nil ? "sc:Text" : "sc:Float",
            meaning.joined(separator: ": "))
        }
      }
    }

    /// The rows of a split, and those of its attributes where they have a file of their own.
    static func all(
      of split: BenchmarkDefinition.SplitSource, _ benchmark: BenchmarkDefinition, isBlind: Bool,
      _ resources: [Resource]
    ) -> [RecordSet] {
      func resource(_ file: String) -> Resource? { resources.first { $0.name == file } }
      let map = benchmark.columns(for: split)
      var columns = Columns()
      let ids = map.id ?? []
      let part = ids.count > 1 ? "part of a row's id" : "the row's id"
      for name in ids { columns.add(name, "sc:Text", part) }
      columns.add(map.text, "sc:Text", "what a person wrote")
      for cluster in benchmark.clusters {
        columns.add(
          map.clusters?[cluster], "sc:Text", "\(cluster): rows of one are resampled together")
      }
      for target in benchmark.targets where split.gold == nil && !isBlind {
        let items = split.items?[target.name] ?? target.items
        let mean = items.map { ", the mean of \($0) items" } ?? ""
        columns.add(
          map.targets?[target.name], "sc:Float",
          "\(target.title), \(SVG.number(target.low)) to \(SVG.number(target.high))\(mean)")
      }
      if split.attributes == nil { columns.addAttributes(benchmark, map.attributes) }
      var sets: [RecordSet] = []
      if let file = resource(split.file) {
        let derived = benchmark.derived.flatMap { derived in
          derived.from == split.name
            ? "; \(derived.splits.map(\.name).joined(separator: ", ")) are made from it by a hash of "
              + "\(derived.by ?? benchmark.rowNoun)" : nil
        }
        let only = (split.only ?? [:]).sorted { $0.key < $1.key }
          .map { ", the rows with \($0.value) in \($0.key)" }.joined()
        sets.append(
          RecordSet(
            split.name, "Split \(split.name)\(only)\(derived ?? "").", of: file,
            key: map.id ?? [], columns))
      }
      if let attributes = split.attributes, let file = resource(attributes.file) {
        var columns = Columns()
        columns.add(attributes.key, "sc:Text", benchmark.clusters.first ?? "key")
        columns.addAttributes(benchmark, map.attributes)
        sets.append(
          RecordSet(
            "\(split.name)-attributes", "Attributes of split \(split.name); rows may repeat.",
            of: file, key: [], columns))
      }
      return sets
    }
  }
}

extension TableFormat {
  fileprivate var mediaType: String {
    switch self {
    case .csv, .csvBackslash: "text/csv"
    case .tsv: "text/tab-separated-values"
    case .jsonl: "application/jsonlines"
    }
  }
}
