import Basics
import Foundation
import Harness
import Sample
import TestSupport
import Testing

@Suite("The synthetic set: what its numbers say")
struct SampleSignalTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func sample(seed: UInt64) throws -> URL {
    let target = folder.file("s\(seed)")
    _ = try SampleGenerator(seed: seed).write(to: target)
    return target
  }

  private func predictions(_ slug: String, in sample: URL) throws -> [[Double]] {
    let file = sample.appending(path: "systems/\(slug)/predictions_EMP.tsv")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: "\t").compactMap { Double($0) } }
  }

  @Test("a word list finds the empathy in the text", arguments: [1, 24, 777] as [UInt64])
  func textCarriesEmpathy(seed: UInt64) throws {
    // Counted over words that the program's own baseline does not use alone.
    let warm: Set = ["heart", "sorry", "sad", "hope", "tears", "felt", "cried", "donate", "bad"]
    let cold: Set = ["fault", "boring", "complain", "whatever", "bother", "skip", "clicks"]
    let test = try EscapedTable(
      contentsOf: try sample(seed: seed).appending(path: "goldstandard_EMP.csv"))
    let scores = test["person_essay"].map { essay in
      essay.lowercased().split { !$0.isLetter }.reduce(0.0) { sum, word in
        sum + (warm.contains(String(word)) ? 1 : 0) - (cold.contains(String(word)) ? 1 : 0)
      }
    }
    #expect(Moments.correlation(scores, test.numbers("person_empathy")) > 0.3)
  }

  @Test("train's labels spread as the real ones", arguments: [1, 24, 777] as [UInt64])
  func labelDistribution(seed: UInt64) throws {
    let train = try EscapedTable(
      contentsOf: try sample(seed: seed).appending(path: "trac3_EMP_train.csv"))
    let empathy = train.numbers("person_empathy")
    #expect(abs(Moments.mean(empathy) - 4.2) < 0.25)
    #expect(abs(Moments.deviation(empathy) - 1.86) < 0.15)
  }

  @Test(
    "the crowd agrees poorly with a model, and two models agree well",
    arguments: [1, 24, 777] as [UInt64])
  func agreement(seed: UInt64) throws {
    let sample = try sample(seed: seed)
    let crowd = try EscapedTable(contentsOf: sample.appending(path: "trac3_EMP_train.csv"))
      .numbers("person_empathy")
    func labels(_ model: String) throws -> [Double] {
      let name = "llmpathy/NewsEmp2024/trac3_EMP_train_\(model).tsv"
      return try EscapedTable(contentsOf: sample.appending(path: name), separator: "\t")
        .numbers("llm_empathy")
    }
    let llama = try labels("llama")
    let gpt = try labels("gpt")
    #expect(abs(Moments.alpha(crowd, llama) - 0.27) < 0.1)
    #expect(abs(Moments.alpha(llama, gpt) - 0.80) < 0.06)
  }

  @Test("labels of one person resemble each other more than those of two")
  func personEffect() throws {
    let train = try EscapedTable(
      contentsOf: try sample(seed: 24).appending(path: "trac3_EMP_train.csv"))
    let pairs = zip(train["person_id"], train.numbers("person_empathy"))
    let groups = Dictionary(grouping: pairs, by: \.0).values.filter { $0.count > 1 }
    var squares = 0.0
    var freedom = 0
    for group in groups {
      let labels = group.map(\.1)
      squares += labels.reduce(0) { $0 + ($1 - Moments.mean(labels)) * ($1 - Moments.mean(labels)) }
      freedom += labels.count - 1
    }
    let total = Moments.deviation(train.numbers("person_empathy"))
    #expect(1 - squares / Double(freedom) / (total * total) > 0.2)
  }

  @Test("the four systems rise in quality", arguments: [1, 24, 777] as [UInt64])
  func systems(seed: UInt64) throws {
    let sample = try sample(seed: seed)
    let gold = try EscapedTable(contentsOf: sample.appending(path: "goldstandard_EMP.csv"))
      .numbers("person_empathy")
    let slugs = ["length-baseline", "word-lists", "prompted-model", "corrected-encoder"]
    let scores = try slugs.map { slug in
      let rows = try predictions(slug, in: sample)
      #expect(rows.count == 83 && rows.allSatisfy { $0.count == 2 })
      #expect(rows.joined().allSatisfy { (1...7).contains($0) })
      return Moments.correlation(rows.map { $0[0] }, gold)
    }
    #expect(scores[0] < 0.35)
    #expect(scores[0] < scores[1])
    #expect(scores[1] < scores[3])
    #expect(scores[2] < scores[3])
    #expect(scores[3] > 0.6)
  }

  @Test("a system's card says what it is, and a simulated one says that it is simulated")
  func cards() throws {
    let sample = try sample(seed: 24)
    for slug in ["length-baseline", "word-lists", "prompted-model", "corrected-encoder"] {
      let data = try Data(contentsOf: sample.appending(path: "systems/\(slug)/system.json"))
      let card = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      #expect(Set(card.keys).isSuperset(of: ["team", "system", "description", "kind"]))
      let simulated = (card["description"] as? String)?.hasPrefix("Simulated") == true
      #expect(simulated == ["prompted-model", "corrected-encoder"].contains(slug))
    }
  }
}

@Suite("The synthetic set: writing it")
struct SampleWritingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(seed: UInt64, to name: String) throws -> [String: Data] {
    let target = folder.file(name)
    let summary = try SampleGenerator(seed: seed).write(to: target)
    return try Dictionary(
      uniqueKeysWithValues: summary.files.map {
        ($0, try Data(contentsOf: target.appending(path: $0)))
      })
  }

  @Test("the same seed gives the same bytes")
  func sameSeed() throws {
    #expect(try write(seed: 5, to: "a") == write(seed: 5, to: "b"))
  }

  @Test("every machine writes these bytes for seed 24")
  func pinned() throws {
    // Made by this program, version 0.1.0, on x86-64 Linux. A change of phrases or of the model
    // changes the digests; then all scores of the sample change too, and the change log says so.
    _ = try write(seed: 24, to: "a")
    for (path, digest) in [
      ("trac3_EMP_train.csv", "43b9593995d1619830edc9a9132c761245d35e53b1643f616234285ae6ade468"),
      ("goldstandard_PER.csv", "0f12aa8fcf79ffe0024613d8eb4a5f4762dabb3b6308669c5bbc22487e63b06b"),
      (
        "systems/corrected-encoder/predictions_EMP.tsv",
        "958046b0bb199dbfa3a7a4f598a01510c0604842d871ca59a8e162a114e830e2"
      ),
      (
        "llmpathy/NewsEmp2024/trac3_EMP_train_gpt.tsv",
        "d82225543471e9ab600dee0d2e3d497e62d3d155d05454e959198b3f86b15670"
      ),
    ] {
      #expect(try Digest.sha256(of: folder.file("a/" + path)) == digest, "\(path)")
    }
  }

  @Test("another seed gives other bytes in every data file")
  func otherSeed() throws {
    let a = try write(seed: 5, to: "a")
    let b = try write(seed: 6, to: "b")
    for (path, data) in a where !path.hasSuffix(".json") {
      #expect(b[path] != data, "\(path)")
    }
  }

  @Test("an empty folder is used, and no draft stays beside it")
  func emptyFolder() throws {
    try FileManager.default.createDirectory(
      at: folder.file("a"), withIntermediateDirectories: true)
    _ = try write(seed: 5, to: "a")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["a"])
  }

  @Test("a folder that holds a file is refused and left alone")
  func folderInUse() throws {
    try folder.write("mine", to: "a/notes.txt")
    let error = #expect(throws: HarnessError.self) {
      try SampleGenerator(seed: 5).write(to: folder.file("a"))
    }
    #expect(error?.description.contains("\(folder.file("a").path) holds files already") == true)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.file("a").path) == ["notes.txt"])
  }

  @Test("a file in the folder's place is refused")
  func notAFolder() throws {
    try folder.write("mine", to: "a")
    let error = #expect(throws: HarnessError.self) {
      try SampleGenerator(seed: 5).write(to: folder.file("a"))
    }
    #expect(error?.description.contains("\(folder.file("a").path) is not a folder") == true)
  }

  @Test("a folder that cannot be made is an error with its path")
  func notWritable() throws {
    try folder.write("mine", to: "a")
    let error = #expect(throws: BasicsError.self) {
      try SampleGenerator(seed: 5).write(to: folder.file("a/b"))
    }
    #expect(error?.description.contains(folder.file("a").path) == true)
  }
}
