import Basics
import Metrics
import Reference
import Testing

@Suite("Ways to correct labels")
struct CorrectionWayTests {
  /// What was planted in a row.
  struct Planted {
    let essay: LabelledEssay
    /// The score behind both labels less the mean.
    let truth: Double
    let effect: Double
  }

  /// Persons of 1 to 9 rows. The true score is a_i + b_ij with variances .2 and .5; the crowd's label
  /// adds the person's way of answering (variance .6) and noise (.4), the model's noise (.3), and
  /// another mean. Small enough to stay within the scale nearly always.
  static func planted(persons: Int = 300, seed: UInt64 = 3, missing: Bool = false) -> [Planted] {
    var random = SplitMix64(seed: seed, stream: .simulation)
    var rows: [Planted] = []
    for person in 0..<persons {
      let shared = 0.2.squareRoot() * random.normal()
      let effect = 0.6.squareRoot() * random.normal()
      for _ in 0..<(1 + person % 9) {
        let truth = shared + 0.5.squareRoot() * random.normal()
        let crowd = 4 + truth + effect + 0.4.squareRoot() * random.normal()
        let model = 3.2 + truth + 0.3.squareRoot() * random.normal()
        rows.append(
          Planted(
            essay: LabelledEssay(
              id: "\(rows.count)", text: "", person: "p\(person)", crowd: crowd,
              labels: missing && rows.count % 50 == 0 ? [:] : ["m": model, "t": truth]),
            truth: truth, effect: effect))
      }
    }
    return rows
  }

  private func labels(_ correction: LabelCorrection, _ rows: [Planted]) throws -> [Double] {
    try correction.apply(rows.map(\.essay), set: "s").rows.map(\.label)
  }

  private func within(_ labels: [Double], _ rows: [Planted]) throws -> Double {
    let sample = ClusteredSample(
      gold: rows.map(\.truth), clusters: rows.map { $0.essay.person ?? "" })
    return try #require(WithinClusters(sample)?.system(labels).figure(.pcc).value)
  }

  @Test("em recovers the planted components and comes nearer to the true score than either rater")
  func em() throws {
    let rows = Self.planted()
    let (curated, summary) = try LabelCorrection.em(llm: "m").apply(rows.map(\.essay), set: "s")
    let model = try #require(summary.twoRaters?.model)
    // 1,500 rows of 300 persons: errors of about .04 within and .07 between.
    #expect(abs(model.within.yy - 0.9) < 0.15 && abs(model.within.ll - 0.8) < 0.15)
    #expect(abs(model.within.yl - 0.5) < 0.12)
    #expect(abs(model.between.yy - 0.8) < 0.25 && abs(model.between.yl - 0.2) < 0.15)
    let label = curated.map(\.label)
    let crowd = rows.compactMap(\.essay.crowd)
    let own = rows.compactMap { $0.essay.labels["m"] }
    let truth = rows.map(\.truth)
    func agreement(_ labels: [Double]) throws -> Double {
      try #require(PointMetrics.pcc(labels, truth).value)
    }
    let (found, theirs, llm) = try (agreement(label), agreement(crowd), agreement(own))
    #expect(found > theirs + 0.1 && found > llm + 0.02)
    // Within persons two raters with error variances .4 and .3 reach √(.5 / (.5 + .4·.3/.7)) = .863.
    #expect(abs(try within(label, rows) - 0.863) < 0.02)
    #expect(curated.allSatisfy { $0.provenance == "llm:m:em" })
    let sensitivity = try #require(summary.twoRaters?.sensitivity)
    // By the planted components .93 at 1.5.
    #expect(sensitivity.map(\.scale) == [2.0 / 3, 1.5])
    for one in sensitivity { #expect((0.85...0.98).contains(try #require(one.pccWithin))) }
  }

  @Test("blup takes the planted effects off, shrunken, and leaves the order within persons alone")
  func blup() throws {
    let rows = Self.planted()
    let (curated, summary) = try LabelCorrection.blup.apply(rows.map(\.essay), set: "s")
    let model = try #require(summary.oneRater)
    // Between: .2 + .6; within: .5 + .4.
    #expect(abs(model.between - 0.8) < 0.25 && abs(model.within - 0.9) < 0.15)
    let crowd = rows.compactMap(\.essay.crowd)
    let removed = zip(crowd, curated).map { $0 - $1.label }
    let sizes = Dictionary(grouping: rows.indices) { rows[$0].essay.person ?? "" }
    for (row, planted) in rows.enumerated() {
      let own = try #require(sizes[planted.essay.person ?? ""])
      let size = Double(own.count)
      let mean = own.reduce(0) { $0 + crowd[$1] } / size
      let expected =
        model.between / (model.between + model.within / size) * (mean - model.mean)
      let label = min(7, max(1, crowd[row] - expected))
      #expect(agrees(curated[row].label, label), "row \(row)")
    }
    // What is removed is the effect and the shared part of the score.
    let effects = rows.map(\.effect)
    #expect(try #require(PointMetrics.pcc(removed, effects).value) > 0.7)
    #expect(abs(try within(curated.map(\.label), rows) - within(crowd, rows)) < 0.01)
    #expect(curated.allSatisfy { $0.provenance == "crowd:blup" })
  }

  private func agrees(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-9 }

  @Test("em without its second rater, with all deviations as signal, is blup's formula")
  func formula() {
    let (between, within, mean, size) = (0.8, 0.9, 4.1, 5.0)
    for (y, level) in [(3.0, 3.5), (6.2, 5.0), (4.1, 4.1)] {
      let em = mean + within / size / (between + within / size) * (level - mean) + y - level
      let blup = y - between / (between + within / size) * (level - mean)
      #expect(agrees(em, blup))
    }
  }

  @Test("the mean of both has the crowd's mean and half of each one's deviation")
  func mean() throws {
    let rows = Self.planted()
    let label = try labels(.mean(llm: "m"), rows)
    let crowd = rows.compactMap(\.essay.crowd)
    let model = rows.compactMap { $0.essay.labels["m"] }
    let n = Double(rows.count)
    let shift = (crowd.reduce(0, +) - model.reduce(0, +)) / n
    #expect(abs(shift - 0.8) < 0.15)
    for row in rows.indices {
      #expect(agrees(label[row], min(7, max(1, (crowd[row] + model[row] + shift) / 2))))
    }
  }

  @Test("centred flags and replaces deviations from a person's mean, and no level")
  func centred() throws {
    // Person a is 3 above the model throughout; one label of b is 4 off within the person.
    let given: [(String, Double, Double)] = [
      ("a", 6, 3), ("a", 5, 2), ("a", 7, 4), ("b", 2, 3), ("b", 3, 3), ("b", 7, 3), ("c", 1, 7),
    ]
    let essays = given.enumerated().map { place, row in
      LabelledEssay(
        id: "\(place)", text: "", person: row.0, crowd: row.1, labels: ["m": row.2])
    }
    let (rows, summary) = try LabelCorrection.centred(llm: "m", alpha: 2.5).apply(essays, set: "s")
    // b's mean is 4, the model's 3: the deviations are -2, -1 and 3.
    #expect(rows.map(\.label) == [6, 5, 7, 2, 3, 4, 1])
    #expect(summary.changed == 1)
    #expect(rows[5].provenance == "llm:m:centred:alpha=2.5" && rows[6].provenance == "crowd")
    let plain = try LabelCorrection.threshold(llm: "m", alpha: 2.5).apply(essays, set: "s").summary
    #expect(plain.changed == 5)
  }

  static let alpha = 1.2

  private func changed(_ rows: [Planted], _ label: [Double]) -> Set<Int> {
    Set(rows.indices.filter { rows[$0].essay.crowd != label[$0] })
  }

  @Test("as many random rows are replaced, by the seed; of the same persons as many of each")
  func drawn() throws {
    let rows = Self.planted(missing: true)
    let flagged = changed(rows, try labels(.threshold(llm: "m", alpha: Self.alpha), rows))
    #expect(flagged.count > 100)
    let random = try labels(.random(llm: "m", alpha: Self.alpha, seed: 1), rows)
    #expect(changed(rows, random).count == flagged.count)
    #expect(random == (try labels(.random(llm: "m", alpha: Self.alpha, seed: 1), rows)))
    #expect(random != (try labels(.random(llm: "m", alpha: Self.alpha, seed: 2), rows)))
    // By chance they share about as many with the flagged as of all rows.
    let share = Double(changed(rows, random).intersection(flagged).count) / Double(flagged.count)
    #expect(abs(share - Double(flagged.count) / Double(rows.count)) < 0.12)
    let same = try labels(.samePersons(llm: "m", alpha: Self.alpha, seed: 1), rows)
    func counts(_ places: Set<Int>) -> [String: Int] {
      places.reduce(into: [:]) { $0[rows[$1].essay.person ?? "", default: 0] += 1 }
    }
    #expect(counts(changed(rows, same)) == counts(flagged))
    #expect(changed(rows, same) != flagged)
    for place in changed(rows, same).union(changed(rows, random)) {
      let label = changed(rows, same).contains(place) ? same[place] : random[place]
      let model = try #require(rows[place].essay.labels["m"])
      #expect(label == min(7, max(1, model)))
    }
  }

  @Test("flagged labels go to the crowd's mean, or to the text's own prediction; no others move")
  func flagged() throws {
    let rows = Self.planted()
    let flagged = changed(rows, try labels(.threshold(llm: "m", alpha: Self.alpha), rows))
    let crowd = rows.compactMap(\.essay.crowd)
    let mean = crowd.reduce(0, +) / Double(crowd.count)
    let atMean = try labels(.flaggedMean(llm: "m", alpha: Self.alpha), rows)
    let atText = try labels(.flaggedText(llm: "m", alpha: Self.alpha, text: "t"), rows)
    for place in rows.indices {
      let isFlagged = flagged.contains(place)
      #expect(agrees(atMean[place], isFlagged ? mean : crowd[place]))
      let text = min(7, max(1, rows[place].essay.labels["t"] ?? 0))
      #expect(atText[place] == (isFlagged ? text : crowd[place]))
    }
  }

  @Test("em and replace leave out rows without a model's label; the others keep the crowd's")
  func missing() throws {
    let essays = Self.planted(missing: true).map(\.essay)
    let lacking = essays.count { $0.labels["m"] == nil }
    for way in CorrectionWay.allCases where way.needsModel {
      let correction = way.correction(llm: "m", alpha: 1, seed: 0, text: "t")
      let (rows, summary) = try correction.apply(essays, set: "s")
      #expect(summary.withoutModelLabel == lacking)
      let leavesOut = way == .em || way == .replace
      #expect(rows.count == essays.count - (leavesOut ? lacking : 0), "\(way)")
      // A model's labels are within the scale where they are read.
      let isMade = rows.filter { $0.provenance != "crowd" && way != .replace }
      #expect(isMade.allSatisfy { (1...7).contains($0.label) }, "\(way)")
    }
  }

  @Test("soft refuses a third rater that agrees with the crowd no better than chance")
  func chance() throws {
    var random = SplitMix64(seed: 8, stream: .simulation)
    let essays = Self.planted().map {
      LabelledEssay(
        id: $0.essay.id, text: "", person: $0.essay.person, crowd: $0.essay.crowd,
        labels: $0.essay.labels.merging(["noise": random.normal(), "flat": 3]) { $1 })
    }
    for third in ["noise", "flat"] {
      let error = #expect(throws: ReferenceError.self) {
        try LabelCorrection.soft(llm: "m", third: third).apply(essays, set: "s")
      }
      #expect("\(try #require(error))".contains("no better than chance"), "\(third)")
    }
    #expect(
      try LabelCorrection.soft(llm: "m", third: "t").apply(essays, set: "s").summary.reliability
        != nil)
  }

  @Test("what cannot be fitted is an error that says why")
  func unfitted() throws {
    let single = (0..<50).map { n -> LabelledEssay in
      let (crowd, label) = (Double(1 + n % 7), Double(1 + n % 5))
      return LabelledEssay(
        id: "\(n)", text: "", person: "p\(n)", crowd: crowd, labels: ["m": label])
    }
    for correction in [LabelCorrection.em(llm: "m"), .blup] {
      let error = #expect(throws: ReferenceError.self) { try correction.apply(single, set: "s") }
      #expect("\(try #require(error))".contains("cannot be fitted"))
    }
    let opposed = Self.planted().map {
      LabelledEssay(
        id: $0.essay.id, text: "", person: $0.essay.person, crowd: $0.essay.crowd,
        labels: ["m": 7 - ($0.essay.labels["m"] ?? 0)])
    }
    let error = #expect(throws: ReferenceError.self) {
      try LabelCorrection.em(llm: "m").apply(opposed, set: "s")
    }
    #expect("\(try #require(error))".contains("do not rise with the crowd's"))
  }
}
