import Foundation
import Harness
import Server
import Testing
import TestSupport

@Suite("Server: submitting in a browser")
struct SubmitPageTests {
  @Test("a file is checked at no cost, submitted, and its page tells the result and what is left")
  func submits() async throws {
    let arena = try Arena(phase: .open(daily: 3))
    let (token, file) = (try #require(arena.tokens["Team A"]), try arena.predictions(1))
    let worse = try arena.predictions(2)
    try await arena.browse { port in
      let browser = try Browser(port: port)
      #expect(try browser.open("/submit").text.contains("name=\"token\""))
      let signedIn = try browser.signIn(token)
      #expect(signedIn.status == 303 && signedIn.headers["location"] == "../submit")
      let cookie = try #require(signedIn.headers["set-cookie"])
      #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"))
      #expect(!cookie.contains(token))
      let form = try browser.open("/submit")
      #expect(form.text.contains("3 more today") && !form.text.contains("name=\"token\""))
      #expect(form.headers["content-security-policy"]?.contains("form-action 'self'") == true)
      let checked = try browser.send(file, "check")
      #expect(checked.status == 200 && checked.text.contains("can be submitted"), "\(checked.text)")
      #expect(checked.text.contains("3 more today"))
      let sent = try browser.send(file, "submit", system: "Kestrel")
      #expect(sent.status == 303, "\(sent.text)")
      let place = try #require(sent.headers["location"])
      let result = try browser.open("/\(place)").text
      #expect(result.contains("first score on this board") && result.contains("PCC of empathy"))
      #expect(result.contains("2 more today, 99 in this phase"))
      #expect(result.contains(".receipt\""))
      #expect(try browser.open("/submissions").text.contains("Kestrel"))
      // The same predictions again are the same submission, as by the API.
      browser.openForm()
      let again = try #require(try browser.send(file, "submit").headers["location"])
      #expect(again == "\(place)?again")
      #expect(try browser.open("/\(again)").text.contains("sent these predictions before"))
      #expect(try !browser.open("/\(place)").text.contains("sent these predictions before"))
      browser.openForm()
      #expect(try browser.send(worse, "submit").status == 303)
      let list = try browser.open("/submissions").text
      #expect(list.contains("Kestrel") && list.contains(">System<"))
    }
    #expect(try arena.store.submissions(limit: 10).count == 2)
  }

  @Test("errors of a file are shown in its own lines; only submitting it counts as a failed upload")
  func faults() async throws {
    let arena = try Arena(phase: .open(dailyFailing: 1))
    let token = try #require(arena.tokens["Team A"])
    let good = try String(contentsOf: arena.predictions(1), encoding: .utf8)
    var lines = good.split(separator: "\n").map(String.init)
    lines[4] = "four <b>\t2"
    let bad = try arena.folder.write(lines.joined(separator: "\n") + "\n", to: "bad.tsv")
    try await arena.browse { port in
      let browser = try Browser(port: port)
      try browser.signIn(token)
      for _ in 0..<3 {
        browser.openForm()
        let checked = try browser.send(bad, "check")
        #expect(checked.status == 422)
        #expect(checked.text.contains("Line 5") && checked.text.contains("four &lt;b&gt;"))
        #expect(checked.text.contains("Nothing was counted"))
        #expect(checked.text.contains("value=\"System\""), "the form keeps what was written")
      }
      browser.openForm()
      let sent = try browser.send(bad, "submit")
      #expect(sent.status == 422 && sent.text.contains("counted as one failed upload"))
      browser.openForm()
      #expect(try browser.send(bad, "submit").status == 429)
    }
  }

  @Test("a form of another site, of another session or of none changes nothing")
  func forgeries() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"])
    let (tokens, file) = (arena.tokens, try arena.predictions(1))
    try await arena.browse { port in
      let (browser, other) = (try Browser(port: port), try Browser(port: port))
      let foreign = try browser.post(
        "/submit/session", ["token": tokens["Team A"] ?? ""], from: "https://elsewhere.example")
      #expect(foreign.status == 403 && foreign.headers["set-cookie"] == nil)
      #expect(foreign.headers["content-type"] == "text/html; charset=utf-8")
      try browser.signIn(try #require(tokens["Team A"]))
      try other.signIn(try #require(tokens["Team B"]))
      browser.openForm()
      other.openForm()
      #expect(browser.formToken != other.formToken)
      #expect(try browser.send(file, "submit", token: other.formToken).status == 403)
      #expect(try browser.send(file, "submit", token: "none").status == 403)
      browser.openForm()
      #expect(
        try browser.send(file, "submit", from: "https://elsewhere.example").status == 403)
      #expect(try browser.send(file, "submit", from: "null").status == 403)
      let stranger = try Browser(port: port).send(file, "submit", token: browser.formToken)
      #expect(stranger.status == 403 && stranger.text.contains("Sign in"))
      #expect(try browser.post("/submit/session/end", ["form": "none"]).status == 403)
      #expect(try browser.open("/submissions").status == 200, "still signed in")
    }
    #expect(try arena.store.submissions(limit: 10).isEmpty)
  }

  @Test("a link signs a browser in once; looking at it does not use it up")
  func link() async throws {
    let arena = try Arena()
    let made = try arena.program.run(
      "team", "link", "Team A", "--server", "https://board.example/b/")
    let text = made.out.trimmingCharacters(in: .newlines)
    #expect(text.hasPrefix("https://board.example/b/submit/link/invitro_"), "\(made.err)")
    let secret = try #require(text.split(separator: "/").last.map(String.init))
    let past = Date(timeIntervalSinceNow: -7200)
    let stale = try arena.store.addLink(to: "Team A", expires: past + 3600, at: past).text
    try await arena.browse { port in
      let (first, second) = (try Browser(port: port), try Browser(port: port))
      for _ in 0..<2 {
        #expect(try first.open("/submit/link/\(secret)").text.contains("Team A"))
      }
      #expect(try first.open("/submissions").status == 303, "not signed in by looking")
      #expect(try first.post("/submit/link/\(secret)", [:]).status == 303)
      #expect(try first.open("/submissions").status == 200)
      let again = try second.post("/submit/link/\(secret)", [:])
      #expect(again.status == 403 && again.text.contains("was used"))
      #expect(again.headers["set-cookie"] == nil)
      #expect(try second.post("/submit/link/\(stale)", [:]).text.contains("expired"))
      // To revoke a link that was opened ends its session.
      let number = try #require(secret.split(separator: "_").dropFirst().first)
      try arena.store.revokeToken(String(number), of: "Team A")
      #expect(try first.open("/submissions").status == 303)
      // A link is no token.
      let asToken = try Curl(
        "--header", "Authorization: Bearer \(stale)",
        "http://127.0.0.1:\(port)/api/v1/submissions")
      #expect(asToken.status == 401)
    }
  }

  @Test("a session ends when it is signed out, expires, or the token that began it is revoked")
  func ends() async throws {
    let arena = try Arena()
    let extra = try arena.store.addToken("laptop", to: "Team A").text
    let first = try #require(arena.tokens["Team A"])
    try await arena.browse { port in
      let (left, revoked) = (try Browser(port: port), try Browser(port: port))
      try left.signIn(first)
      try left.open("/submit")
      let stolen = left.cookies
      let secret = try #require(stolen.firstMatch(of: /invitro_[0-9]+_[0-9a-f]{64}/))
      #expect(try Browser(port: port).signIn(String(secret.0)).text.contains("is not known here"))
      #expect(try left.post("/submit/session/end", ["form": left.formToken]).status == 303)
      #expect(!stolen.isEmpty && !left.cookies.contains("invitro_"))
      #expect(try left.open("/submissions").status == 303)
      try revoked.signIn(extra)
      #expect(try revoked.open("/submissions").status == 200)
      try arena.store.revokeToken("laptop", of: "Team A")
      #expect(try revoked.open("/submissions").status == 303)
      #expect(try revoked.signIn(extra).text.contains("was revoked"))
      #expect(try revoked.signIn("invitro_1_" + String(repeating: "0", count: 64)).status == 422)
    }
    let sessions = try arena.store.tokens(of: "Team A").filter { $0.kind == .session }
    // The cookie of one signed in no other.
    #expect(sessions.count == 2 && sessions.allSatisfy { $0.expires != nil && $0.revoked != nil })
    #expect(try arena.store.teams().first?.tokens == 1, "sessions are not counted as tokens")
  }

  @Test("a body that is too long, a file that is missing and a closed board are told in words")
  func refused() async throws {
    let arena = try Arena(
      phase: .open(closes: Date(timeIntervalSinceNow: -60)))
    try arena.store.setPhase(
      Phase(
        benchmark: "sample24", split: "dev", name: "dev", opens: Date(timeIntervalSince1970: 0),
        visibility: .public, labels: .open))
    let token = try #require(arena.tokens["Team A"])
    let big = try arena.folder.write(String(repeating: "1\t2\n", count: 3 << 20), to: "big.tsv")
    let empty = try arena.folder.write("", to: "empty.tsv")
    let file = try arena.predictions(1)
    try await arena.browse { port in
      let browser = try Browser(port: port)
      try browser.signIn(token)
      browser.openForm()
      let long = try browser.send(big, "check")
      #expect(long.status == 413 && long.text.contains("at most 8388608 bytes"))
      browser.openForm()
      #expect(try browser.send(empty, "check", board: "sample24/dev").status == 422)
      browser.openForm()
      let closed = try browser.send(file, "submit")
      #expect(closed.status == 403 && closed.text.contains("is open from"), "\(closed.text)")
    }
  }

  @Test("where labels are hidden a page's size and what it says tell no more than was released")
  func hidden() async throws {
    let arena = try Arena(phase: .open(.public, labels: .hidden, closes: .distantFuture))
    let token = try #require(arena.tokens["Team A"])
    let files = try (1...3).map(arena.predictions)
    try await arena.browse { port in
      let browser = try Browser(port: port)
      try browser.signIn(token)
      var sizes: Set<Int> = []
      for file in files {
        browser.openForm()
        let sent = try browser.send(file, "submit", system: "System")
        let place = try #require(sent.headers["location"], "\(sent.text)")
        let page = try browser.open("/\(place)")
        #expect(!page.text.contains("/withdrawal"))
        #expect(page.headers["cache-control"] == "no-store, no-transform")
        sizes.insert(page.body.count)
        let id = String(place.split(separator: "/")[1])
        #expect(
          try browser.post(
            "/submissions/\(id)/withdrawal", ["form": browser.formToken, "why": "w"]
          )
          .status == 409)
        #expect(!page.text.contains("RMSE"))
      }
      browser.openForm()
      let id = try #require(
        try browser.open("/submissions").text.firstMatch(of: /submissions\/([a-z0-9]{16})\/choice/))
      #expect(
        try browser.post("/submissions/\(id.1)/choice", ["form": browser.formToken]).status == 303)
      #expect(try browser.open("/submissions").text.contains("<strong>chosen</strong>"))
      #expect(sizes.count == 1, "\(sizes)")
    }
    // That the labels were hidden counts also when the phase was changed.
    let id = try #require(try arena.store.submissions(limit: 1).first?.id)
    try arena.store.setPhase(.open())
    #expect {
      try arena.store.withdraw(id, of: 1, why: "w")
    } throws: { error in
      if case .refused? = error as? ServerError { true } else { false }
    }
  }

  @Test("a team withdraws its own submission with a reason, and nobody else's")
  func withdraws() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"])
    let (tokens, file) = (arena.tokens, try arena.predictions(1))
    try await arena.browse { port in
      let (own, other) = (try Browser(port: port), try Browser(port: port))
      try own.signIn(try #require(tokens["Team A"]))
      try other.signIn(try #require(tokens["Team B"]))
      own.openForm()
      let place = "/" + (try #require(try own.send(file, "submit").headers["location"]))
      other.openForm()
      #expect(try other.open(place).status == 404)
      other.openForm()
      let fields = ["form": other.formToken, "why": "not mine"]
      #expect(try other.post("\(place)/withdrawal", fields).status == 404)
      try own.open(place)
      #expect(
        try own.post("\(place)/withdrawal", ["form": own.formToken, "why": " "]).status == 409)
      try own.open(place)
      #expect(
        try own.post("\(place)/withdrawal", ["form": own.formToken, "why": "Wrong run"]).status
          == 303)
      #expect(try own.open(place).text.contains("Wrong run"))
    }
    #expect(try arena.store.submissions(limit: 10).map(\.isWithdrawn) == [true])
  }

  @Test("organisers see teams, quotas and warnings; a team does not")
  func organisers() async throws {
    let arena = try Arena()
    let token = try arena.store.addTeam("Baselines", organiser: true).text
    let (team, file) = (try #require(arena.tokens["Team A"]), try arena.predictions(1))
    try await arena.browse { port in
      let (browser, maintainer) = (try Browser(port: port), try Browser(port: port))
      try browser.signIn(team)
      browser.openForm()
      #expect(try browser.send(file, "submit").status == 303)
      #expect(try browser.open("/organiser").status == 403)
      try maintainer.signIn(token)
      let page = try maintainer.open("/organiser").text
      #expect(page.contains("Team A") && page.contains("1 of 5") && page.contains("1 of 100"))
      #expect(try Browser(port: port).open("/organiser").status == 303)
    }
  }

  @Test("errors are pages in a browser and problem documents for programs")
  func problems() async throws {
    let arena = try Arena()
    try await arena.browse { port in
      let browser = try Browser(port: port)
      for path in ["/api/v1/leaderboard", "/submit/no/board", "/ledger/proof/x"] {
        let page = try browser.open(path)
        #expect(page.headers["content-type"] == "text/html; charset=utf-8", "\(path)")
        #expect(page.text.contains("<h1>"))
        let problem = try Curl("http://127.0.0.1:\(port)\(path)")
        #expect(problem.headers["content-type"] == "application/problem+json", "\(path)")
        #expect(page.status == problem.status && page.status >= 400)
      }
    }
  }

  @Test("a problem page does not grow with the slashes of its address")
  func longPath() async throws {
    let arena = try Arena()
    try await arena.browse { port in
      let browser = try Browser(port: port)
      let sizes = try [400, 4000].map { count in
        try browser.open("/submissions/" + String(repeating: "a/", count: count)).body.count
      }
      #expect(sizes[0] == sizes[1], "\(sizes)")
    }
  }

  @Test("an address that tries to sign in too often is told to wait")
  func attempts() async throws {
    let arena = try Arena()
    // So few that the second attempt is too early even where the machine is slow.
    let limited: (inout ServerConfiguration) -> Void = {
      ($0.limits.requestsPerSecond, $0.limits.signInsPerMinute) = (1000, 1)
    }
    try await arena.browse(change: limited) { port in
      let browser = try Browser(port: port)
      #expect(try browser.signIn("none").status == 422)
      let late = try browser.signIn("none")
      #expect(late.status == 429 && late.headers["retry-after"] != nil)
      #expect(late.text.contains("Try again in"))
    }
  }

  @Test("the API's page names every operation and every document of its description")
  func api() async throws {
    let arena = try Arena()
    try await arena.browse { port in
      let browser = try Browser(port: port)
      let page = try browser.open("/api").text
      let description = try Curl("http://127.0.0.1:\(port)/api/v1/openapi.json").object()
      let paths = try #require(description["paths"] as? [String: [String: Any]])
      for (path, methods) in paths {
        for method in methods.keys {
          #expect(
            page.contains("<h3 id=\"")
              && page.contains("<code>\(method.uppercased()) \(path)</code></h3>"))
        }
      }
      let components = try #require(description["components"] as? [String: Any])
      for name in try #require(components["schemas"] as? [String: Any]).keys {
        #expect(page.contains("id=\"schema-\(name)\""))
      }
      #expect(!page.contains("<script>") && !page.contains("http://"))
    }
  }
}

extension Browser {
  /// Opens the page for submitting, whose form token the next form carries.
  func openForm() { _ = try? open("/submit") }
}
