import Dispatch
import Glibc

/// Parallel work over numbered tasks. A task's result depends on its number alone and lands in its
/// own slot, so that the bits are the same for any number of threads.
public enum Parallel {
  /// Processors that are online; at least 1.
  public static let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  /// The results of `task(0)` … `task(count - 1)` in that order.
  /// - Parameter threads: how many run at once at most; 1 runs all on the caller's thread.
  @inlinable
  public static func map<Result>(
    _ count: Int, threads: Int, _ task: (Int) -> Result
  ) -> [Result] {
    [Result](unsafeUninitializedCapacity: count) { slots, filled in
      // Each slot is written by exactly one task before anyone reads it.
      nonisolated(unsafe) let slots = slots
      run(count, threads: threads) { slots.initializeElement(at: $0, to: task($0)) }
      filled = count
    }
  }

  /// Runs `task(0)` … `task(count - 1)`; worker w takes w, w + threads, w + 2·threads, …
  public static func run(_ count: Int, threads: Int, _ task: (Int) -> Void) {
    let workers = max(1, min(threads, count))
    guard workers > 1 else { return (0..<count).forEach(task) }
    withoutActuallyEscaping(task) { task in
      // Tasks run on several threads by contract: they share nothing that one of them writes.
      nonisolated(unsafe) let task = task
      DispatchQueue.concurrentPerform(iterations: workers) { worker in
        for index in stride(from: worker, to: count, by: workers) { task(index) }
      }
    }
  }

  /// The results of `work` on every item, in their order, on all processors. An error of the first
  /// item that fails, by order, is thrown.
  public static func map<Item, Result>(
    _ items: [Item], _ work: (Item) throws -> Result
  ) throws -> [Result] {
    try map(items.count, threads: processors) { index in
      Swift.Result { try work(items[index]) }
    }.map { try $0.get() }
  }
}
