import Foundation
import Reference
import Metrics
import TestSupport
import Testing

@Suite("Curation of training labels")
struct CurationTests {
  static let essays = (0..<40).map { index in
    LabelledEssay(
      id: "e\(index)", text: "Essay \(index) about many different things, number \(index * 7).",
      person: "p\(index / 2)", crowd: 1 + Double(index % 7),
      labels: index == 3 ? [:] : ["llama": 4], groups: ["gender": index < 20 ? "A" : "B"])
  }

  @Test("A label that differs by exactly alpha stays the crowd's")
  func boundary() throws {
    let rows = try LabelCorrection.threshold(llm: "llama", alpha: 3).apply(Self.essays, set: "s")
    #expect(rows.summary.changed == 0)
    let closer = try LabelCorrection.threshold(llm: "llama", alpha: 2.9)
      .apply(Self.essays, set: "s")
    #expect(
      closer.summary.changed == Self.essays.count { abs(($0.crowd ?? 4) - 4) == 3 && $0.id != "e3" }
    )
    #expect(closer.summary.withoutModelLabel == 1)
  }

  @Test("Replacing all labels leaves out the rows that the model has not labelled")
  func replace() throws {
    let (rows, summary) = try LabelCorrection.replace(llm: "llama").apply(Self.essays, set: "s")
    #expect(rows.count == 39)
    #expect(summary.withoutModelLabel == 1)
    #expect(rows.allSatisfy { $0.label == 4 && $0.provenance == "llm:llama" })
  }

  @Test("A model that has labelled nothing, a wild alpha and repeated ids are refused")
  func refusals() {
    #expect(throws: ReferenceError.curation(.unknownLabels(name: "gpt", known: ["llama"]))) {
      try LabelCorrection.replace(llm: "gpt").apply(Self.essays, set: "s")
    }
    #expect(throws: ReferenceError.self) {
      try LabelCorrection.threshold(llm: "llama", alpha: 7).apply(Self.essays, set: "s")
    }
    #expect(throws: ReferenceError.self) {
      try LabelCorrection.threshold(llm: "llama", alpha: .nan).apply(Self.essays, set: "s")
    }
    #expect(throws: ReferenceError.curation(.duplicateIDs(["e0"]))) {
      try LabelCorrection.none.apply(Self.essays + [Self.essays[0]], set: "s")
    }
  }

  @Test("Rows of the evaluation split are left out and counted, however they are written")
  func leakage() throws {
    let evaluation = ["ESSAY 5 -- about many different things; number 35", "another"]
    var table = TrainingTable(target: "empathy", evaluation: evaluation)
    try table.add(Self.essays, set: "s", correction: .none)
    #expect(table.rows.count == 39)
    #expect(!table.rows.contains { $0.id == "e5" })
    #expect(table.steps[0].inEvaluation == 1)
    var lax = TrainingTable(target: "empathy", evaluation: evaluation, overlap: .keep)
    try lax.add(Self.essays, set: "s", correction: .none)
    #expect(lax.rows.count == 40)
    #expect(lax.steps[0].inEvaluation == 1)
  }

  @Test("A portion is drawn by its seed, and a smaller one is part of a larger one")
  func portions() throws {
    func ids(_ portion: Double, _ seed: UInt64) throws -> [String] {
      var table = TrainingTable(target: "empathy", evaluation: [])
      try table.add(Self.essays, set: "s", correction: .none, portion: portion, seed: seed)
      return table.rows.map(\.id)
    }
    #expect(try ids(0.3, 1).count == 12)
    #expect(try ids(0.3, 1) == ids(0.3, 1))
    #expect(try ids(0.3, 1) != ids(0.3, 2))
    #expect(try Set(ids(0.3, 1)).isSubset(of: ids(0.7, 1)))
    #expect(throws: ReferenceError.self) { try ids(0, 1) }
    #expect(throws: ReferenceError.self) { try ids(1.1, 1) }
  }

  @Test("The table and its manifest are written together and agree")
  func files() throws {
    let folder = try TemporaryFolder()
    var table = TrainingTable(target: "empathy", evaluation: ["x"])
    try table.add(Self.essays, set: "a", correction: .threshold(llm: "llama", alpha: 2.5))
    let odd = LabelledEssay(id: "q", text: "with \"quotes\",\nand lines", crowd: 2)
    try table.add([odd], set: "b", correction: .none)
    try table.write(to: folder.file("train.csv"))
    let text = try String(contentsOf: folder.file("train.csv"), encoding: .utf8)
    #expect(text == table.csv)
    #expect(text.hasSuffix("b,q,,2.0,crowd,\"with \"\"quotes\"\",\nand lines\"\n"))
    let manifest = try JSONDecoder().decode(
      TrainingTable.Manifest.self,
      from: Data(contentsOf: folder.file("train.csv.manifest.json")))
    #expect(manifest == table.manifest)
    #expect(manifest.rows == 41)
    #expect(manifest.provenances.values.reduce(0, +) == 41)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(names.sorted() == ["train.csv", "train.csv.manifest.json"])
  }

  @Test("Essays that are the same or nearly so are found, and others are not")
  func duplicates() {
    let long = (0..<40).map { "word\($0)" }.joined(separator: " ")
    let pairs = NearDuplicates.find([
      long, "something else entirely is written here", long.uppercased() + "!", long + " more",
      "short", "Short.", "",
    ])
    #expect(
      pairs.map { [$0.first, $0.second] } == [[0, 2], [0, 3], [2, 3], [4, 5]] as [[Int]])
    #expect(pairs[0].similarity == 1)
    #expect(pairs[1].similarity < 1)
  }

  /// Truth with a spread of 1 seen by three raters with independent errors: the crowd's is 1, the
  /// model's 0.5 on twice the scale less 3, the third's 1.
  private static func threeRaters(_ count: Int) -> [LabelledEssay] {
    var state: UInt64 = 5
    func normal() -> Double {
      // The sum of twelve uniform numbers.
      (0..<12).reduce(-6.0) { sum, _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return sum + Double(state >> 11) * 0x1p-53
      }
    }
    return (0..<count).map { index in
      let truth = 4 + normal()
      return LabelledEssay(
        id: "\(index)", text: "", crowd: truth + normal(),
        labels: ["m": 2 * (truth + normal() / 2) - 3, "t": truth + normal()])
    }
  }

  @Test("Reliabilities, scale and weight come out as they were put in")
  func reliability() throws {
    let found = try LabelReliability(Self.threeRaters(20_000), llm: "m", third: "t")
    // Standard errors with 20,000 rows are about 0.01.
    #expect(abs(found.crowd - 0.5) < 0.03)
    #expect(abs(found.model - 0.8) < 0.03)
    #expect(abs(found.scale - 0.5) < 0.02)
    #expect(abs(found.weight - 0.8) < 0.03)
    #expect(abs(found.label(crowd: 4, model: 5) - 4) < 0.05)
  }

  @Test("The soft correction blends every row that has both labels, and stays on the scale")
  func soft() throws {
    let essays = Self.threeRaters(500) + [LabelledEssay(id: "z", text: "", crowd: 2)]
    let (rows, summary) = try LabelCorrection.soft(llm: "m", third: "t").apply(essays, set: "s")
    #expect(rows.count == 501)
    #expect(rows.allSatisfy { (1...7).contains($0.label) || $0.provenance == "crowd" })
    #expect(rows.last?.provenance == "crowd")
    #expect(rows[0].provenance.hasPrefix("llm:m:soft=0."))
    #expect(summary.withoutModelLabel == 1)
    #expect(summary.reliability?.rows == 500)
    #expect(throws: ReferenceError.self) {
      try LabelCorrection.soft(llm: "m", third: "nobody").apply(essays, set: "s")
    }
  }

  @Test("Withheld groups are named without figures")
  func groups() {
    let few =
      Self.essays + [
        LabelledEssay(id: "z", text: "", crowd: 4, labels: ["llama": 4], groups: ["gender": "C"])
      ]
    let groups = Agreement.byGroup(
      few, attribute: "gender", "crowd", "llama", isWithheld: { $0 == "C" })
    #expect(groups.map(\.group) == ["A", "B", "C"])
    #expect(groups.map { $0.agreement == nil } == [false, false, true])
    #expect(groups[0].agreement?.count == 19)
  }

  @Test("The largest disagreements come first, and the distribution counts every pair")
  func disagreements() {
    let top = Agreement.largest(Self.essays, "crowd", "llama", count: 3)
    #expect(top.map(\.id) == ["e0", "e13", "e14"])
    let (edges, counts) = Agreement.distribution(Self.essays, "crowd", "llama")
    #expect(counts.reduce(0, +) == 39)
    #expect(counts[edges.firstIndex(of: -3) ?? 0] == 6)
  }
}
