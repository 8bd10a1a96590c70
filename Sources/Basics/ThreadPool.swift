import Glibc
import Synchronization

/// A fixed set of threads that share out the pieces of one loop at a time. Waiting threads spin for
/// a moment, because the next loop of a training step mostly starts within microseconds, and sleep
/// after that. One-off work goes through ``Parallel``.
///
/// Which thread runs a piece is not determined; what a piece computes must not depend on it.
public final class ThreadPool: @unchecked Sendable {
  /// Threads that take part, the caller included.
  public let threadCount: Int

  // The loop under way: 24 bits generation, 20 bits piece count, 20 bits next piece. One word, so
  // that a claim cannot mix two loops.
  private let state = Atomic<UInt64>(0)
  private let finished = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  // Written before the loop is published in `state` and read after a piece of it is claimed; the
  // caller stays in `run` until every claimed piece is finished.
  private var body: ((Int, Int) -> Void)?
  private var generation: UInt64 = 0
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var threads: [pthread_t] = []

  private static let pieceBits: UInt64 = 20
  private static let pieceMask: UInt64 = 1 << 20 - 1
  private static let spins = 4000

  /// Starts `threadCount - 1` threads. Fewer run where the system refuses more.
  public init(threadCount: Int) {
    precondition(threadCount >= 1, "a pool has at least the calling thread")
    pthread_mutex_init(lock, nil)
    pthread_cond_init(condition, nil)
    self.threadCount = threadCount
    for worker in 1..<threadCount {
      var thread = pthread_t()
      let start = Unmanaged.passRetained(ThreadStart(pool: self, worker: worker))
      let code = pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, start.toOpaque())
      if code == 0 { threads.append(thread) } else { start.release() }
    }
  }

  deinit {
    lock.deallocate()
    condition.deallocate()
  }

  /// Ends the threads; the pool runs loops on the caller alone afterwards.
  public func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    wakeAll()
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  /// Calls `body(piece, worker)` once for every piece in `0..<pieces`, and returns when all are
  /// done. `worker` is below ``threadCount`` and belongs to one running call at a time. `pieces` is
  /// below 2^20. Not reentrant: `body` must not call `run`.
  public func run(_ pieces: Int, _ body: (_ piece: Int, _ worker: Int) -> Void) {
    precondition(pieces < 1 << 20, "a loop has fewer than 2^20 pieces")
    if threads.isEmpty || pieces <= 1 {
      for piece in 0..<pieces { body(piece, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      self.body = body
      finished.store(0, ordering: .relaxed)
      generation = (generation + 1) & 0xFF_FFFF
      let word = generation << (2 * Self.pieceBits) | UInt64(pieces) << Self.pieceBits
      state.store(word, ordering: .sequentiallyConsistent)
      if sleeping.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
      while let piece = claim() {
        body(piece, 0)
        finished.add(1, ordering: .acquiringAndReleasing)
      }
      var waited = 0
      while finished.load(ordering: .acquiring) < pieces {
        waited += 1
        if waited > Self.spins { sched_yield() }
      }
      self.body = nil
    }
  }

  private func wakeAll() {
    pthread_mutex_lock(lock)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(lock)
  }

  /// Takes the next piece of the loop under way, or nil where none is left.
  private func claim() -> Int? {
    var word = state.load(ordering: .acquiring)
    while true {
      let next = word & Self.pieceMask
      guard next < word >> Self.pieceBits & Self.pieceMask else { return nil }
      let (done, current) = state.weakCompareExchange(
        expected: word, desired: word + 1, ordering: .acquiringAndReleasing)
      if done { return Int(next) }
      word = current
    }
  }

  private var hasWork: Bool {
    let word = state.load(ordering: .sequentiallyConsistent)
    return word & Self.pieceMask < word >> Self.pieceBits & Self.pieceMask
  }

  fileprivate func work(as worker: Int) {
    var idle = 0
    while !stopping.load(ordering: .relaxed) {
      if let piece = claim() {
        // The claim pins the loop: its caller cannot leave `run` before this piece is finished.
        body?(piece, worker)
        finished.add(1, ordering: .acquiringAndReleasing)
        idle = 0
        continue
      }
      idle += 1
      if idle < Self.spins { continue }
      sleep()
      idle = 0
    }
  }

  private func sleep() {
    pthread_mutex_lock(lock)
    sleeping.add(1, ordering: .sequentiallyConsistent)
    while !hasWork, !stopping.load(ordering: .sequentiallyConsistent) {
      pthread_cond_wait(condition, lock)
    }
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(lock)
  }
}

/// What a new thread is given.
private final class ThreadStart: @unchecked Sendable {
  let pool: ThreadPool
  let worker: Int

  init(pool: ThreadPool, worker: Int) { (self.pool, self.worker) = (pool, worker) }

  func run() { pool.work(as: worker) }
}
