import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite("Commands: what a terminal gets")
struct TerminalTests {
  /// What the program prints on a terminal of `columns`, standard output and error together.
  private func shown(
    _ arguments: [String], columns: Int = 80, environment: [String: String] = [:]
  ) throws -> String {
    let sample = try SampleFolder.shared.get()
    // posix_openpt and its like are not in Swift's Glibc; Linux's TIOCSPTLCK unlocks, TIOCGPTN numbers.
    let master = Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY)
    try #require(master >= 0)
    defer { close(master) }
    var (locked, number): (Int32, UInt32) = (0, 0)
    try #require(ioctl(master, 0x4004_5431, &locked) == 0)
    try #require(ioctl(master, 0x8004_5430, &number) == 0)
    let slave = Glibc.open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(slave >= 0)
    var size = winsize(ws_row: 40, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(slave, UInt(TIOCSWINSZ), &size) == 0)
    let terminal = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
    let process = Process()
    process.executableURL = sample.program.binary
    process.arguments = arguments
    process.currentDirectoryURL = sample.folder.url
    process.environment = Program.environment.merging(["TERM": "xterm", "NO_COLOR": ""]) { $1 }
      .merging(environment) { $1 }
    (process.standardOutput, process.standardError) = (terminal, terminal)
    process.standardInput = FileHandle.nullDevice
    let text = Mutex(Data())
    let isRead = DispatchSemaphore(value: 0)
    // The terminal holds few kilobytes: it is emptied while the program runs, until all have closed it.
    Thread.detachNewThread {
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = read(master, &buffer, buffer.count)
        guard count > 0 else { break }
        text.withLock { $0.append(contentsOf: buffer[..<count]) }
      }
      isRead.signal()
    }
    try process.run()
    process.waitUntilExit()
    try terminal.close()
    isRead.wait()
    return text.withLock { String(decoding: $0, as: UTF8.self) }.replacing("\r\n", with: "\n")
  }

  private func score(_ more: String...) throws -> [String] {
    let sample = try SampleFolder.shared.get()
    return ["score", try sample.system(3), "-b", "sample24", "-s", "test", "--replicates", "100"]
      + more
  }

  private func plain(_ text: String) -> String { text.replacing(/\u{1B}\[[0-9;]*m/, with: "") }

  @Test("a table fits the width of the terminal", arguments: [40, 60, 100])
  func width(columns: Int) throws {
    let text = plain(try shown(try score("--by", "race,gender"), columns: columns))
    let table = text.split(separator: "\n").filter { $0.contains("0.") && !$0.contains("|") }
    #expect(!table.isEmpty)
    #expect(table.allSatisfy { $0.count <= columns }, "\(text)")
  }

  @Test("colours are shown on a terminal, unless NO_COLOR or a dumb terminal says no")
  func colours() throws {
    #expect(try shown(try score()).contains("\u{1B}["))
    #expect(!(try shown(try score(), environment: ["NO_COLOR": "1"])).contains("\u{1B}["))
    #expect(!(try shown(try score(), environment: ["TERM": "dumb"])).contains("\u{1B}["))
  }

  @Test("an error stands out")
  func errors() throws {
    let text = try shown(["scroe"])
    #expect(text.contains("\u{1B}[1;31mError:\u{1B}[0m"))
  }

  @Test("a pipe gets neither colours nor folded tables, and warnings come after the result")
  func pipe() throws {
    let sample = try SampleFolder.shared.get()
    let outcome = try sample.program.run(try score())
    #expect(!outcome.out.contains("\u{1B}["))
    let text = try String(contentsOf: sample.folder.file(sample.system(0)), encoding: .utf8)
    let swapped = text.split(separator: "\n")
      .map { $0.split(separator: "\t").reversed().joined(separator: "\t") }
    let folder = try TemporaryFolder()
    let file = try folder.write(swapped.joined(separator: "\n"), to: "swapped.tsv")
    let shown = plain(
      try shown(["score", file.path, "-b", "sample24", "-s", "test", "--replicates", "100"]))
    let result = try #require(shown.range(of: "WASSA figures"))
    let warning = try #require(shown.range(of: "warning:"))
    #expect(result.upperBound < warning.lowerBound)
    withExtendedLifetime(folder) {}
  }
}
