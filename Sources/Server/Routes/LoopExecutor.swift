import NIOCore

/// Runs a request's tasks on the loop of its connection: after a wait, as for the store, they would
/// else go on at any loop, and the answer would change threads once more to be written.
final class LoopExecutor: TaskExecutor {
  private let loop: any EventLoop

  init(_ loop: any EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
