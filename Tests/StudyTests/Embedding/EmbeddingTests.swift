import Foundation
import Reference
import Study
import TestSupport
import Testing

@Suite("Essays as states")
struct EmbeddingTests {
  @Test("a NumPy file begins as the format says, at a multiple of 64 bytes")
  func header() {
    let data = [UInt8](NumPyArray.data([[1, -2.5], [0, 3]]))
    #expect(data.prefix(8) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
    let length = Int(data[8]) + Int(data[9]) * 256
    #expect((10 + length) % 64 == 0)
    #expect(data.count == 10 + length + 16)
    let text = String(decoding: data[10..<(10 + length)], as: UTF8.self)
    #expect(text.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"))
    #expect(text.hasSuffix("\n"))
    #expect(data.suffix(16) == [0, 0, 128, 63, 0, 0, 32, 192, 0, 0, 0, 0, 0, 0, 64, 64])
  }

  @Test("what was written is read back")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("states.npy")
    let rows: [[Float]] = (0..<40).map { row in (0..<7).map { Float(row * 7 + $0) / 3 } }
    try NumPyArray.data(rows).write(to: file)
    #expect(try NumPyArray.read(file) == rows.map { $0.map(Double.init) })
  }

  @Test(
    "a file of another kind is refused with what was found",
    arguments: [
      "", "no numbers", "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }",
      "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999, 9999999), }",
    ])
  func refused(header: String) throws {
    let folder = try TemporaryFolder()
    let file = folder.file("x.npy")
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0])
    data.append(Data(header.utf8))
    data.append(Data([0, 0, 128, 63]))
    try data.write(to: file)
    #expect(throws: ReferenceError.self) { try NumPyArray.read(file) }
    try Data("plain text".utf8).write(to: file)
    #expect(throws: ReferenceError.self) { try NumPyArray.read(file) }
  }

  @Test("a state that is not finite is named by its place")
  func notFinite() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("x.npy")
    try NumPyArray.data([[1, 2], [3, .infinity]]).write(to: file)
    #expect(
      throws: ReferenceError.invalid(
        path: file.path,
        faults: [.init(.whole, found: "inf at row 2, column 2", expected: "finite numbers")])
    ) { try NumPyArray.read(file) }
  }
}
