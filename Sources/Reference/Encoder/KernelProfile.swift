import Glibc

/// The time that the passes spend in each kernel.
///
/// Each thread adds up its own time, so that shares are of the threads' total time. The rest is
/// waiting for other threads and work outside the engine.
public final class KernelProfile {
  public enum Kernel: Int, CaseIterable, Sendable {
    case products = 0
    case attentionProducts
    case softmax
    case gelu
    case layerNorm
    case bias
    case embedding
    case head
    case reductions
    case update

    public var title: String {
      switch self {
      case .products: "matrix products"
      case .attentionProducts: "attention products"
      case .softmax: "softmax and its dropout"
      case .gelu: "GELU"
      case .layerNorm: "layer norm, dropout, residual"
      case .bias: "bias of query, key, value"
      case .embedding: "embeddings"
      case .head: "head"
      case .reductions: "gradient sums"
      case .update: "AdamW"
      }
    }
  }

  /// Measuring reads the clock twice per kernel call; off by default.
  public var isEnabled = false
  let workers: Int
  private let seconds: UnsafeMutablePointer<Double>
  // Threads write to cache lines of their own.
  private static let stride = 32

  init(workers: Int) {
    self.workers = workers
    seconds = .allocate(capacity: workers * Self.stride)
    seconds.initialize(repeating: 0, count: workers * Self.stride)
  }

  deinit { seconds.deallocate() }

  /// Resets all times to 0.
  public func reset() { seconds.update(repeating: 0, count: workers * Self.stride) }

  /// Seconds a kernel took, summed over the threads.
  public func seconds(_ kernel: Kernel) -> Double {
    (0..<workers).reduce(0) { $0 + seconds[$1 * Self.stride + kernel.rawValue] }
  }

  /// The kernels' shares of `wallSeconds` on all threads, largest first, and the rest.
  public func shares(wallSeconds: Double) -> [(title: String, share: Double)] {
    let total = wallSeconds * Double(workers)
    guard total > 0 else { return [] }
    var rows = Kernel.allCases.map { ($0.title, seconds($0) / total) }
    rows.sort { $0.1 > $1.1 }
    rows.append(("waiting and the rest", max(0, 1 - rows.reduce(0) { $0 + $1.1 })))
    return rows
  }

  @inline(__always) func measure(_ kernel: Kernel, _ worker: Int, _ body: () -> Void) {
    guard isEnabled else { return body() }
    let start = monotonicSeconds()
    body()
    seconds[worker * Self.stride + kernel.rawValue] += monotonicSeconds() - start
  }
}

/// Seconds of the monotonic clock.
func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
