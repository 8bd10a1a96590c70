import Dispatch
import Foundation
import Testing

/// A race on purpose, by which `make test-threads` sees that the sanitizer finds one. It runs only
/// there.
@Suite(
  "A planted race",
  .enabled(if: ProcessInfo.processInfo.environment["INVITRO_PLANTED_RACE"] != nil, "not asked for"))
struct PlantedRaceTests {
  /// Counts without a lock.
  private final class Counter: @unchecked Sendable {
    var value = 0
  }

  @Test("two threads count without a lock")
  func race() {
    let counter = Counter()
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<10_000 { counter.value += 1 }
    }
    #expect(counter.value > 0)
  }
}
