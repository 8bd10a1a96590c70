import Basics
import Foundation
import Metrics
import Study
import Testing

@Suite("Replication of the paper")
struct ReplicationTests {
  @Test("the shipped figures are those that the paper's headline and errata name")
  func shipped() throws {
    let published = try Published.shipped()
    let row = try #require(published.trainingRow(id: Published.headlineRow))
    #expect(row.value(.pcc, .peak) == 0.648)
    #expect(row.value(.ccc, .peak) == 0.597)
    #expect(row.value(.rmse, .peak) == 1.209)
    #expect(row.printed == 0.092)
    #expect(published.training.count { $0.table == "V" } == 32)
    #expect(published.training.count { $0.table == "VI" } == 11)
    #expect(published.consistency.map(\.alpha) == [0.9911, 0.7961, 0.2709, 0.1919])
  }

  @Test("every claim has an id of its own")
  func ids() throws {
    let claims = try Published.shipped().claims
    #expect(Set(claims.map(\.claim.id)).count == claims.count)
    #expect(claims.count { $0.claim.id.hasPrefix("V/") } == 32 * 6)
    #expect(claims.count { $0.claim.id.hasPrefix("II/") } == 9)
    #expect(claims.count { $0.claim.id.hasPrefix("VIII/") } == 3)
    #expect(claims.filter { $0.claim.id.hasPrefix("IV-A/") }.map(\.claim.published) == [0.576])
  }

  @Test("every claim of the paper belongs to a part of the list, and parts without claims say why")
  func parts() throws {
    let published = try Published.shipped()
    let ofPaper = published.claims.count { $0.claim.origin == .paper }
    #expect(published.parts.reduce(0) { $0 + $1.claims } == ofPaper)
    for part in published.parts where part.claims == 0 { #expect(part.note != nil, "\(part.part)") }
  }

  @Test("table VI holds 18 comparisons, 16 of known figures, and Llama's labels win 10 of these")
  func contest() throws {
    let contest = try Published.shipped().labelContest
    #expect(contest.all == 18)
    #expect(contest.verifiable == 16)
    #expect(contest.wins == 10)
  }

  @Test(
    "an unknown figure is no loss: with the misprints in its place, 12 of 18 comparisons are won")
  func misprints() throws {
    var published = try Published.shipped()
    for index in published.training.indices where published.training[index].table == "VI" {
      if published.training[index].rmse[1] == nil {
        published.training[index].rmse[1] = published.training[index].printed
      }
    }
    #expect(published.labelContest.wins == 12)
    #expect(published.labelContest.verifiable == 18)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let ours: Double
    var seeds: Replication.SeedSpread?
    let verdict: Replication.Verdict
    var testDescription: String { "\(ours)" }
  }

  @Test(
    "within the tolerance is replicated, outside it the seeds' prediction interval decides",
    arguments: [
      Case(ours: 0.628, verdict: .replicated), Case(ours: 0.627, verdict: .notReplicated),
      // t of 4 degrees is 2.776, so that the half width is 3.041 standard deviations.
      Case(ours: 0.6, seeds: .init(count: 5, mean: 0.59, sd: 0.0192), verdict: .replicated),
      Case(ours: 0.6, seeds: .init(count: 5, mean: 0.59, sd: 0.0190), verdict: .notReplicated),
      Case(ours: 0.6, seeds: .init(count: 4, mean: 0.59, sd: 0.1), verdict: .notReplicated),
    ])
  func verdicts(of tried: Case) {
    let claim = Replication.Claim(
      id: "a", table: "t", what: "w", metric: "PCC", published: 0.648,
      expectation: .within(0.02))
    let judged = claim.judged(
      .measured(
        .init(
          tried.ours, seeds: tried.seeds, low: 0, high: 1)))
    #expect(judged.verdict == tried.verdict)
    #expect(judged.ours == tried.ours)
  }

  @Test("a p-value is replicated below its level, however small the published one is")
  func pValues() {
    let claim = Replication.Claim(
      id: "a", table: "t", what: "w", metric: "p", published: 0.00001,
      expectation: .below(0.05))
    #expect(claim.judged(.measured(.init(0.049))).verdict == .replicated)
    #expect(claim.judged(.measured(.init(0.05))).verdict == .notReplicated)
    #expect(claim.judged(.measured(.init(0.000012))).ours == 0.000012)
  }

  @Test(
    "what counts as replicated is written under its own name, and read again",
    arguments: [
      (Replication.Expectation.within(0.02), #"{"within":0.02}"#),
      (.below(0.05), #"{"below":0.05}"#),
    ])
  func expectations(expectation: Replication.Expectation, json: String) throws {
    let data = try CanonicalJSON.compact(expectation)
    #expect(String(decoding: data, as: UTF8.self) == json)
    #expect(try JSONDecoder().decode(Replication.Expectation.self, from: data) == expectation)
  }

  @Test("a claim that was not run says why and has no figure of ours")
  func notRun() throws {
    let replication = try Replication(Published.shipped(), setting: "nowhere") { _ in
      .notRun("nothing is here")
    }
    let run = replication.claims.filter { $0.verdict != .notRun }
    #expect(run.map(\.id) == ["contest/wins", "contest/verifiable"])
    #expect(run.allSatisfy { $0.verdict == .replicated })
    for claim in replication.claims where claim.verdict == .notRun {
      #expect(claim.ours == nil && claim.note?.contains("nothing is here") == true)
    }
  }

  @Test("ours joins the published series of the same plot, others stand by themselves")
  func sweeps() throws {
    let series = Sweep.Series(name: "ours", points: [.init(x: 4, y: 0.5)])
    let replication = try Replication(
      Published.shipped(), setting: "",
      sweeps: [
        .init(
          title: Published.alphaSweepTitle, variable: "alpha", metric: "PCC", series: [series]),
        .init(title: "Another", variable: "share", metric: "PCC", series: [series]),
      ]
    ) { _ in .notRun("") }
    #expect(replication.sweeps.count == 3)
    #expect(replication.sweeps[0].series.map(\.points.count) == [13, 13, 1])
    #expect(replication.sweeps[0].series[1].points.first { $0.x == 4 }?.y == 0.627)
  }
}
