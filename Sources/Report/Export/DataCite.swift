import Foundation
public import Harness

/// What a repository wants to know of an archive, in the form of DataCite 4.5 (JSON).
struct DataCite: Encodable {
  private let schemaVersion = "http://datacite.org/schema/kernel-4"
  private let titles, descriptions, dates: [[String: String]]
  private let creators: [ArchiveCreator]
  private let publisher, types: [String: String]
  private let publicationYear, version: String
  private let language = "en"
  private let formats = ["application/zip"]
  private let rightsList, relatedIdentifiers: [[String: String]]

  init(_ board: Board, _ record: ArchiveRecord) {
    let benchmark = board.definition
    titles = [["title": "Leaderboard of \(benchmark.title), \(board.split), on \(record.day)"]]
    creators = record.creators
    publisher = ["name": record.publisher]
    types = ["resourceTypeGeneral": "Dataset", "resourceType": "Leaderboard"]
    publicationYear = String(record.day.prefix(4))
    version = record.day
    dates = [["date": record.day, "dateType": "Created"]]
    let scores = "released scores of " + FigureText.counted(board.scored.count, "system")
    let claims = "the figures of " + FigureText.counted(board.published.count, "publication")
    let content =
      (board.scored.isEmpty ? [] : [scores]) + (board.published.isEmpty ? [] : [claims])
      + ["the metadata of the entries", "a description of the benchmark without its data"]
    let abstract =
      "The leaderboard \(board.key.path): \(content.joined(separator: ", ")). \(benchmark.description)"
    descriptions = [["descriptionType": "Abstract", "description": abstract]]
    rightsList = Self.rights(benchmark, record)
    relatedIdentifiers = Self.related(board)
  }

  /// The archive's licence, where its maker gives one. That of the data stands there in words alone: an
  /// identifier would count for the archive, which does not hold them.
  private static func rights(
    _ benchmark: BenchmarkDefinition, _ record: ArchiveRecord
  ) -> [[String: String]] {
    let own = record.licence.map { licence in
      [
        "rights": licence, "rightsIdentifier": licence, "rightsUri": SPDX.address(licence),
        "rightsIdentifierScheme": "SPDX", "schemeUri": "https://spdx.org/licenses/",
      ]
    }
    let data = "The benchmark's data, which are not in this archive: \(benchmark.licence)"
    return (own.map { [$0] } ?? []) + [["rights": data]]
  }

  /// Where the data come from, what was published of them, and the papers of the entries.
  private static func related(_ board: Board) -> [[String: String]] {
    let benchmark = board.definition
    let papers = (benchmark.papers ?? []).map(\.url) + board.entries.map(\.metadata.paperURL)
    let source = SafeText.link(benchmark.source)
    let links = papers.compactMap(SafeText.link).filter { $0 != source }.unique()
    return (source.map { [related($0, "IsDerivedFrom")] } ?? [])
      + links.map { related($0, "References") }
  }

  private static func related(_ link: String, _ relation: String) -> [String: String] {
    var (identifier, type) = (link, "URL")
    if let doi = link.wholeMatch(of: /https?:\/\/(?:dx\.)?doi\.org\/(10\..+)/) {
      (identifier, type) = (String(doi.output.1), "DOI")
    } else if let paper = link.wholeMatch(
      of: /https?:\/\/arxiv\.org\/(?:abs|pdf)\/(\d{4}\.\d+)(?:v\d+)?/)
    {
      (identifier, type) = ("arXiv:\(paper.output.1)", "arXiv")
    }
    return [
      "relatedIdentifier": identifier, "relatedIdentifierType": type, "relationType": relation,
    ]
  }
}

/// What the maker of an archive says of it.
public struct ArchiveRecord: Sendable, Equatable {
  public var creators: [ArchiveCreator]
  /// `YYYY-MM-DD`: the archive's version too.
  public var day: String
  /// Who publishes the archive.
  public var publisher: String
  /// Identifier in the SPDX list, such as CC-BY-4.0, under which the archive is published.
  public var licence: String?

  public init(
    creators: [ArchiveCreator], day: String, publisher: String = "Zenodo", licence: String? = nil
  ) {
    (self.creators, self.day, self.publisher, self.licence) = (creators, day, publisher, licence)
  }
}

/// A person or an organisation that made an archive.
public struct ArchiveCreator: Encodable, Sendable, Equatable {
  /// `Family, Given`, or an organisation's name.
  public let name: String
  private let nameType: String
  private let familyName, givenName: String?
  private let nameIdentifiers: [[String: String]]?

  /// Reads `Family, Given|ORCID`; the ORCID iD may be absent, and a name without a comma is that of an
  /// organisation.
  /// - Throws: ``HarnessError/usage(_:)`` for an empty name and an iD with a wrong check digit.
  public init(_ text: String) throws(HarnessError) {
    let parts = text.split(separator: "|", omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    let names = (parts.first ?? "").split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    guard parts.count <= 2, names.count <= 2, !names.contains("") else {
      throw .usage(
        "'\(text)' is no creator: expected 'Family, Given', 'Family, Given|ORCID' or the name of an "
          + "organisation.")
    }
    name = names.joined(separator: ", ")
    (nameType, familyName, givenName) =
      names.count == 2 ? ("Personal", names[0], names[1]) : ("Organizational", nil, nil)
    guard parts.count == 2 else {
      nameIdentifiers = nil
      return
    }
    let identifier = parts[1].replacing("https://orcid.org/", with: "")
    guard Self.isORCID(identifier) else {
      throw .usage(
        "'\(parts[1])' is no ORCID iD: expected 0000-0000-0000-0000, the last a check digit.")
    }
    nameIdentifiers = [
      [
        "nameIdentifier": "https://orcid.org/\(identifier)", "nameIdentifierScheme": "ORCID",
        "schemeUri": "https://orcid.org",
      ]
    ]
  }

  /// Whether the check digit fits (ISO 7064, MOD 11-2).
  private static func isORCID(_ text: String) -> Bool {
    guard text.wholeMatch(of: /(?:\d{4}-){3}\d{3}[\dX]/) != nil else { return false }
    let digits = text.compactMap(\.wholeNumberValue).prefix(15)
    let sum = digits.reduce(0) { ($0 + $1) * 2 % 11 }
    let check = (12 - sum) % 11
    return text.last == (check == 10 ? "X" : Character("\(check)"))
  }
}

/// Licences by their identifiers in the SPDX list.
enum SPDX {
  /// The identifier of a Creative Commons licence that `text` names, as `CC BY 4.0`.
  static func identifier(in text: String) -> String? {
    text.firstMatch(of: /CC0-1\.0|CC[ \-]BY(?:[ \-](?:NC|SA|ND))*[ \-]\d\.\d/)
      .map { String($0.output).replacing(" ", with: "-") }
  }

  static func address(_ identifier: String) -> String {
    "https://spdx.org/licenses/\(identifier).html"
  }
}
