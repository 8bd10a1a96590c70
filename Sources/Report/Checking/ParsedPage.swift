import Foundation
import FoundationXML

/// What a check needs of a page: its ids, its links and whether it parses.
struct ParsedPage: Sendable {
  struct Reference: Sendable {
    let address: String
    let line: Int
    /// Whether a browser fetches it by itself: an image, a script, a stylesheet.
    let isFetched: Bool
  }

  let ids: Set<String>
  let repeatedIDs: [(id: String, line: Int)]
  let references: [Reference]
  private(set) var error: (line: Int, reason: String)?

  init(_ data: Data) {
    let parser = XMLParser(data: data)
    parser.shouldResolveExternalEntities = false
    let reader = Reader()
    parser.delegate = reader
    // On Linux `parse()` answers true for some documents that end too soon or cross their tags;
    // the error is the one to ask.
    let isParsed = parser.parse()
    if let found = parser.parserError {
      error = (parser.lineNumber, Self.words((found as NSError).code))
    } else if !isParsed {
      error = (parser.lineNumber, "the document does not parse")
    }
    (ids, repeatedIDs, references) = (reader.ids, reader.repeatedIDs, reader.references)
  }
}

extension ParsedPage {
  /// libxml2's error code in words, for those a template's author is likely to meet.
  private static func words(_ code: Int) -> String {
    let meanings = [
      4: "the document is empty", 5: "a tag is not closed, or closed by another name",
      26: "a named reference that XML does not know, such as &nbsp;",
      39: "an attribute's value without quotes", 41: "an attribute without a value",
      42: "an attribute that stands twice in one tag",
      68: "a bare < or & where a name was expected", 76: "a tag that is closed by another name",
    ]
    return "\(meanings[code] ?? "the document is not XML") (libxml2 error \(code))"
  }

  private final class Reader: NSObject, XMLParserDelegate {
    var ids: Set<String> = []
    var repeatedIDs: [(id: String, line: Int)] = []
    var references: [Reference] = []

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      if let id = attributes["id"], !ids.insert(id).inserted {
        repeatedIDs.append((id, parser.lineNumber))
      }
      func add(_ address: String, isFetched: Bool) {
        references.append(
          Reference(address: address, line: parser.lineNumber, isFetched: isFetched))
      }
      for key in ["aria-labelledby", "aria-describedby", "for"] {
        // An id that an attribute names is an anchor of its own page.
        for id in (attributes[key] ?? "").split(separator: " ") { add("#\(id)", isFetched: false) }
      }
      let isLink = name == "link"
      // A feed names its own absolute address, and a canonical address is not fetched.
      let isSilent = isLink && ["canonical", "alternate"].contains(attributes["rel"] ?? "")
      if let address = attributes["href"], !isSilent { add(address, isFetched: isLink) }
      if let address = attributes["src"] { add(address, isFetched: true) }
    }
  }
}
