import Foundation
import HTTPTypes
import Server
import Testing
import TestSupport

@Suite("Server: the site it serves")
struct SiteTests {
  @Test("a submission appears on the site, and leaves it when it is withdrawn")
  func appears() async throws {
    let arena = try Arena()
    let server = try await arena.server(site: true)
    let submission = try await arena.submit(
      try arena.predictions(1), to: server, system: "Kestrel"
    ).object()
    let id = try #require(submission["id"] as? String)
    let board = "/sample24/test/"
    server.publish()
    let page = try await server.get(board)
    #expect(page.text.contains("Kestrel"))
    #expect(page.headers["content-type"] == "text/html; charset=utf-8")
    #expect(page.headers["cache-control"] == "no-cache")
    let etag = try #require(page.headers["etag"])
    #expect(try await server.get(board, ["If-None-Match": etag]).status == 304)
    #expect(page.text.contains(#"href="../../submit/sample24/test""#))
    let changed = try #require(page.headers["last-modified"])
    #expect(try await server.get(board, ["If-Modified-Since": changed]).status == 304)
    let part = try await server.get(board, ["Range": "bytes=10-19"])
    #expect(part.status == 206 && part.body == page.body[10..<20])
    #expect(try await server.get("/sample24/test").status == 301, "to the folder")
    #expect(try await server.request(.post, "/").status == 405)
    let missing = try await server.get("/no/such/page.html")
    #expect(missing.status == 404 && missing.text.contains("There is no such page"))
    let style = try #require(
      page.text.firstMatch(of: /href="[.\/]*(assets\/site\.css\?v=[0-9a-f]+)"/)?.1)
    let asset = try await server.get("/\(style)")
    #expect(asset.status == 200 && asset.headers["cache-control"]?.contains("max-age") == true)
    let api = "/api/v1/leaderboard?benchmark=sample24&split=test"
    let document = "/sample24/test/leaderboard.json"
    #expect(try await server.get(api).body == server.get(document).body, "one board for both")
    try arena.store.withdraw(id, why: "wrong data used")
    server.publish()
    #expect(try await server.get(document).text.contains("wrong data used"))
    let left = try await server.get(document).object()["rows"] as? [Any]
    #expect(left?.isEmpty == true)
    let checked = try arena.program.run("site", "check", "site")
    #expect(checked.status == 0, "\(checked.out)")
  }

  @Test("names that are markup, turn text around or are 10 kB long stay text on every page")
  func hostileNames() async throws {
    let arena = try Arena(teams: ["<script>alert(1)</script>", "=cmd|'/C calc'!A0"])
    let server = try await arena.server(site: true)
    let names = ["<img src=x onerror=alert(2)>", "\"><svg onload=alert(3)>"]
    for (index, team) in arena.tokens.keys.sorted().enumerated() {
      let answer = try await arena.submit(
        try arena.predictions(index), to: server, team: team, system: names[index],
        metadata: [
          "description": "\u{202E}" + String(repeating: "<b>", count: 1300),
          "codeURL": "http://a.b/",
        ])
      #expect(answer.status == 201, "\(answer.text)")
      #expect(answer.headers["content-type"] == "application/json")
    }
    let long = try await arena.submit(
      try arena.predictions(7), to: server, team: arena.tokens.keys.sorted()[0],
      system: String(repeating: "x", count: 10_000))
    #expect(long.status == 422)
    let link = try await arena.submit(
      try arena.predictions(8), to: server, team: arena.tokens.keys.sorted()[0],
      metadata: ["codeURL": "javascript:alert(4)"])
    #expect(link.status == 422)
    server.publish()
    #expect(try await server.get("/sample24/test/leaderboard.json").text.contains("onload"))
    for path in arena.sitePaths where path.hasSuffix(".html") || path.hasSuffix(".xml") {
      let page = try await server.get("/\(path)").text
      #expect(!page.contains("<script>alert") && !page.contains("<img src=x"), "\(path)")
      #expect(!page.contains("<svg onload") && !page.contains("<b><b>"), "\(path)")
      #expect(!page.contains("\u{202E}"), "\(path)")
    }
    #expect(try arena.program.run("site", "check", "site").status == 0)
    let csv = try await server.get(
      "/api/v1/leaderboard?benchmark=sample24&split=test&format=csv"
    ).text
    #expect(!csv.contains("\n=") && !csv.contains(",=") && !csv.contains("\u{202E}"))
  }

  @Test(
    "of guarded labels the site shows one grid value an entry, of those from folders as well, and no pair"
  )
  func guarded() async throws {
    let arena = try Arena(
      teams: ["Team A", "Team B"], phase: .open(labels: .hidden))
    let sample = try SampleFolder.shared.get()
    let added = try arena.program.run(
      "submit", "add", sample.folder.file(try sample.system(0)).path, "-b", "sample24", "-s",
      "test",
      "--team", "Folder", "--system", "Baseline", "--kind", "baseline")
    #expect(added.status == 0, "\(added.err)")
    let server = try await arena.server(site: true)
    for (index, team) in arena.tokens.keys.sorted().enumerated() {
      let answer = try await arena.submit(try arena.predictions(index), to: server, team: team)
      #expect(answer.status == 201, "\(answer.text)")
    }
    server.publish()
    let text = try await server.get("/sample24/test/leaderboard.json").text
    #expect(["Team A", "Team B", "Folder"].allSatisfy(text.contains))
    let paths = arena.sitePaths
    var seen: [String: Int] = [:]
    func check(_ value: Any, _ name: String, in path: String) {
      if let object = value as? [String: Any] {
        for (key, inner) in object { check(inner, key, in: path) }
        #expect((object["groups"] as? [Any])?.isEmpty ?? true, "\(path)")
      } else if let list = value as? [Any] {
        for inner in list { check(inner, name, in: path) }
      } else if let number = value as? Double,
        ["value", "low", "high", "difference", "p", "adjusted", "discoveryRate"].contains(name)
      {
        seen[name, default: 0] += 1
        let scale = name == "value" ? 10.0 : 100
        #expect(
          abs(number * scale - (number * scale).rounded()) < 1e-9, "\(path): \(name) \(number)")
      }
    }
    for path in paths where path.hasPrefix("sample24/test") && path.hasSuffix(".json") {
      check(
        try JSONSerialization.jsonObject(with: try await server.get("/\(path)").body), "", in: path)
    }
    #expect(seen["value"] ?? 0 > 0 && seen["difference"] == nil && seen["p"] == nil, "\(seen)")
    // Nothing else on the pages has more decimals either, but for digests and versions.
    for path in paths where path.hasPrefix("sample24/test") && path.hasSuffix(".html") {
      let page = try await server.get("/\(path)").text
      let longer = page.matches(of: /[^0-9.A-Za-z_\-][01]?\.[0-9]{2}0*[1-9][0-9]*\b/).map {
        String($0.0)
      }
      #expect(longer.filter { !Self.isScaffold($0, in: page) }.isEmpty, "\(path): \(longer)")
    }
  }

  /// Whether a number is part of a drawing or a style and no figure.
  private static func isScaffold(_ number: String, in page: String) -> Bool {
    page.ranges(of: number).allSatisfy { range in
      let before = page[..<range.lowerBound].suffix(400)
      return before.lastIndex(of: "<").map { !before[$0...].contains(">") } ?? false
    }
  }

  @Test("the commands on a benchmark's page work when they are pasted")
  func pasted() throws {
    let arena = try Arena()
    let first = try arena.process()
    let port = first.port
    first.stop()
    let address = "http://127.0.0.1:\(port)/"
    let server = try arena.process(
      [
        "--site", "site", "--replicates", "200", "--rebuild-seconds", "1", "--address", address,
      ], port: port)
    let page = server.url("/sample24/")
    #expect(try eventually { try Curl(page).status == 200 })
    let blocks = try Curl(page).text.matches(of: /(?s)<pre class="code"[^>]*>(.*?)<\/pre>/)
      .map { String($0.1).replacing("&amp;", with: "&").replacing("&quot;", with: "\"") }
    #expect(blocks.count == 2)
    let token = try #require(arena.tokens["Team A"])
    let script = """
      set -euo pipefail
      mkdir bin && ln -s '\(arena.program.binary.path)' bin/invitro
      export PATH="$PWD/bin:$PATH" GIT_CONFIG_GLOBAL=/dev/null HOME="$PWD"
      export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
      git init -q --bare origin.git && git init -q . && git remote add origin origin.git
      cp '\(try arena.predictions(1).path)' predictions.tsv
      \(blocks[0])
      cp '\(try arena.predictions(2).path)' predictions.tsv
      \(blocks[1].replacing("PASTE-YOUR-TOKEN", with: token))
      git --git-dir origin.git ls-tree -r --name-only my-system
      """
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", script]
    process.currentDirectoryURL = arena.folder.url
    process.environment = Program.environment
    let out = Pipe()
    (process.standardOutput, process.standardError) = (out, out)
    try process.run()
    let said = String(
      decoding: try out.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(said)")
    #expect(said.contains("submissions/sample24/your-team-your-system/submission.json"))
    let board = server.url("/api/v1/leaderboard?benchmark=sample24&split=test")
    #expect(try eventually { try Curl(board).text.contains("Your system") })
  }

  @Test("`submit push` sends a file, prints the answer, and is safe to repeat")
  func push() throws {
    let arena = try Arena()
    let server = try arena.process()
    let file = try arena.predictions(1)
    let push = [
      "submit", "push", file.path, "--server", server.url(""), "-b", "sample24", "-s", "test",
      "--system", "Pushed",
    ]
    let token = ["INVITRO_TOKEN": try #require(arena.tokens["Team A"])]
    let first = try arena.program.run(push, environment: token)
    #expect(first.status == 0, "\(first.err)")
    #expect(first.out.contains("released") && first.out.contains("empathy PCC"))
    let second = try arena.program.run(push, environment: token)
    #expect(second.status == 0 && second.out.contains("it was there already"))
    let json = try arena.program.run(push + ["--json"], environment: token).object()
    #expect(json["system"] as? String == "Pushed")
    let bad = try arena.folder.write("1\t2\n1\tfour\n", to: "bad.tsv")
    let refused = try arena.program.run(
      ["submit", "push", bad.path] + push.dropFirst(3), environment: token)
    #expect(refused.status == 65)
    #expect(refused.err.contains("bad.tsv") && refused.err.contains("found 'four'"))
    #expect(try arena.program.run(push).status == 64, "without a token")
    #expect(try arena.program.run(push, environment: ["INVITRO_TOKEN": "wrong"]).status == 77)
    server.stop()
    #expect(try arena.program.run(push, environment: token).status == 69, "nobody listens")
  }

  @Test("a backup made while submissions come in is sound, and restores")
  func backup() throws {
    let arena = try Arena()
    let server = try arena.process()
    for seed in 0..<5 {
      #expect(try arena.submit(try arena.predictions(seed), to: server).status == 201)
    }
    let made = try arena.program.run("backup", "copy.sqlite")
    #expect(made.status == 0, "\(made.err)")
    #expect(try arena.program.run("backup", "copy.sqlite").status == 64, "nothing is overwritten")
    let listed = try arena.program.run("submission", "list", "--json").out
    server.stop()
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(at: arena.folder.file("data/server.sqlite\(suffix)"))
    }
    try FileManager.default.copyItem(
      at: arena.folder.file("copy.sqlite"), to: arena.folder.file("data/server.sqlite"))
    #expect(try arena.program.run("submission", "list", "--json").out == listed)
    let again = try arena.process()
    #expect(try arena.submit(try arena.predictions(0), to: again).status == 200)
  }
}
