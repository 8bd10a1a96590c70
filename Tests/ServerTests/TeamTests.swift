import Basics
import Foundation
import GRDB
import Harness
import Server
import TestSupport
import Testing

@Suite("Server: teams' names and tokens")
struct TeamTests {
  @Test("a team that is renamed keeps its token and its submissions, and frees its old name")
  func rename() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"])
    let server = try await arena.server()
    #expect(try await arena.submit(try arena.predictions(1), to: server).status == 201)
    #expect(throws: ServerError.self) { try arena.store.renameTeam("Team A", to: "team b") }
    #expect(throws: ServerError.self) { try arena.store.renameTeam("Team C", to: "Team D") }
    try arena.store.renameTeam("Team A", to: "team A")
    try arena.store.renameTeam("team A", to: "Team D")
    #expect(try await server.board().map { $0["team"] as? String } == ["Team D"])
    #expect(try await arena.submit(try arena.predictions(2), to: server).status == 201)
    _ = try arena.store.addTeam("Team A")
    #expect(try arena.store.teams().map(\.name) == ["Team D", "Team B", "Team A"])
  }

  private let start = Date(timeIntervalSince1970: 1_800_000_000)

  private func store(_ place: TemporaryFolder) throws -> SubmissionStore {
    try SubmissionStore(place.file("server.sqlite"))
  }

  @Test(
    "a name that looks like another team's is refused, and the first one stays",
    arguments: ["te\u{430}m a", "Ｔeam A", "TEAM  A", "Tearn A"])
  func lookAlike(name: String) throws {
    let place = try TemporaryFolder()
    let store = try store(place)
    _ = try store.addTeam(" Team A ")
    #expect(throws: ServerError.nameTaken(name: name, other: "Team A")) {
      _ = try store.addTeam(name)
    }
    #expect(throws: ServerError.teamExists(name: "Team A")) { _ = try store.addTeam("Team A") }
    #expect(try store.teams().map(\.name) == ["Team A"])
  }

  @Test("a bad name is refused in words, and nobody is called as if they were the organisers")
  func refused() throws {
    let place = try TemporaryFolder()
    let store = try store(place)
    let error = #expect(throws: ServerError.self) { _ = try store.addTeam("A\u{202E}") }
    #expect(
      error?.description
        == "A team's name: found 'U+202E RIGHT-TO-LEFT OVERRIDE', expected visible characters and "
        + "plain spaces.")
    #expect(throws: ServerError.nameTaken(name: "0rganizers", other: "Organizers")) {
      _ = try store.addTeam("0rganizers")
    }
  }

  @Test("names in submission folders are taken, a team's own name there is its own")
  func folderNames() throws {
    let place = try TemporaryFolder()
    let store = try store(place)
    func entry(_ team: String, _ kind: SubmissionMetadata.Kind) -> SubmissionMetadata {
      SubmissionMetadata(
        benchmark: "sample24", split: "test", team: team, system: "System", kind: kind)
    }
    let entries = [
      entry("Giorgi et al.", .published), entry("Word lists", .baseline),
      entry("Falcon", .fineTuned),
    ]
    for (name, other) in [
      ("Giorgi et al.", "Giorgi et al."), ("G\u{456}orgi et al.", "Giorgi et al."),
      ("word lists", "Word lists"), ("FALCON", "Falcon"),
    ] {
      #expect(throws: ServerError.nameTaken(name: name, other: other)) {
        _ = try store.addTeam(name, beside: entries)
      }
    }
    _ = try store.addTeam("Falcon", beside: entries)
    #expect(try store.teams().map(\.name) == ["Falcon"])
  }

  @Test("a team has several tokens by name, and one is revoked by its name or its number")
  func tokens() throws {
    let place = try TemporaryFolder()
    let store = try store(place)
    for team in ["Team A", "Team B"] { _ = try store.addTeam(team, at: start) }
    let expires = start + 86_400
    _ = try store.addToken("CI", to: "Team A", expires: expires, at: start)
    #expect(throws: ServerError.tokenExists(team: "Team A", name: "CI")) {
      _ = try store.addToken(" CI", to: "Team A")
    }
    #expect(throws: ServerError.unknownTeam(name: "Team C")) {
      _ = try store.addToken("CI", to: "Team C")
    }
    #expect(throws: ServerError.self) {
      _ = try store.addToken("late", to: "Team A", expires: start, at: start)
    }
    let listed = try store.tokens(of: "Team A")
    #expect(listed.map(\.name) == ["first", "CI"])
    #expect(listed.map(\.expires) == [nil, expires])
    #expect(listed.map { $0.state(at: expires - 1) } == [.valid, .valid])
    #expect(listed.map { $0.state(at: expires) } == [.valid, .expired])
    try store.revokeToken("CI", of: "Team A", at: start)
    #expect(throws: ServerError.unknownToken(team: "Team A", token: "CI")) {
      try store.revokeToken("CI", of: "Team A")
    }
    let other = try #require(try store.tokens(of: "Team B").first).id
    #expect(throws: ServerError.unknownToken(team: "Team A", token: "\(other)")) {
      try store.revokeToken("\(other)", of: "Team A")
    }
    _ = try store.addToken("CI", to: "Team A", at: start)
    try store.revokeToken("\(listed[0].id)", of: "Team A", at: start)
    #expect(
      try store.tokens(of: "Team A").map { $0.state(at: start) } == [.revoked, .revoked, .valid])
    #expect(try store.teams(at: start).map(\.tokens) == [1, 1])
  }

  @Test("a token is changed for another without a gap, and both count against the team's quota")
  func rotation() async throws {
    let arena = try Arena(phase: .open(daily: 2))
    let server = try await arena.server()
    #expect(try await arena.submit(try arena.predictions(1), to: server).status == 201)
    let old = arena.authorization("Team A")
    let new = ["Authorization": "Bearer \(try arena.store.addToken("new", to: "Team A").text)"]
    for token in [old, new] {
      #expect(try await server.get("/api/v1/submissions", token).status == 200)
    }
    try arena.store.revokeToken("first", of: "Team A")
    #expect(try await server.get("/api/v1/submissions", old).status == 401)
    #expect(
      try await arena.submit(try arena.predictions(2), to: server, headers: new).status == 201)
    #expect(
      try await arena.submit(try arena.predictions(3), to: server, headers: new).status == 429)
  }

  @Test("the holder of an expired or revoked token is told so, others nothing")
  func told() async throws {
    let arena = try Arena()
    let server = try await arena.server()
    let hourAgo = Date(timeIntervalSinceNow: -3600)
    let expired = try arena.store.addToken(
      "CI", to: "Team A", expires: hourAgo + 60, at: hourAgo)
    let revoked = try arena.store.addToken("laptop", to: "Team A")
    try arena.store.revokeToken("laptop", of: "Team A")
    func problem(_ token: String) async throws -> String {
      let answer = try await server.get(
        "/api/v1/submissions", ["Authorization": "Bearer \(token)"])
      #expect(answer.status == 401)
      #expect(answer.headers["content-type"] == "application/problem+json")
      return try #require(try answer.object()["detail"] as? String)
        + " " + (answer.headers["www-authenticate"] ?? "")
    }
    for (token, word) in [(expired, "'CI' expired at"), (revoked, "'laptop' was revoked at")] {
      let told = try await problem(token.text)
      #expect(told.contains(word) && told.contains("error=\"invalid_token\""), "\(told)")
      let guess = "invitro_\(token.number)_" + String(repeating: "a", count: 64)
      let nothing = try await problem(guess)
      #expect(!nothing.contains("expired") && !nothing.contains("revoked"), "\(nothing)")
    }
  }

  @Test("the last use of a token is noted at most once an hour")
  func lastUse() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"])
    let server = try await arena.server()
    func lastUse() throws -> Date? { try arena.store.tokens(of: "Team A").first?.lastUsed }
    #expect(try lastUse() == nil)
    #expect(
      try await server.get("/api/v1/submissions", arena.authorization("Team A")).status == 200)
    #expect(abs(try #require(try lastUse()).timeIntervalSinceNow) < 60)
    for (age, isKept) in [(3500.0, true), (3700.0, false)] {
      let past = Int64(Date().timeIntervalSince1970 - age)
      try arena.store.write {
        try $0.execute(sql: "UPDATE token SET last_used = ?", arguments: [past])
      }
      #expect(try await arena.submit(try arena.predictions(1), to: server).status < 300)
      #expect((try lastUse() == Date(timeIntervalSince1970: Double(past))) == isKept)
    }
    #expect(try arena.store.teams().map { $0.lastUsed != nil } == [true, true])
  }

  @Test("a system's name belongs to the team whose best it first was on the board")
  func systems() async throws {
    let arena = try Arena(teams: ["Team A", "Team B"])
    let server = try await arena.server()
    func send(_ seed: Int, _ team: String, _ system: String) async throws -> Answer {
      try await arena.submit(
        try arena.predictions(seed), to: server, team: team, system: system)
    }
    #expect(try await send(1, "Team A", " Kestrel ").object()["system"] as? String == "Kestrel")
    #expect(try await send(2, "Team A", "kestrel").status == 201)
    for name in ["Kestrel", "K\u{435}strel", "KESTREL"] {
      let answer = try await send(3, "Team B", name)
      #expect(answer.status == 422)
      let faults = try #require(try answer.object()["faults"] as? [[String: Any]])
      #expect(faults.first?["field"] as? String == "system")
      #expect(faults.first?["found"] as? String == name)
    }
    #expect(try await send(3, "Team B", "Merlin").status == 201)
  }

  @Test("a system may not be named like a published one of a folder")
  func published() async throws {
    let arena = try Arena()
    var metadata = SubmissionMetadata(
      benchmark: "sample24", split: "test", team: "Giorgi", system: "RoBERTa", kind: .published)
    metadata.claimed = ["empathy": ["pcc": 0.5]]
    try arena.folder.write(
      String(decoding: try CanonicalJSON.document(metadata), as: UTF8.self),
      to: "submissions/sample24/giorgi/submission.json")
    let server = try await arena.server()
    let file = try arena.predictions(1)
    #expect(try await arena.submit(file, to: server, system: "R\u{43E}BERTa").status == 422)
    #expect(try await arena.submit(file, to: server, system: "RoBERTa of A").status == 201)
  }
}
