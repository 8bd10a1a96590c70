import Synchronization

/// Scratch memory that calls borrow, so that many threads may encode with one tokenizer.
///
/// The lock is held only to take a state out and to put it back. There are never more states than
/// calls that ran at the same time.
final class StatePool<State: Sendable>: Sendable {
  private let free = Mutex<[State]>([])
  private let make: @Sendable () -> State

  init(_ make: @escaping @Sendable () -> State) { self.make = make }

  func borrow<Value>(_ body: (inout State) -> Value) -> Value {
    // Taken out of the array, the state is uniquely referenced and changes in place.
    var state = free.withLock { $0.popLast() } ?? make()
    let value = body(&state)
    free.withLock { $0.append(state) }
    return value
  }
}
