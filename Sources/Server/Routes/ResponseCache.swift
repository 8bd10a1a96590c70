import Foundation
import Synchronization

/// Answers that hold until something is written, ready to be sent.
final class ResponseCache: Sendable {
  private struct State {
    var generation: UInt64 = 0
    var answers: [String: StaticFile] = [:]
  }

  private let state = Mutex(State())
  private static let most = 256

  /// The answer kept under `key`, or the one that `make` makes.
  ///
  /// - Parameter generation: of the store, looked up before `make` reads it.
  func answer(
    _ key: String, generation: UInt64, make: () throws -> StaticFile
  ) rethrows -> StaticFile {
    let known = state.withLock { state in
      state.generation == generation ? state.answers[key] : nil
    }
    if let known { return known }
    let made = try make()
    state.withLock { state in
      if state.generation < generation { state = State(generation: generation) }
      guard state.generation == generation, state.answers.count < Self.most else { return }
      state.answers[key] = made
    }
    return made
  }
}
