import Foundation
import Reference

/// `invitro-bench tokenizers ESSAYS.txt NAME=DIRECTORY …`: tokens a second of each tokenizer on one
/// thread, beside Hugging Face's library on the same essays where `INVITRO_PEER_PYTHON` names a
/// Python that has it.
///
/// `ESSAYS.txt` is NewsEmp18's `messages.csv`, whose last column is the essay. Every tokenizer goes
/// through all essays in seven rounds, ours and the peer's by turns, and the best round counts; the
/// ids of both are compared.
func tokenizerBench(arguments: [String]) throws {
  guard let csv = arguments.first, arguments.count > 1 else {
    throw TokenizerBenchError.usage
  }
  let essays = try quotedRows(of: URL(filePath: csv)).dropFirst().compactMap(\.last)
  let essayFile = FileManager.default.temporaryDirectory.appending(path: "essays-\(UUID()).json")
  try JSONEncoder().encode(essays).write(to: essayFile)
  defer { try? FileManager.default.removeItem(at: essayFile) }
  print("| tokenizer | tokens | ours, tokens/s | Hugging Face, tokens/s | ratio | same ids |")
  print("|---|---|---|---|---|---|")
  for argument in arguments.dropFirst() {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { throw TokenizerBenchError.usage }
    let start = ContinuousClock.now
    let tokenizer = try Tokenizer.load(directory: URL(filePath: parts[1]))
    let load = ContinuousClock.now - start
    var (best, count, digest) = (Double.infinity, 0, UInt64(0))
    var peer: TokenizerPeer?
    for _ in 0..<7 {
      let start = ContinuousClock.now
      (count, digest) = (0, 0xCBF2_9CE4_8422_2325)
      for essay in essays {
        let ids = tokenizer.encode(essay, maxLength: 512)
        count += ids.count
        for id in ids { digest = (digest ^ UInt64(UInt32(bitPattern: id))) &* 0x100_0000_01B3 }
      }
      let elapsed = ContinuousClock.now - start
      best = min(best, elapsed / .seconds(1))
      if let round = try TokenizerPeer.run(directory: parts[1], essays: essayFile),
        round.seconds < peer?.seconds ?? .infinity
      {
        peer = round
      }
    }
    let ours = Double(count) / best
    let theirs = peer.map { Double($0.tokens) / $0.seconds }
    print(
      "| \(parts[0]) | \(count) | \(Int(ours)) | \(theirs.map { "\(Int($0))" } ?? "not run") | "
        + (theirs.map { String(format: "%.1f", ours / $0) } ?? "")
        + " | \(peer.map { $0.digest == String(digest, radix: 16) ? "yes" : "NO" } ?? "") |")
    FileHandle.standardError.write(
      Data(
        String(format: "%@ loads in %.0f ms\n", parts[0], load / .milliseconds(1)).utf8))
  }
}

enum TokenizerBenchError: Error, CustomStringConvertible {
  case usage
  case peer(Int32)

  var description: String {
    switch self {
    case .usage: "usage: invitro-bench tokenizers messages.csv NAME=DIRECTORY …"
    case .peer(let status): "the peer left with status \(status)"
    }
  }
}

/// One round of the peer, measured inside its process: no start-up, no reading.
private struct TokenizerPeer: Decodable {
  var tokens: Int
  var seconds: Double
  var digest: String

  static func run(directory: String, essays: URL) throws -> TokenizerPeer? {
    guard let python = ProcessInfo.processInfo.environment["INVITRO_PEER_PYTHON"] else {
      return nil
    }
    let process = Process()
    process.executableURL = URL(filePath: python)
    // `scripts/bench` runs in the repository's root.
    process.arguments = ["Benchmarks/peers/tokenizer_peer.py", directory, essays.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw TokenizerBenchError.peer(process.terminationStatus)
    }
    return try JSONDecoder().decode(TokenizerPeer.self, from: output)
  }
}

/// The rows of a CSV whose fields are all quoted, its header too.
func quotedRows(of file: URL) throws -> [[String]] {
  var (rows, row, field, isQuoted): ([[String]], [String], [UInt8], Bool) = ([], [], [], false)
  let bytes = Array(try Data(contentsOf: file))
  var index = 0
  func endField() {
    row.append(String(decoding: field, as: UTF8.self))
    field.removeAll()
  }
  while index < bytes.count {
    let byte = bytes[index]
    index += 1
    switch byte {
    case UInt8(ascii: "\"") where isQuoted && index < bytes.count && bytes[index] == byte:
      field.append(byte)
      index += 1
    case UInt8(ascii: "\""): isQuoted.toggle()
    case UInt8(ascii: ",") where !isQuoted: endField()
    case UInt8(ascii: "\n") where !isQuoted:
      endField()
      rows.append(row)
      row.removeAll()
    case UInt8(ascii: "\r") where !isQuoted: break
    default: field.append(byte)
    }
  }
  if !row.isEmpty || !field.isEmpty {
    endField()
    rows.append(row)
  }
  return rows
}
