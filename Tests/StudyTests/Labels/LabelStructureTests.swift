import Basics
import Foundation
import Harness
import Reference
import Study
import TestSupport
import Testing

@Suite("The structure of labels")
struct LabelStructureTests {
  /// Persons with six rows each on 20 articles; the model shares a part of what varies within persons,
  /// and is far off for the rows of the first six persons.
  static func rated(_ home: StudyHome, persons: Int = 60, articles: Int = 20) throws -> RatedSplit {
    var random = SplitMix64(seed: 9)
    func noise(_ size: Double) -> Double {
      // A sum of twelve uniform numbers is about normal.
      size * ((0..<12).reduce(0) { sum, _ in sum + random.uniform() } - 6)
    }
    let own = (0..<persons).map { _ in noise(1) }
    let about = (0..<articles).map { _ in noise(0.5) }
    let columns = RatedSplit.idColumns(home.definition, split: "train")
    var rows: [DatasetRow] = [], lines = [(columns + ["llm_empathy"]).joined(separator: "\t")]
    for n in 0..<(6 * persons) {
      let person = n / 6, article = Int(random.uniform() * Double(articles))
      let shared = noise(0.5)
      let label = min(7, max(1, 4 + own[person] + about[article] + shared + noise(0.5)))
      let far = person < 6 && n % 2 == 0
      let rating =
        far ? (label < 4 ? 7 : 1) : min(7, max(1, 4 + 0.6 * own[person] + shared + noise(0.5)))
      let clusters = ["person": "p\(person)", "article": "a\(article)"]
      rows.append(
        DatasetRow(
          id: columns.map { _ in "\(n + 1)" }.joined(separator: ":"), text: "Essay \(n).",
          labels: ["empathy": label, "distress": 4],
          clusters: clusters.filter { home.definition.clusters.contains($0.key) }))
      lines.append((columns.map { _ in "\(n + 1)" } + ["\(rating)"]).joined(separator: "\t"))
    }
    let dataset = Dataset(home.definition, split: "train", rows: rows, hasGold: true)
    var rated = RatedSplit(home.definition, dataset)
    let file = try home.folder.write(lines.map { $0 + "\n" }.joined(), to: "structure.tsv")
    try rated.add(LabelFile.parse(["llama=\(file.path)"], option: "--labels"), say: { _ in })
    return rated
  }

  @Test("shares, correlations, distributions and replaced labels are those of the rows")
  func structure() throws {
    let home = try StudyHome()
    let rated = try Self.rated(home)
    let found = try #require(LabelStructure(rated, alpha: 2.5, seed: 4))
    #expect(
      found.cluster == "person" && found.crossed == home.definition.clusters.dropFirst().first)
    let crowd = try #require(found.components.first)
    #expect(crowd.rater == "crowd" && crowd.rows == 360 && crowd.clusters["person"] == 60)
    let shares = crowd.shares.compactMapValues(\.value)
    #expect(shares.count == 1 + home.definition.clusters.count)
    #expect(abs(shares.values.reduce(0, +) - 1) < 2e-4)
    // Planted: 1 between persons and .5 within them.
    let person = try #require(crowd.shares["person"])
    #expect(person.low ?? 1 < 0.6 && person.high ?? 0 > 0.6 && person.undefined == nil)
    let pair = try #require(found.correlations.first)
    #expect(pair.rows == 360 && pair.persons == 60)
    for value in [pair.within, pair.means, pair.weightedMeans, pair.latent] {
      let figure = try #require(value.value)
      #expect(value.low ?? 2 < figure && value.high ?? -2 > figure)
    }
    // Everybody has six rows: weights change nothing.
    #expect(pair.means.value == pair.weightedMeans.value)
    #expect(found.byPerson.map(\.figure) == ["pcc", "mae"])
    for row in found.byPerson {
      let values = try #require(row.quantiles)
      #expect(values.count == 5 && values["0.1"] ?? 9 < values["0.9"] ?? -9)
    }
    let rows = try #require(found.rowsByPerson)
    #expect(rows.least == 6 && rows.most == 6 && rows.median == 6 && rows.effective == 60)
    #expect(rows.gini == 0 && rows.topShare == 0.0833)
  }

  @Test("the persons of replaced labels are told beside as many random rows")
  func replaced() throws {
    let rated = try Self.rated(StudyHome())
    let found = try #require(LabelStructure(rated, alpha: 2.5, seed: 4)?.replaced.first)
    let differing = rated.essays.filter { abs(($0.crowd ?? 0) - ($0.labels["llama"] ?? 0)) > 2.5 }
    #expect(found.rows == differing.count && found.rows >= 12)
    let counts = Dictionary(differing.map { ($0.person, 1) }, uniquingKeysWith: +)
    #expect(found.persons == counts.count)
    let top = counts.values.sorted().suffix(5).reduce(0, +)
    let share = try #require(found.topShare)
    #expect(share.value == Rounding.published(Double(top) / Double(found.rows)))
    // Three rows each of six persons are far off by construction.
    #expect(share.value ?? 0 > share.high ?? 1 && share.p ?? 1 < 0.01)
    #expect(found.gini?.value ?? 0 > found.gini?.high ?? 1)
    let again = LabelStructure(rated, alpha: 2.5, seed: 4)?.replaced.first
    #expect(again == found)
    let none = try #require(LabelStructure(rated, alpha: 6, seed: 4)?.replaced.first)
    #expect(none.rows == 0 && none.topShare == nil && none.undefined == "no label is replaced")
  }

  @Test("every mark of a picture has enough rows and persons, and all of them have every row")
  func marks() throws {
    let picture = try #require(
      LabelStructure(Self.rated(StudyHome()), alpha: 4, seed: 0)?.pictures.first)
    for marks in [picture.within, picture.means, picture.predicted] {
      #expect(marks.count > 5)
      #expect(marks.allSatisfy { $0.rows >= 10 && $0.persons >= 5 && $0.low < $0.high })
      #expect(marks.map(\.rows).reduce(0, +) == 360)
    }
    // Predictions are drawn for the groups of the means, and are shrunken towards the middle.
    #expect(picture.means.map(\.persons) == picture.predicted.map(\.persons))
    let (raw, shrunken) = (picture.means.map(\.x), picture.predicted.map(\.x))
    #expect((shrunken.max() ?? 9) - (shrunken.min() ?? 0) < (raw.max() ?? 0) - (raw.min() ?? 9))
  }

  @Test("few persons get no figure of their own, and small sets none at all")
  func small() throws {
    let home = try StudyHome()
    let found = try #require(LabelStructure(Self.rated(home, persons: 30), alpha: 4, seed: 0))
    #expect(found.byPerson.allSatisfy { $0.quantiles == nil })
    #expect(found.byPerson.first?.undefined == "fewer than 40 persons with 5 rows or more")
    // Four persons: 24 rows, but too few of whom.
    let few = try #require(LabelStructure(Self.rated(home, persons: 4), alpha: 1, seed: 0))
    #expect(
      few.components.allSatisfy { $0.shares.isEmpty && $0.undefined == "too small to publish" })
    #expect(few.correlations.isEmpty && few.pictures.isEmpty && few.byPerson.isEmpty)
    #expect(few.replaced.isEmpty && few.rowsByPerson == nil)
  }

  @Test("a benchmark without persons has no structure")
  func without() throws {
    let home = try StudyHome()
    var definition = home.definition
    definition.clusters = []
    let rated = RatedSplit(definition, Dataset(definition, split: "dev", rows: [], hasGold: true))
    #expect(LabelStructure(rated, alpha: 4, seed: 0) == nil)
  }
}
