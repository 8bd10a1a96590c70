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

  private(set) var ids: Set<String> = []
  private(set) var repeatedIDs: [(id: String, line: Int)] = []
  private(set) var references: [Reference] = []
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
    ids = reader.ids
    repeatedIDs = reader.repeatedIDs
    references = reader.references
  }
}

extension ParsedPage {
  /// libxml2's error code in words, for those a template's author is likely to meet.
  private static func words(_ code: Int) -> String {
    let meaning =
      switch code {
      case 4: "the document is empty"
      case 5: "a tag is not closed, or closed by another name"
      case 26: "a named reference that XML does not know, such as &nbsp;"
      case 39: "an attribute's value without quotes"
      case 41: "an attribute without a value"
      case 42: "an attribute that stands twice in one tag"
      case 68: "a bare < or & where a name was expected"
      case 76: "a tag that is closed by another name"
      default: "the document is not XML"
      }
    return "\(meaning) (libxml2 error \(code))"
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
      for key in ["aria-labelledby", "aria-describedby", "for"] {
        // An id that an attribute names is an anchor of its own page.
        for id in (attributes[key] ?? "").split(separator: " ") {
          references.append(Reference(address: "#\(id)", line: parser.lineNumber, isFetched: false))
        }
      }
      if let address = attributes["href"] {
        let relation = attributes["rel"] ?? ""
        let isFetched = name == "link" && relation != "canonical" && relation != "alternate"
        // A feed names its own absolute address, and a canonical address is not fetched.
        if name != "link" || isFetched {
          references.append(
            Reference(address: address, line: parser.lineNumber, isFetched: isFetched))
        }
      }
      if let address = attributes["src"] {
        references.append(Reference(address: address, line: parser.lineNumber, isFetched: true))
      }
    }
  }
}
