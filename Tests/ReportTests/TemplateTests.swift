import Foundation
import Harness
import Metrics
import Report
import TestSupport
import Testing

/// What a page's type provides: the names of its properties, and what they hold.
private indirect enum Shape {
  case text
  case markup
  case table([String: (shape: Shape, isOptional: Bool)])
  case list(Shape)
  /// Only nil or empty in the samples so far.
  case unknown

  init(_ value: Any) {
    let mirror = Swift.Mirror(reflecting: value)
    switch value {
    case is Markup: self = .markup
    case is String, is Bool: self = .text
    default:
      switch mirror.displayStyle {
      case .optional: self = mirror.children.first.map { Shape($0.value) } ?? .unknown
      case .collection:
        self = .list(mirror.children.reduce(Shape.unknown) { $0.joined(Shape($1.value)) })
      default:
        let fields = mirror.children.compactMap { child -> (String, (Shape, Bool))? in
          guard let name = child.label else { return nil }
          let isOptional = Swift.Mirror(reflecting: child.value).displayStyle == .optional
          return (name, (Shape(child.value), isOptional))
        }
        self = .table(Dictionary(fields, uniquingKeysWith: { $1 }).mapValues { ($0.0, $0.1) })
      }
    }
  }

  func joined(_ other: Shape) -> Shape {
    switch (self, other) {
    case (.unknown, _): other
    case (.list(let a), .list(let b)): .list(a.joined(b))
    case (.table(let a), .table(let b)):
      .table(a.merging(b) { ($0.shape.joined($1.shape), $0.isOptional || $1.isOptional) })
    default: self
    }
  }
}

/// Walks the tags of a template beside the shape that fills it.
private struct TagWalk {
  var faults: [String] = []
  /// Names that a tag read, with the path of the table they stand in.
  var used: Set<String> = []
  private var contexts: [(path: String, shape: Shape)]

  init(_ shape: Shape) { contexts = [("", shape)] }

  mutating func read(_ template: String) {
    for match in template.matches(of: /\{\{(\{?)([#^\/$<]?)\s*([A-Za-z.]+)\s*\}?\}\}/) {
      let (braces, sigil, name) = (match.1, match.2, String(match.3))
      switch sigil {
      case "<", "$": continue
      case "/":
        if contexts.last?.path.hasSuffix("#\(name)") == true { contexts.removeLast() }
      case "#":
        guard let (path, shape) = find(name) else { continue }
        var inside = shape
        if case .list(let element) = shape { inside = element }
        contexts.append(("\(path)#\(name)", inside))
      case "^": _ = find(name)
      default:
        guard let (_, shape) = find(name) else { continue }
        if case .markup = shape {
          if braces.isEmpty { faults.append("\(name): markup in two braces") }
        } else if !braces.isEmpty {
          faults.append("\(name): text in three braces")
        }
      }
    }
  }

  /// Looks a name up from the innermost table outwards, as the engine does.
  private mutating func find(_ name: String) -> (path: String, shape: Shape)? {
    if name == "." { return contexts.last }
    var found: (path: String, shape: Shape)?
    let parts = name.split(separator: ".").map(String.init)
    for (path, shape) in contexts.reversed() {
      guard case .table(let fields) = shape, let field = fields[parts[0]] else { continue }
      // Where an inner one may be absent, the engine takes the outer one of its name.
      if found != nil {
        faults.append("\(name): the optional one hides another")
        break
      }
      found = ("\(path).\(parts[0])", field.shape)
      used.insert("\(path).\(parts[0])")
      if !field.isOptional { break }
    }
    for part in parts.dropFirst() {
      guard case .table(let fields)? = found?.shape, let field = fields[part],
        let path = found?.path
      else {
        found = nil
        break
      }
      found = ("\(path)#\(parts[0]).\(part)", field.shape)
      used.insert("\(path)#\(parts[0]).\(part)")
    }
    if found == nil { faults.append("\(name): no such value") }
    return found
  }

  /// Every name that the shape provides, by the path that the walk gives it.
  static func names(_ shape: Shape, path: String = "") -> Set<String> {
    switch shape {
    case .table(let fields):
      fields.reduce(into: []) { names, field in
        names.insert("\(path).\(field.key)")
        names.formUnion(
          Self.names(field.value.shape, path: "\(path).\(field.key)#\(field.key)"))
      }
    case .list(let element): names(element, path: path)
    default: []
    }
  }
}

@Suite("Templates and what fills them")
struct TemplateTests {
  /// Sites in which every optional part of a page is present somewhere.
  private func inputs() throws -> [SiteInput] {
    var shown = GroupScores(attribute: "gender", group: "Male")
    (shown.n, shown.clusters) = (41, 28)
    let figure = ScoredFigure(value: 0.2, low: 0.1, high: 0.3)
    var scores = TargetScores()
    (scores[.pcc], scores[.ccc], scores[.rmse]) = (figure, figure, figure)
    (scores.goldSD, scores.bias) = (1, 0.1)
    shown.targets = ["empathy": scores]
    var small = GroupScores(attribute: "gender", group: "Other")
    small.suppressed = "too small to publish"
    var gap = Disparity(attribute: "gender", target: "empathy")
    gap.undefined = "one group"
    let other = Sensitivity(cluster: "article", clusters: 3, fewClusters: true, targets: [:])
    var entry = SampleInput.entry(
      "a", pcc: 0.5, groups: [shown, small], disparities: [gap], sensitivity: [other],
      notes: ["A note."])
    entry.metadata.claimed = ["empathy": ["pcc": 0.7]]
    entry.metadata.bibtex = "@misc{a}"
    entry.metadata.description = "A system."
    entry.metadata.codeURL = "https://example.org/code"
    entry.metadata.history = [
      .init(day: "2026-01-02", kind: .reproduced, text: "Again."),
      .init(day: "2026-01-03", kind: .withdrawn, text: "Gone."),
    ]
    var paper = SampleInput.published("paper", pcc: 0.6)
    paper.metadata.paperURL = "https://example.org/paper"
    paper.metadata.submitted = "2024-01-02"
    paper.metadata.baseModels = [.init(name: "a-model")]
    var many = (0..<160).map { SampleInput.entry("s\($0)", pcc: 0.5) }
    many[0] = SampleInput.entry(
      "s0", pcc: 0.5, rowwise: ScoredFigure(value: 0.5, low: 0.45, high: 0.55),
      calibration: try SampleInput.calibration())
    many[0].metadata.baseModels = [.init(name: "a-model")]
    many[0].metadata.codeURL = "https://example.org/code"
    many[0].metadata.llmLabels = .init(model: "an-llm")
    paper.metadata.llmLabels = .init(model: "an-llm")
    paper.metadata.parameters = 4_000
    for place in 0..<3 { many[place].metadata.parameters = 1_000 * Double(place + 1) }
    many.append(SampleInput.entry("fewer", pcc: 0.4, rows: 19))
    var withheld = DatasetStatistics.Group(attribute: "gender", group: "Other")
    withheld.suppressed = "too small to publish"
    let labels = DatasetStatistics.SplitStatistics(
      name: "test", rows: 20, clusters: ["person": 12, "article": 3],
      labels: ["empathy": .init(n: 20, mean: 4, sd: 1.5, histogram: [7, 6, 7])],
      groups: [.init(attribute: "gender", group: "Male", n: 12, clusters: 9), withheld])
    var comparison = SampleInput.comparison("s0", "s1")
    for place in comparison.standings.indices { comparison.standings[place].tieGroups = ["A"] }
    var input = try SampleInput.input(
      [entry, paper, SampleInput.entry("b", pcc: nil)] + many,
      comparison: comparison, labels: labels,
      ceiling: Target.Ceiling(low: 0.5, high: 0.7, source: "A study"))
    input.address = URL(string: "https://example.org/")
    (input.server, input.isServed) = (input.address, true)
    input.benchmarks.append(try SampleInput.benchmark(id: "other"))
    input.benchmarks[0].quirks = ["A quirk."]
    input.benchmarks[0].papers = try JSONDecoder().decode(
      [BenchmarkDefinition.Paper].self,
      from: Data(
        #"[{"authors": ["One, A"], "title": "T", "year": 2024, "url": "https://example.org/t"}]"#
          .utf8))
    input.contact = "board@example.org"
    input.text = ["A paragraph."]
    input.replication = SampleInput.replication
    input.ledger = try SampleInput.ledger(leaves: ["toy/test": ["a": 0]])
    input.boards[0].ledger = input.ledger?.state
    input.boards[0].takesSubmissions = true
    // A second board is a card, with its leaders; its pairs are not tested.
    let second = try SampleInput.input(Array(many.prefix(3)), split: "dev")
    input.boards += second.boards
    return [input, try SampleInput.input([])]
  }

  @Test("every tag has a value, every value a tag, and markup alone stands in three braces")
  func tags() throws {
    let builder = try SiteBuilder(source: SiteSource())
    var shapes: [Templates.Name: Shape] = [:]
    var layout = Shape.unknown
    for input in try inputs() {
      for planned in builder.plan(input).pages() {
        let page = planned.make()
        layout = layout.joined(Shape(page.layout))
        shapes[page.template] = shapes[page.template, default: .unknown].joined(
          Shape(page.content))
      }
    }
    // What a server makes has tests of its own.
    let served: Set<Templates.Name> = [
      .account, .faults, .signin, .submit, .submissions, .sent, .organiser, .api, .problem,
    ]
    #expect(Set(shapes.keys) == Set(Templates.Name.allCases).subtracting(served.union([.base])))
    let folder = SampleInput.source.appending(path: "templates")
    let base = try String(contentsOf: folder.appending(path: "base.mustache"), encoding: .utf8)
    for (name, content) in shapes {
      let own = try String(
        contentsOf: folder.appending(path: "\(name.rawValue).mustache"), encoding: .utf8)
      // The page's values lie over the layout's.
      var walk = TagWalk(layout.joined(content))
      walk.read(base)
      walk.read(own)
      #expect(walk.faults.isEmpty, "\(name): \(walk.faults)")
      // Not every page needs every form of the nouns.
      let unused = TagWalk.names(layout.joined(content)).subtracting(walk.used)
        .filter { !$0.contains("#nouns.") }
      #expect(unused.isEmpty, "\(name): \(unused.sorted())")
    }
  }
}
