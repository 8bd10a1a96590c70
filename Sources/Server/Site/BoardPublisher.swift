import Basics
import Dispatch
import Foundation
import Harness
import Report
import Synchronization

/// Makes the published boards anew whenever the store changed, and the site from the same boards.
final class BoardPublisher: Sendable {
  private struct State {
    /// What the published boards were made from; nil before the first time.
    var version: BoardFeeder.Version?
    /// Those with entries, for the site.
    var boards: [Board] = []
    var ledger: SiteLedger?
    var isSiteStale = false
    /// Nothing is tried before it.
    var next = ContinuousClock.now
  }

  private let feeder: BoardFeeder
  private let build: (@Sendable ([Board], SiteLedger?) throws -> Void)?
  private let pause: Duration
  private let metrics: ServerMetrics
  private let log: ServerLog
  private let published = Mutex<[BoardKey: PublishedBoard]>([:])
  /// Held while boards or the site are made.
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "invitro.boards", qos: .utility)

  /// - Parameters:
  ///   - build: builds the site; nil for none.
  ///   - pause: between two builds; six times as long after one that failed, as on a full disk.
  init(
    _ feeder: BoardFeeder, pause: Duration, metrics: ServerMetrics, log: ServerLog,
    build: (@Sendable ([Board], SiteLedger?) throws -> Void)?
  ) {
    (self.feeder, self.pause, self.build) = (feeder, pause, build)
    (self.metrics, self.log) = (metrics, log)
  }

  /// The board as it was last published; nil where there is none.
  subscript(_ key: BoardKey) -> PublishedBoard? { published.withLock { $0[key] } }

  /// The boards that were last published.
  var boards: [BoardKey] { published.withLock { Array($0.keys) } }

  /// What is shown of a board whose scores are not public.
  func empty(_ definition: BenchmarkDefinition, split: String) throws -> PublishedBoard {
    try PublishedBoard(feeder.empty(definition, split: split))
  }

  /// Looks for what changed at most four times a second, until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      let start = ContinuousClock.now
      await withCheckedContinuation { continuation in
        queue.async {
          self.update()
          continuation.resume()
        }
      }
      // Comparing all systems takes both processors: most of their time is left to submissions.
      let took = ContinuousClock.now - start
      try? await Task.sleep(for: min(max(.milliseconds(250), took * 19), .seconds(30)))
    }
  }

  /// Makes the boards anew where the store changed, and the site where its turn has come.
  func update(at now: Date = Date()) {
    state.withLock { state in
      let mayBuild = ContinuousClock.now >= state.next || state.version == nil
      publish(&state, at: now)
      if mayBuild, state.isSiteStale { buildSite(&state) }
    }
  }

  private func publish(_ state: inout State, at now: Date) {
    do {
      let version = try feeder.version(at: now)
      guard version != state.version else { return }
      let (boards, ledger) = try feeder.published(at: now)
      state.ledger = ledger
      let rendered = try boards.map { ($0.key, try PublishedBoard($0)) }
      published.withLock { $0 = Dictionary(rendered) { _, last in last } }
      state.boards = boards.filter { !$0.entries.isEmpty }
      state.version = version
      try feeder.store.exportLedger()
      for board in boards where board.entries.contains(where: \.isSuperseded) {
        log.warn(BoardState.refusal(board.key))
      }
      state.isSiteStale = build != nil
      try AtomicFile.write(
        try MaintainerPage.html(feeder.store, at: now),
        to: feeder.home.url.appending(path: MaintainerPage.name), permissions: 0o600)
    } catch {
      log.fault("the boards could not be made; the last ones stay", error)
      state.next = .now + pause * 6
    }
  }

  private func buildSite(_ state: inout State) {
    do {
      try build?(state.boards, state.ledger)
      state.isSiteStale = false
      state.next = .now + pause
      metrics.built(true)
    } catch {
      log.fault("the site could not be built; the last one stays", error)
      state.next = .now + pause * 6
      metrics.built(false)
    }
  }
}
