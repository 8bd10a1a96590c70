import Dispatch
import Foundation
import Synchronization

/// Builds the site anew after boards changed: off the request path, one build at a time, with a
/// pause between two, however many submissions come.
final class SiteRebuilder: Sendable {
  private let signals: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation
  private let store: SubmissionStore
  private let build: @Sendable (SiteMaterial) throws -> Void
  private let pause: Duration
  private let log: ServerLog
  private let done: @Sendable (_ succeeded: Bool) -> Void

  /// - Parameter done: called after each build.
  init(
    store: SubmissionStore, pause: Duration, log: ServerLog,
    build: @escaping @Sendable (SiteMaterial) throws -> Void,
    done: @escaping @Sendable (_ succeeded: Bool) -> Void
  ) {
    (signals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    self.store = store
    self.pause = pause
    self.log = log
    self.build = build
    self.done = done
  }

  /// Asks for a build; returns at once.
  func request() { continuation.yield() }

  /// Builds whenever asked, until the task is cancelled.
  func run() async {
    for await _ in signals {
      let succeeded = await buildOnce()
      done(succeeded)
      // After a failure (a full disk) it is tried again without being asked.
      if !succeeded { request() }
      do {
        try await Task.sleep(for: succeeded ? pause : pause * 6)
      } catch {
        return
      }
    }
  }

  private func buildOnce() async -> Bool {
    await withCheckedContinuation { continuation in
      DispatchQueue.global(qos: .utility).async { [store, build, log] in
        do {
          try build(try store.siteMaterial())
          continuation.resume(returning: true)
        } catch {
          log.fault("the site could not be built; the last one stays", error)
          continuation.resume(returning: false)
        }
      }
    }
  }
}
