import Foundation
import TestSupport
import Testing

@Suite("Looking at the site while it is made")
struct PreviewTests {
  private let place: TemporaryFolder
  private let process = Process()

  init() throws {
    place = try TemporaryFolder()
    for folder in ["templates", "assets"] {
      let target = place.file("site/\(folder)")
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: Shared.checkout.appending(path: "site/\(folder)"), to: target)
    }
  }

  private func text(_ name: String) -> String {
    (try? String(contentsOf: place.file(name), encoding: .utf8)) ?? ""
  }

  /// Asks until `condition` holds; a program that ended will never fulfil it.
  private func wait(until condition: () throws -> Bool) throws -> Bool {
    for _ in 0..<3000 where process.isRunning {
      if try condition() { return true }
      usleep(20_000)
    }
    return false
  }

  @Test("a change of a template shows, and one that cannot be read leaves the last good site")
  func preview() throws {
    let program = try Program(in: place.url)
    _ = try place.write(#"{"boards": ["sample24"]}"#, to: "site.json")
    process.executableURL = program.binary
    process.arguments = ["site", "preview", "--source", "site", "--port", "0"]
    process.currentDirectoryURL = place.url
    process.environment = Program.environment
    process.standardOutput = try FileHandle(forWritingTo: place.write("", to: "out"))
    process.standardError = try FileHandle(forWritingTo: place.write("", to: "err"))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    defer { process.terminate() }
    #expect(try wait { text("out").hasSuffix("/\n") }, "\(text("err"))")
    let address = text("out").trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(address.hasPrefix("http://127.0.0.1:"))
    #expect(try Curl(address).text.contains("How well can a machine read empathy?"))
    #expect(try Curl(address + "sample24/").status == 200)
    #expect(try Curl(address + "assets/preview.png").headers["content-type"] == "image/png")
    let missing = try Curl(address + "no/such/page.html")
    #expect(missing.status == 404 && missing.text.contains("Page not found"))
    #expect(try Curl("--request", "POST", address).status == 405)

    let template = place.file("site/templates/index.mustache")
    let before = try String(contentsOf: template, encoding: .utf8)
    try before.replacing("How well can", with: "How badly can")
      .write(to: template, atomically: true, encoding: .utf8)
    #expect(try wait { try Curl(address).text.contains("How badly can a machine") })
    try "{{#open}}".write(to: template, atomically: true, encoding: .utf8)
    #expect(try wait { text("err").contains("not built; the last site stays") })
    #expect(text("err").contains("index.mustache"))
    #expect(try Curl(address).text.contains("How badly can a machine"))
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 0)
  }
}
