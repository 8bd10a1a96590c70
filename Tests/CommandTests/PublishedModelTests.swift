import Foundation
import TestSupport
import Testing

@Suite("Commands: a model folder as DeBERTa-v3 is published")
struct PublishedModelTests {
  private let place: TemporaryFolder
  private let program: Program
  private static let goldens = Shared.checkout.appending(path: "Tests/ReferenceTests/Goldens")

  /// config.json, pytorch_model.bin in float16, spm.model and tokenizer_config.json, no more.
  init() throws {
    place = try TemporaryFolder()
    program = try Program(in: place.url)
    for path in [
      "checkpoints/published/config.json", "checkpoints/published/pytorch_model.bin",
      "unigram-tiny/spm.model", "unigram-tiny/tokenizer_config.json",
    ] {
      let file = Self.goldens.appending(path: path)
      try place.write(try Data(contentsOf: file), to: "model/\(file.lastPathComponent)")
    }
  }

  @Test("it is trained, and the run's own folder predicts")
  func trainAndPredict() throws {
    let home = ["--data", try SampleFolder.shared.get().folder.file("data").path]
    let trained = try program.run(
      ["train", "--model", "model", "-b", "sample24", "--train-split", "dev"]
        + ["--validation-split", "test", "--max-length", "32", "--epochs", "1", "--batch", "64"]
        + ["--threads", "1", "--out", "run"] + home)
    #expect(trained.status == 0, "\(trained.err)")
    #expect(!trained.err.contains("warning"), "\(trained.err)")
    let kept = try FileManager.default.contentsOfDirectory(atPath: place.file("run/last").path)
    #expect(
      Set(kept).isSuperset(of: [
        "config.json", "model.safetensors", "spm.model", "tokenizer_config.json",
      ]))
    #expect(!kept.contains("pytorch_model.bin"))
    try FileManager.default.removeItem(at: place.file("model"))
    let predicted = try program.run(
      ["predict", "--model", "run/last", "-b", "sample24", "-s", "test", "--out", "p.tsv"] + home)
    #expect(predicted.status == 0, "\(predicted.err)")
    let table = try String(contentsOf: place.file("p.tsv"), encoding: .utf8)
    #expect(table.split(separator: "\n").count == 84)
  }

  @Test("a pickle that would run something is refused by name, with exit code 65")
  func hostile() throws {
    let file = place.file("model/pytorch_model.bin")
    var bytes = try Data(contentsOf: file)
    let name = try #require(bytes.range(of: Data("collections\nOrderedDict\n".utf8)))
    bytes.replaceSubrange(name, with: Data("os.path.abc\nsystemcalls\n".utf8))
    try bytes.write(to: file)
    let refused = try program.run(
      "train", "--model", "model", "-b", "sample24", "--out", "run", "--data",
      try SampleFolder.shared.get().folder.file("data").path)
    #expect(refused.status == 65)
    #expect(
      refused.err.contains(
        "pytorch_model.bin: pytorch_model/data.pkl, byte 2: found the global "
          + "os.path.abc.systemcalls"), "\(refused.err)")
    #expect(!FileManager.default.fileExists(atPath: place.file("run").path))
  }
}
