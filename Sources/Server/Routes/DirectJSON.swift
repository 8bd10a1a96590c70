import Foundation
package import Harness
import Metrics

/// JSON that is written down directly, byte for byte what `CanonicalJSON` makes of the same
/// value: a server writes three documents for each submission, and the encoder takes longer for them
/// than the scoring.
package struct DirectJSON {
  private(set) var bytes: [UInt8] = []

  package var json: String { String(decoding: bytes, as: UTF8.self) }

  /// A report; nil for one that has parts which a submission's does not.
  package init?(_ report: ScoreReport) {
    guard report.groups.isEmpty, report.disparities ?? [] == [], report.sensitivity == nil,
      report.detectable == nil
    else { return nil }
    bytes.reserveCapacity(4096)
    object { text in
      text.field("benchmark", report.benchmark)
      text.field("clusters", report.clusters)
      text.field("digests") { text in
        text.field("gold", report.digests.gold)
        text.field("order", report.digests.order)
        text.field("predictions", report.digests.predictions)
      }
      if report.disparities != nil { text.field("disparities", [String]()) }
      text.field("dropped", report.dropped)
      text.field("groups", [String]())
      text.field("level", report.level)
      text.field("n", report.n)
      text.field("notes", report.notes)
      text.field("schema", report.schema)
      text.field("signature", report.signature)
      text.field("split", report.split)
      text.field("targets") { text in
        for (target, scores) in report.targets.sorted(by: { $0.key < $1.key }) {
          text.field(target) { $0.write(scores) }
        }
      }
      text.field("version", report.version)
      text.field("wassa") { text in
        let figures = report.wassa.targets.map { ($0, report.wassa[$0]) }
        for (name, figure) in (figures + [("averaged", report.wassa.averaged)])
          .sorted(by: { $0.0 < $1.0 })
        {
          text.nullable(name, figure)
        }
      }
    }
  }

  /// What a team says of its system; nil where it says more than a raw upload can.
  package init?(_ metadata: SubmissionMetadata) {
    guard metadata.isPlain else { return nil }
    bytes.reserveCapacity(512)
    object { text in
      text.field("benchmark", metadata.benchmark)
      text.field("description", metadata.description)
      text.field("kind", metadata.kind.rawValue)
      text.field("predictionsSHA256", metadata.predictionsSHA256)
      text.field("schema", metadata.schema)
      text.field("split", metadata.split)
      text.field("submitted", metadata.submitted)
      text.field("system", metadata.system)
      text.field("targets", metadata.targets)
      text.field("team", metadata.team)
    }
  }

  /// An answer; nil where it has warnings or a history.
  init?(_ document: SubmissionDocument) {
    guard document.warnings == nil, document.history == nil else { return nil }
    bytes.reserveCapacity(4096)
    object { text in
      text.field("benchmark", document.benchmark)
      text.field("description", document.description)
      text.field("digest", document.digest)
      text.field("id", document.id)
      text.field("kind", document.kind)
      text.field("note", document.note)
      text.field("phase", document.phase)
      text.field("received", document.received.stamp)
      if let scores = document.scores {
        text.key("scores")
        text.bytes.append(text: scores.json)
      }
      text.field("split", document.split)
      text.field("state", document.state)
      text.field("system", document.system)
      text.field("team", document.team)
      text.field("verdict", document.verdict)
    }
  }

  private mutating func write(_ scores: TargetScores) {
    var figures = scores.metrics.map { ($0.id, scores[$0]) }
    figures.append(("rowwise", scores.rowwise))
    for (name, figure) in figures.sorted(by: { $0.0 < $1.0 }) where name < "bias" {
      self.figure(name, figure)
    }
    field("bias", scores.bias)
    for (name, figure) in figures.sorted(by: { $0.0 < $1.0 }) where name > "bias" {
      self.figure(name, figure)
    }
  }

  private mutating func figure(_ name: String, _ figure: ScoredFigure?) {
    guard let figure else { return }
    field(name) { text in
      text.field("high", figure.high)
      text.field("low", figure.low)
      text.field("undefined", figure.undefined)
      text.field("undefinedReplicates", figure.undefinedReplicates)
      text.field("value", figure.value)
    }
  }

  private mutating func object(_ fields: (inout DirectJSON) -> Void) {
    bytes.append(UInt8(ascii: "{"))
    fields(&self)
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func comma() {
    if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
  }

  private mutating func key(_ name: StaticString) {
    comma()
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func field(_ name: String, _ fields: (inout DirectJSON) -> Void) {
    comma()
    write(name)
    bytes.append(UInt8(ascii: ":"))
    object(fields)
  }

  private mutating func field(_ name: StaticString, _ text: String?) {
    guard let text else { return }
    key(name)
    write(text)
  }

  private mutating func field(_ name: StaticString, _ number: Int?) {
    guard let number else { return }
    key(name)
    bytes += "\(number)".utf8
  }

  private mutating func field(_ name: StaticString, _ number: Double?) {
    guard let number else { return }
    key(name)
    write(number)
  }

  private mutating func nullable(_ name: String, _ number: Double?) {
    comma()
    write(name)
    bytes.append(UInt8(ascii: ":"))
    if let number { write(number) } else { bytes += "null".utf8 }
  }

  private mutating func field(_ name: StaticString, _ texts: [String]?) {
    guard let texts else { return }
    key(name)
    bytes.append(UInt8(ascii: "["))
    for (place, text) in texts.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      write(text)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ number: Double) {
    NumberText.append(number, to: &bytes)
    // `JSONEncoder` writes whole numbers without a point.
    if bytes.last == UInt8(ascii: "0") && bytes[bytes.count - 2] == UInt8(ascii: ".") {
      bytes.removeLast(2)
    }
  }

  private mutating func write(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    defer { bytes.append(UInt8(ascii: "\"")) }
    let isPlain = text.utf8.allSatisfy {
      $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
    }
    if isPlain { return bytes.append(text: text) }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0x08: bytes += "\\b".utf8
      case 0x09: bytes += "\\t".utf8
      case 0x0A: bytes += "\\n".utf8
      case 0x0C: bytes += "\\f".utf8
      case 0x0D: bytes += "\\r".utf8
      case 0x00..<0x20:
        let digits = String(byte, radix: 16)
        bytes += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
      default: bytes.append(byte)
      }
    }
  }
}
