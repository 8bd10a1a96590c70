import Foundation
import Harness

/// A benchmark in the terms of Croissant 1.1 and its vocabulary for responsible AI (JSON-LD): its files,
/// what their columns mean, how the labels came about. It holds nothing of the data.
struct Croissant: Encodable {
  private let context = Term.context
  private let type = "sc:Dataset"
  private let conformsTo = [
    "http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0",
  ]
  private let name, description: String
  private let url: String?
  private let license: [Licence]
  private let creator: [Creator]?
  private let datePublished, citeAs: String?
  private let distribution: [Resource]
  private let recordSet: [RecordSet]
  private let collection, annotationsPerItem: String?
  private let annotation, machineTools, limitations, personalInformation: [String]?

  private enum CodingKeys: String, CodingKey {
    case context = "@context"
    case type = "@type"
    case conformsTo, name, description, url, license, creator, datePublished, citeAs
    case distribution, recordSet
    case collection = "rai:dataCollection"
    case annotation = "rai:dataAnnotationProtocol"
    case annotationsPerItem = "rai:annotationsPerItem"
    case machineTools = "rai:machineAnnotationTools"
    case limitations = "rai:dataLimitations"
    case personalInformation = "rai:personalSensitiveInformation"
  }

  /// - Parameters:
  ///   - data: what is known of the files here.
  ///   - labellers: language models whose labels the board's entries say they used.
  init(_ benchmark: BenchmarkDefinition, data: BenchmarkFacts, labellers: [String]) {
    name = benchmark.title
    description =
      "\(benchmark.description) This describes the data and holds none of them. Source: "
      + "\(benchmark.source)"
    url = SafeText.link(benchmark.source)
    license = [Licence(benchmark.licence)]
    let paper = benchmark.papers?.first
    creator = paper?.authors.map(Creator.init)
    datePublished = paper.map { "\($0.year)" }
    citeAs = paper?.citation
    let resources = Resource.all(of: benchmark, data: data)
    distribution = resources
    recordSet = benchmark.splits.flatMap { split in
      RecordSet.all(of: split, benchmark, isBlind: data.blind.contains(split.name), resources)
    }
    let statement = benchmark.statement
    collection = statement?.collection
    annotation = statement?.annotation.map { [$0] }
    annotationsPerItem = statement?.annotationsPerItem
    personalInformation = statement?.personalInformation
    machineTools =
      labellers.isEmpty
      ? nil : labellers.map { "\($0): labels that entries of the leaderboard say they used" }
    limitations = benchmark.quirks.isEmpty ? nil : benchmark.quirks
  }
}

extension BenchmarkDefinition.Paper {
  /// Authors, year, title and address in one line.
  var citation: String {
    "\(authors.joined(separator: "; ")) (\(year)): \(title)." + (url.map { " \($0)" } ?? "")
  }
}

/// What a context maps a word to.
private enum Term: Encodable {
  case name(String)
  case typed(String, as: String)
  case container(String)

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .name(let name): try name.encode(to: encoder)
    case .typed(let id, let type): try ["@id": id, "@type": type].encode(to: encoder)
    case .container(let kind): try ["@container": kind].encode(to: encoder)
    }
  }

  /// The context that Croissant 1.1 gives.
  static let context: [String: Term] = {
    let own = [
      "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field",
      "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset",
      "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
      "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
    ]
    var terms = Dictionary(uniqueKeysWithValues: own.map { ($0, Term.name("cr:\($0)")) })
    terms["@language"] = .name("en")
    terms["@vocab"] = .name("https://schema.org/")
    terms["sc"] = .name("https://schema.org/")
    terms["cr"] = .name("http://mlcommons.org/croissant/")
    terms["rai"] = .name("http://mlcommons.org/croissant/RAI/")
    terms["dct"] = .name("http://purl.org/dc/terms/")
    terms["conformsTo"] = .name("dct:conformsTo")
    terms["data"] = .typed("cr:data", as: "@json")
    terms["examples"] = .typed("cr:examples", as: "@json")
    terms["dataType"] = .typed("cr:dataType", as: "@vocab")
    terms["name"] = .container("@language")
    terms["description"] = .container("@language")
    return terms
  }()
}

/// A licence's page where the text names one that has an SPDX identifier, else its text.
private enum Licence: Encodable {
  case page(String)
  case text(String)

  init(_ text: String) {
    self = SPDX.identifier(in: text).map { .page(SPDX.address($0)) } ?? .text(text)
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .page(let address): try address.encode(to: encoder)
    case .text(let text):
      try ["@type": "sc:CreativeWork", "name": text].encode(to: encoder)
    }
  }
}

private struct Creator: Encodable {
  private let type = "sc:Person"
  private let name: String

  private enum CodingKeys: String, CodingKey {
    case type = "@type"
    case name
  }

  /// - Parameter name: `Family, Given`.
  init(_ name: String) {
    self.name = name.split(separator: ",", maxSplits: 1).reversed()
      .map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
  }
}
