import Basics
package import Foundation

/// The weights in a file of `torch.save`, such as `pytorch_model.bin`, in the form that PyTorch has
/// written since version 1.6: a zip archive of a pickle (`NAME/data.pkl`) and a file for each storage
/// (`NAME/data/KEY`), which tensors are views of.
package final class PyTorchFile: WeightFile {
  package let path: String
  /// In the order of the pickle.
  package let entries: [TensorEntry]
  package let file: Data
  package let dataOffset = 0
  /// The place of each tensor in the entries, by its name.
  private let places: [String: Int]

  /// All tensors together may be so many times the file: that is room for some that share a storage,
  /// and none for a small file that fills the memory.
  private static let maxRepetition = 4
  /// How a file of the older form begins: a pickle of the number that PyTorch marked it with.
  private static let legacyStart: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
  ]

  /// Maps and checks `url`. Throws ``ReferenceError``: the older form, or what is not a state dict of
  /// tensors; of the tensors, all faults at once.
  package init(_ url: URL) throws {
    path = url.path
    file = try ReferenceError.read(url, expected: "a file of torch.save", options: .alwaysMapped)
    guard !file.starts(with: Self.legacyStart) else {
      throw ReferenceError.legacyPickle(path: path)
    }
    var faults: [ReferenceError.Diagnostic] = []
    do { entries = try Self.entries(of: file, &faults) } catch {
      throw ReferenceError.invalid(path: path, faults: [error])
    }
    guard faults.isEmpty else { throw ReferenceError.invalid(path: path, faults: faults) }
    places = Dictionary(entries.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  package subscript(name: String) -> TensorEntry? { places[name].map { entries[$0] } }

  /// The tensors that the archive's pickle names; adds a fault for each that is unsound.
  private static func entries(of file: Data, _ faults: inout [ReferenceError.Diagnostic])
    throws(ReferenceError.Diagnostic) -> [TensorEntry]
  {
    let archive = try StoredZip(file)
    let pickles = archive.entries.filter {
      $0.key.split(separator: "/").dropFirst() == ["data.pkl"]
    }
    guard let (name, place) = pickles.first, pickles.count == 1 else {
      throw .init(.whole, found: "\(pickles.count) entries NAME/data.pkl", expected: "one")
    }
    guard place.count <= StateDictPickle.limit else {
      throw .init(
        .entry(name), found: "\(place.count) bytes",
        expected: "at most \(StateDictPickle.limit), as a state dict has")
    }
    let folder = name.dropLast("data.pkl".count)
    if let order = archive.entries["\(folder)byteorder"], !file[order].elementsEqual("little".utf8)
    {
      let found = String(decoding: file[order].prefix(20), as: UTF8.self)
      throw .init(.entry("\(folder)byteorder"), found: "\"\(found)\"", expected: "\"little\"")
    }
    var names: Set<String> = []
    var entries: [TensorEntry] = []
    for item in try StateDictPickle.items(of: Array(file[place]), entry: name) {
      do throws(ReferenceError.Diagnostic) {
        guard names.insert(item.name).inserted else {
          throw .init(.field(item.name), found: "the key twice", expected: "each key once")
        }
        guard let tensor = item.tensor else {
          throw .init(
            .field(item.name), found: item.kind,
            expected: "a tensor: only a state dict is read, not a training checkpoint")
        }
        entries.append(try entry(item.name, tensor, in: archive, folder: folder))
      } catch { faults.append(error) }
    }
    let size = entries.reduce(0) { $0 + $1.count * $1.type.byteCount }
    guard size / maxRepetition <= file.count else {
      throw .init(
        .entry(name), found: "tensors of \(size) bytes in a file of \(file.count)",
        expected: "at most \(maxRepetition) times the file")
    }
    return entries
  }

  /// Where `tensor` lies in the file, by checked sizes.
  private static func entry(
    _ name: String, _ tensor: StateDictPickle.Tensor, in archive: StoredZip, folder: Substring
  ) throws(ReferenceError.Diagnostic) -> TensorEntry {
    let (storage, width) = (tensor.storage, tensor.storage.type.byteCount)
    let path = "\(folder)data/\(storage.key)"
    guard let content = archive.entries[path] else {
      throw .init(
        .field(name), found: "no entry \(path.prefix(200))", expected: "an entry with its storage")
    }
    let elements = "\(storage.count) elements of \(storage.type.rawValue) in \(path)"
    guard content.count / width == storage.count, content.count % width == 0 else {
      throw .init(
        .field(name), found: "\(content.count) bytes for \(elements)",
        expected: "a storage of the size that it is said to have")
    }
    guard let (count, end) = extent(tensor), end <= storage.count, count <= storage.count else {
      throw .init(
        .field(name),
        found: "shape \(tensor.shape) with strides \(tensor.strides) from \(tensor.offset) on, "
          + "of \(elements)",
        expected: "a view inside its storage, each element at most once")
    }
    let start = content.lowerBound + tensor.offset * width
    return TensorEntry(
      name: name, type: storage.type, shape: tensor.shape,
      bytes: start..<start + (end - tensor.offset) * width,
      strides: count == 0 || isDense(tensor) ? nil : tensor.strides)
  }

  /// A view's number of elements and the end of the last one in its storage; nil where they overflow.
  private static func extent(_ tensor: StateDictPickle.Tensor) -> (count: Int, end: Int)? {
    var (count, last) = (1, tensor.offset)
    for (length, stride) in zip(tensor.shape, tensor.strides) where length > 0 {
      let product = count.multipliedReportingOverflow(by: length)
      let step = stride.multipliedReportingOverflow(by: length - 1)
      let sum = last.addingReportingOverflow(step.partialValue)
      guard !product.overflow, !step.overflow, !sum.overflow else { return nil }
      (count, last) = (product.partialValue, sum.partialValue)
    }
    if tensor.shape.contains(0) { return (0, tensor.offset) }
    return last < Int.max ? (count, last + 1) : nil
  }

  /// Whether the elements of a view that is not empty follow each other, row-major.
  private static func isDense(_ tensor: StateDictPickle.Tensor) -> Bool {
    var expected = 1
    for (length, stride) in zip(tensor.shape, tensor.strides).reversed() where length > 1 {
      guard stride == expected else { return false }
      expected *= length
    }
    return true
  }
}
