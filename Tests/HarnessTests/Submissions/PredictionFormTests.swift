import Basics
import Foundation
import Harness
import TestSupport
import Testing

@Suite("Prediction files: the accepted forms")
struct PredictionFormTests {
  private static let empathy: [Double] = [1.5, 4, 6.25]
  private static let distress: [Double] = [2, 3.5, 1]

  private static func zipped(_ path: String, _ text: String) -> Data {
    var zip = ZipFile()
    zip.add(path, text)
    return zip.data
  }

  /// The same six numbers in every form.
  private static let forms: [(String, Data)] = [
    ("WASSA", Data("1.5\t2\n4\t3.5\n6.25\t1\n".utf8)),
    ("WASSA, CRLF and no newline at the end", Data("1.5\t2\r\n4.0\t3.5\r\n6.25\t1e0".utf8)),
    ("WASSA, spaces around numbers", Data("1.5 \t 2\n4\t3.5\n+6.25\t1.\n".utf8)),
    (
      "WASSA, a byte order mark", Data([0xEF, 0xBB, 0xBF]) + Data("1.5\t2\n4\t3.5\n6.25\t1\n".utf8)
    ),
    ("CSV without header", Data("1.5,2\n4,3.5\n6.25,1\n".utf8)),
    ("TSV", Data("row\tempathy\tdistress\n2\t4\t3.5\n3\t6.25\t1\n1\t1.5\t2\n".utf8)),
    ("CSV", Data("distress,row,note,empathy\n2,1,\"a,b\",1.5\n1,3,,6.25\n3.5,2,,4\n".utf8)),
    ("a column named id", Data("id,empathy,distress\n1.0,1.5,2\n2,4,3.5\n3,6.25,1\n".utf8)),
    ("usual names", Data("row,llm_empathy,pred_distress\n1,1.5,2\n2,4,3.5\n3,6.25,1\n".utf8)),
    (
      "JSON lines",
      Data(
        """
        {"row": 3, "empathy": 6.25, "distress": 1}
        {"row": "1", "empathy": 1.5, "distress": "2"}

        {"id": 2.0, "distress": 3.5, "predicted_empathy": 4}
        """.utf8)
    ),
    ("a zip", zipped("predictions_EMP.tsv", "1.5\t2\n4\t3.5\n6.25\t1\n")),
    (
      "a zip with folders",
      zipped("team/run/out.csv", "row,empathy,distress\n1,1.5,2\n2,4,3.5\n3,6.25,1\n")
    ),
  ]

  @Test("every form gives the same numbers and the same digest", arguments: forms)
  func sameDigest(form: (String, Data)) throws {
    let bench = try PredictionBench()
    let read = try bench.read(form.1)
    #expect(read.values("empathy") == Self.empathy)
    #expect(read.values("distress") == Self.distress)
    #expect(read.warnings.isEmpty)
    let plain = try bench.read(Self.forms[0].1)
    #expect(read.digest == plain.digest)
    #expect(read.digest.count == 64)
  }

  @Test("a digest depends on every number, on the target and on a missing value")
  func digestDiffers() throws {
    let bench = try PredictionBench()
    let texts = [
      "1.5\t2\n4\t3.5\n6.25\t1\n", "1.5\t2\n4\t3.5\n6.25\t1.0000001\n", "1.5\n4\n6.25\n",
      "row,distress\n1,1.5\n2,4\n3,6.25\n", "row,empathy\n1,1.5\n2,4\n3,\n",
      "row,empathy\n1,1.5\n2,4\n3,0\n",
    ]
    let digests = try texts.map { try bench.read($0, dropMissing: true).digest }
    #expect(Set(digests).count == texts.count)
  }

  @Test("one column without header is empathy alone")
  func oneColumn() throws {
    let read = try PredictionBench().read("1\n2\n3\n")
    #expect(read.values("empathy") == [1, 2, 3])
    #expect(read.values("distress") == nil)
  }

  @Test("a column may be named on request")
  func namedColumn() throws {
    let bench = try PredictionBench()
    let read = try bench.read("row,score\n1,1\n2,2\n3,3\n", columns: ["distress": "score"])
    #expect(read.columns.keys.sorted() == ["distress"])
    let faults = refusal {
      try bench.read("row,empathy\n1,1\n2,2\n3,3\n", columns: ["distress": "score"])
    }
    #expect(faults.map(\.expected) == ["a column named score"])
  }

  @Test("--column takes TARGET=NAME and nothing else", arguments: ["score", "joy=score", "=x"])
  func columnSyntax(pair: String) throws {
    #expect(throws: HarnessError.self) { try PredictionColumns.parse([pair], targets: ["empathy"]) }
    #expect(
      try PredictionColumns.parse(["empathy=a=b"], targets: ["empathy"]) == ["empathy": "a=b"])
  }

  @Test("an id of several columns is joined from them, or given joined in one")
  func compositeIDs() throws {
    let bench = try PredictionBench(
      ids: ["7:p1", "7:p2", "8:p1"], idColumns: ["conversation", "person"])
    let split = try bench.read(
      "person\tconversation\tempathy\np1\t8.0\t3\np1\t7\t1\np2\t7.0\t2\n")
    let joined = try bench.read("id,empathy\n8:p1,3\n7:p1,1\n7:p2,2\n")
    let lines = try bench.read(
      """
      {"conversation": 7, "person": "p1", "empathy": 1}
      {"id": "8:p1", "empathy": 3}
      {"conversation": "7", "person": "p2", "empathy": 2}
      """)
    for read in [split, joined, lines] { #expect(read.values("empathy") == [1, 2, 3]) }
  }

  @Test("in a zip, predictions_EMP.tsv is taken before other tables, and __MACOSX is ignored")
  func chosenEntry() throws {
    var zip = ZipFile()
    zip.add("__MACOSX/._predictions_EMP.tsv", "junk")
    zip.add("__MACOSX/other.tsv", "junk")
    zip.add("a/", "")
    zip.add("a/.DS_Store", "junk")
    zip.add("a/other.tsv", "9\n9\n9\n")
    zip.add("a/predictions_EMP.tsv", "1\n2\n3\n")
    zip.add("readme.md", "words")
    #expect(try PredictionBench().read(zip.data).values("empathy") == [1, 2, 3])
  }

  @Test("faults within a zip name the archive and the entry")
  func zipNames() throws {
    let data = Self.zipped("run/predictions_EMP.tsv", "1\nx\n3\n")
    let faults = refusal { try PredictionBench().read(data, name: "up.zip") }
    #expect(faults.map(\.file) == ["up.zip/run/predictions_EMP.tsv"])
    #expect(faults.map(\.line) == [2])
  }

  @Test("a file that is read from disk is named as the user named it")
  func fileName() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("1\nx\n3\n", to: "mine.tsv")
    let bench = try PredictionBench()
    let reader = PredictionReader(bench.definition, dataset: bench.dataset)
    #expect(refusal { try reader.read(file) }.first?.file.hasSuffix("mine.tsv") == true)
    do {
      _ = try reader.read(folder.file("absent.tsv"))
      Issue.record("nothing was refused")
    } catch {
      #expect(error.exitStatus == .missingInput)
    }
  }
}
