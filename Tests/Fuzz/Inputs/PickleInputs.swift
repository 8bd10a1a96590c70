import Basics
import Foundation
import Reference
import TestFiles

/// The parts of a file of torch.save, and changes to them.
struct PickleInputs {
  private let pickle: [UInt8]
  private let storages: [(path: String, content: Data)]

  /// Writes pytorch_model.bin in the place of the model.safetensors in `folder`.
  init(replacingWeightsIn folder: URL) throws {
    let old = folder.appending(path: "model.safetensors")
    let weights = try Safetensors(old)
    var tensors: [(name: String, tensor: PickleWriter.Tensor)] = []
    var storages: [(path: String, content: Data)] = []
    for (key, entry) in weights.header.entries.enumerated() {
      tensors.append((entry.name, .init(entry.shape, key: "\(key)")))
      let content = (weights.floats(entry.name) ?? []).withUnsafeBytes { Data($0) }
      storages.append(("archive/data/\(key)", content))
    }
    (pickle, self.storages) = (PickleWriter.stateDict(tensors), storages)
    try Data(try archive(pickle)).write(to: folder.appending(path: "pytorch_model.bin"))
    try FileManager.default.removeItem(at: old)
  }

  private func archive(_ pickle: [UInt8]) throws -> [UInt8] {
    try ZipInputs.zip([("archive/data.pkl", Data(pickle))] + storages, stored: true)
  }

  /// Changes the zip, the pickle in it, or the weights.
  func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: ZipInputs.mutate(&bytes, &random)
    case 2: ModelTarget.damageFloats(&bytes, from: pickle.count + 100, &random)
    default:
      var changed = pickle
      for _ in 0..<Int.random(in: 1...3, using: &random) { change(&changed, &random) }
      bytes = (try? archive(changed)) ?? changed
    }
  }

  private static let opcodes = Array("().JKMNQRXbchjqrstu}}QRiob0".utf8) + Array(0x80...0x98)
  private static let globals = [
    "os\nsystem\n", "builtins\neval\n", "torch\nBFloat16Storage\n", "torch\nLongStorage\n",
    "collections\nOrderedDict\n", "torch._utils\n_rebuild_parameter\n", "\n\n", "",
  ]

  private func change(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    guard let place = bytes.indices.randomElement(using: &random) else { return }
    let end = min(bytes.count, place + Int.random(in: 1...60, using: &random))
    switch Int.random(in: 0..<8, using: &random) {
    case 0: TextMutation.mutate(&bytes, &random)
    case 1: bytes[place] = Self.opcodes.randomElement(using: &random) ?? 0
    case 2: bytes.insert(Self.opcodes.randomElement(using: &random) ?? 0, at: place)
    case 3: bytes.removeSubrange(place..<end)
    case 4:
      let copies = [1, 2, 100, 5000].randomElement(using: &random) ?? 1
      bytes.insert(contentsOf: repeatElement(bytes[place..<end], count: copies).joined(), at: place)
    case 5:
      let name = Self.globals.randomElement(using: &random) ?? ""
      bytes.insert(contentsOf: Array("c\(name)".utf8), at: place)
    case 6:
      // A number of the next tuple.
      guard let number = bytes[place...].firstIndex(of: UInt8(ascii: "K")) else { return }
      let values: [[UInt8]] = [
        [0x4B, 0], [0x4B, UInt8.random(in: 0...255, using: &random)],
        [0x4A, 0xFF, 0xFF, 0xFF, 0xFF], [0x8A, 8, 255, 255, 255, 255, 255, 255, 255, 127],
        [0x8A, 8, 0, 0, 0, 0, 0, 0, 0, 64], [0x8A, 4, 0, 0, 0, 1], [0x4E], [0x29],
      ]
      let value = values.randomElement(using: &random) ?? []
      bytes.replaceSubrange(number..<min(number + 2, bytes.count), with: value)
    default:
      // The same key or storage again.
      let other = bytes.indices.randomElement(using: &random) ?? place
      let length = min(end - place, bytes.count - other)
      bytes.replaceSubrange(place..<place + length, with: Array(bytes[other..<other + length]))
    }
  }
}
