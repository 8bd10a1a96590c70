import Basics
import Foundation
import Reference
import TestFiles
import TestSupport
import Testing

/// Files of torch.save against what PyTorch reads in them; `make_checkpoint_goldens.py` made them.
@Suite("pytorch_model.bin")
struct PyTorchFileTests {
  private static func open(_ name: String) throws -> PyTorchFile {
    try PyTorchFile(Goldens.url("checkpoints/\(name)"))
  }

  /// Two tensors by pickle, in a zip with their storages.
  static func archive(
    _ pickle: [UInt8]? = nil, storages: [(String, Int)] = [("0", 24), ("1", 8)],
    change: (inout ZipFile) -> Void = { _ in }
  ) -> Data {
    let sound = PickleWriter.stateDict([
      ("weight", .init([2, 3], key: "0")), ("bias", .init([2], key: "1")),
    ])
    var zip = ZipFile(
      entries: [.init(path: "archive/data.pkl", content: Data(pickle ?? sound))]
        + storages.map { .init(path: "archive/data/\($0)", content: Data(count: $1)) })
    zip.add("archive/byteorder", "little")
    change(&zip)
    return zip.data
  }

  static func faults(_ data: Data) throws -> [ReferenceError.Diagnostic] {
    let folder = try TemporaryFolder()
    do {
      _ = try PyTorchFile(try folder.write(data, to: "pytorch_model.bin"))
      return []
    } catch ReferenceError.invalid(_, let faults) {
      return faults
    }
  }

  @Test("views of storages are read as PyTorch reads them, in every type")
  func views() throws {
    struct Expected: Decodable {
      struct Tensor: Decodable {
        var shape: [Int]
        var values: [Double]
      }
      var tensors: [String: Tensor]
      var integers: [String: String]
    }
    let expected = try JSONDecoder().decode(
      Expected.self, from: try Goldens.data("checkpoints/views.json"))
    let file = try Self.open("views.bin")
    #expect(file.entries.count == expected.tensors.count + expected.integers.count)
    #expect(expected.tensors.count == 13 && expected.integers.count == 6)
    for (name, tensor) in expected.tensors {
      #expect(file[name]?.shape == tensor.shape, "\(name)")
      #expect(file.floats(name) == tensor.values.map { Float($0) }, "\(name)")
    }
    for name in expected.integers.keys {
      #expect(file[name]?.count == 3)
      #expect(file.floats(name) == nil)
    }
  }

  @Test(
    "other protocols, parameters and metadata change nothing",
    arguments: ["protocol4.bin", "parameters.bin", "metadata.bin"])
  func forms(name: String) throws {
    let file = try Self.open(name)
    #expect(file.entries.map(\.name).sorted() == ["bias", "weight"])
    #expect(file.floats("weight") == [0, 1, 2, 3, 4, 5])
    #expect(file.floats("bias") == [0.5, -1])
  }

  @Test("the form before PyTorch 1.6 is refused with how to convert it")
  func legacy() throws {
    #expect {
      try Self.open("legacy.bin")
    } throws: { error in
      (error as? ReferenceError)?.exitStatus == .badData && "\(error)".contains("torch.save(")
    }
  }

  @Test("a pickled module and a training checkpoint are refused by what they hold")
  func otherObjects() throws {
    let module = try Self.faults(try Goldens.data("checkpoints/module.bin"))
    #expect(module.map(\.found) == ["the global torch.nn.modules.linear.Linear"])
    #expect(module[0].description.hasPrefix(": module/data.pkl, byte 2: found"))
    let training = try Self.faults(try Goldens.data("checkpoints/training.bin"))
    #expect(training.map(\.place) == [.field("model"), .field("epoch")])
  }

  /// A pickle of other opcodes than a state dict's.
  struct Hostile: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]

    init(_ found: String, _ write: (inout PickleWriter) -> Void) {
      var writer = PickleWriter()
      write(&writer)
      (testDescription, bytes) = (found, writer.bytes)
    }
  }

  static let hostile = [
    Hostile("the global os.system") {
      $0.global("os", "system")
      $0.put("(")
      $0.text("echo hostile")
      $0.put("tR.")
    },
    Hostile("the global builtins.eval") {
      $0.text("builtins")
      $0.text("eval")
      $0.put([0x93])
    },
    Hostile("the global torch.ComplexFloatStorage") { $0.global("torch", "ComplexFloatStorage") },
    Hostile("the opcode INST (0x69)") { $0.put("(ios\nsystem\n.") },
    Hostile("the opcode OBJ (0x6f)") { $0.put("(o") },
    Hostile("the opcode NEWOBJ (0x81)") { $0.put([0x81]) },
    Hostile("the opcode EXT1 (0x82)") { $0.put([0x82, 1]) },
    Hostile("the opcode PERSID (0x50)") { $0.put("Pstorage\n") },
    Hostile("the byte 0xff") { $0.put([0xFF]) },
    Hostile("protocol 9") { $0.put([0x80, 9]) },
    Hostile("the end of the pickle") { $0.put("}") },
    Hostile("the end of the pickle") { $0.put("ccollections") },
    Hostile("the end of the pickle") { $0.put([0x58, 0xFF, 0xFF, 0xFF, 0xFF]) },
    Hostile("a text that is not UTF-8") { $0.put([0x8C, 1, 0xFF]) },
    Hostile("a number of 200 bytes") { $0.put([0x8A, 200]) },
    Hostile("0 values on the stack") { $0.put("R") },
    Hostile("0 values on the stack") { $0.put("}(Q") },
    Hostile("no mark on the stack") { $0.put("}u") },
    Hostile("an empty stack") { $0.put("}(q\u{1}") },
    Hostile("memo 7") { $0.put("h\u{7}") },
    Hostile("a key without a value") { $0.put("}(Nu.") },
    Hostile("the key None") { $0.put("}(NNu.") },
    Hostile("items of something else") { $0.put("N(NNu") },
    Hostile("attributes of something else") { $0.put("}Nb") },
    Hostile("another persistent id") { $0.put(")Q") },
    Hostile("a call of a dictionary") { $0.put("})R") },
    Hostile("collections.OrderedDict of (None)") {
      $0.global("collections", "OrderedDict")
      $0.put([0x4E, 0x85, 0x52])
    },
    Hostile("torch._utils._rebuild_tensor_v2 of (None)") {
      $0.global("torch._utils", "_rebuild_tensor_v2")
      $0.put([0x4E, 0x85, 0x52])
    },
    Hostile("torch storage of F32 of ()") {
      $0.global("torch", "FloatStorage")
      $0.put(")R")
    },
    Hostile("None") { $0.put("N.") },
    Hostile("nothing") { $0.put(".") },
    Hostile("2 bytes after the pickle") { $0.put("}.}.") },
  ]

  @Test("whatever a state dict does not need is refused by name", arguments: hostile)
  func refused(pickle: Hostile) throws {
    let faults = try Self.faults(Self.archive(pickle.bytes))
    #expect(faults.map(\.found) == [pickle.testDescription])
    guard case .entry("archive/data.pkl", _)? = faults.first?.place else {
      Issue.record("no place in the pickle")
      return
    }
  }

  @Test("depth, references and repetition cost no more than the file")
  func bombs() throws {
    let many = 1_000_000
    var deep = PickleWriter()
    deep.put("N")
    deep.put([UInt8](repeating: 0x85, count: many) + Array(".".utf8))
    #expect(try Self.faults(Self.archive(deep.bytes)).map(\.found) == ["a tuple"])
    var cyclic = PickleWriter()
    cyclic.put("}q\u{1}")
    cyclic.text("self")
    cyclic.put("h\u{1}s.")
    #expect(try Self.faults(Self.archive(cyclic.bytes)).map(\.found) == ["a dictionary"])
    var laughs = PickleWriter()
    laughs.put(")q\u{0}")
    for _ in 0..<1000 { laughs.put("(" + String(repeating: "h\u{0}", count: 100) + "tq\u{0}") }
    laughs.put(".")
    #expect(try Self.faults(Self.archive(laughs.bytes)).count == 1)
    let long = [UInt8](repeating: 0x28, count: 3_000_000)
    #expect(try Self.faults(Self.archive(long)).map(\.found) == ["3000000 bytes"])
    let shared = (0..<1000).map { ("\($0)", PickleWriter.Tensor([2500], key: "0")) }
    let repeated = Self.archive(PickleWriter.stateDict(shared), storages: [("0", 10_000)])
    #expect(try Self.faults(repeated).first?.found.contains("tensors of 10000000 bytes") == true)
  }

  @Test("every tensor that its storage does not hold is named")
  func tensors() throws {
    let tensors: [(String, PickleWriter.Tensor)] = [
      ("sound", .init([2, 3], key: "0")),
      ("missing", .init([2, 3], key: "7")),
      ("short", .init([2, 4], key: "0")),
      ("type", .init([6], key: "0", type: "DoubleStorage")),
      ("offset", .init([6], key: "0", offset: 1)),
      ("strides", .init([2, 3], key: "0", strides: [4, 1])),
      ("repeated", .init([6, 2], key: "0", count: 6, strides: [1, 0])),
      ("overflow", .init([1 << 62, 4], key: "0", count: 6, strides: [0, 0])),
      ("far", .init([2], key: "0", count: 6, offset: Int.max)),
      ("steps", .init([3, 1], key: "0", count: 6, strides: [Int.max, 1])),
      ("emptyOverflow", .init([1 << 62, 4, 0], key: "0", count: 6, strides: [0, 0, 0])),
      ("sound", .init([2, 3], key: "0")),
    ]
    let faults = try Self.faults(Self.archive(PickleWriter.stateDict(tensors)))
    #expect(faults.map(\.place) == tensors.dropFirst().map { .field($0.0) })
    for bad in [
      PickleWriter.Tensor([-1], key: "0", count: 6), .init([1], key: "0", offset: -1),
      .init([1], key: "0", strides: [-1]), .init([2, 3], key: "0", strides: [1]),
      .init(Array(repeating: 1, count: 9), key: "0", count: 6),
    ] {
      let faults = try Self.faults(Self.archive(PickleWriter.stateDict([("x", bad)])))
      #expect(faults.map(\.expected) == ["the arguments that torch.save writes"])
    }
  }

  @Test("an archive that torch.save does not write is refused")
  func zips() throws {
    #expect(try Self.faults(Self.archive()).isEmpty)
    func found(_ change: (inout ZipFile) -> Void) throws -> String? {
      try Self.faults(Self.archive(change: change)).first?.found
    }
    #expect(try found { $0.entries[1].unpackedCount = 24 } == "a compressed entry (method 8)")
    #expect(try found { $0.entries[1].encrypted = true } == "an encrypted entry")
    #expect(try found { $0.entries.append($0.entries[1]) } == "the entry twice")
    #expect(try found { $0.entries[0].path = "data.pkl" } == "0 entries NAME/data.pkl")
    #expect(try found { $0.add("b/data.pkl", "") } == "2 entries NAME/data.pkl")
    #expect(try found { $0.entries[3].content = Data("big".utf8) } == "\"big\"")
    #expect(try found { $0.entries.remove(at: 1) } == "no entry archive/data/0")
    #expect(try Self.faults(Data("PK".utf8)).first?.found == "no end of a zip archive")
    #expect(try Self.faults(Data()).first?.found == "no end of a zip archive")
  }

  @Test("a cut file is refused; one with a byte changed is refused or read within bounds")
  func damage() throws {
    for (name, step) in [("metadata.bin", 3), ("views.bin", 11)] {
      let whole = try Goldens.data("checkpoints/\(name)")
      let folder = try TemporaryFolder()
      for length in stride(from: 0, to: whole.count, by: 5 * step) {
        #expect(try !Self.faults(whole.prefix(length)).isEmpty)
      }
      for index in stride(from: 0, to: whole.count, by: step) {
        var bytes = whole
        bytes[index] ^= index % 2 == 0 ? 0xFF : 1
        let url = try folder.write(bytes, to: "pytorch_model.bin")
        guard let file = try? PyTorchFile(url) else { continue }
        for entry in file.entries {
          #expect(entry.bytes.upperBound <= bytes.count)
          _ = file.floats(entry.name)
        }
        try FileManager.default.removeItem(at: url)
      }
    }
  }
}
