// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Basics
import Foundation
import Glibc

/// The encoder and its head on the processor: B sequences, T tokens, C channels, H heads, F
/// feed-forward channels; matrices are row-major. The same batches give the same bits with the same
/// thread count (and, up to two, with either). An engine is used by one thread at a time.
public final class EncoderEngine {
  public let configuration: ModelConfiguration
  public let head: HeadKind
  /// K, the numbers that the head predicts for a sequence.
  public let outputCount: Int
  public let layout: ParameterLayout
  public let threadCount: Int
  public let precision: Precision
  /// Time spent in each kernel, when enabled.
  public let profile: KernelProfile

  let pool: ThreadPool
  /// With ``Precision/bfloat16``.
  let reduced: BFloat16Products?
  /// With relative positions.
  let relative: RelativeState?
  let parameters: FloatRegion
  // Training state, allocated when first needed: prediction does without it.
  private(set) var gradients = FloatRegion()
  private(set) var firstMoments = FloatRegion()
  private(set) var secondMoments = FloatRegion()
  private var arena = FloatRegion()
  /// Embedding rows with a gradient now, and rows that ever had one (their moments may be set).
  var rowHasGradient: [Bool]
  var rowHasMoments: [Bool]
  // The pass that `backward` belongs to.
  var batch: PackedBatch?
  var plan: ActivationPlan?
  var dropout: DropoutKey?

  /// An engine with all parameters zero, for ``ModelDirectory`` to fill. `threadCount` threads take
  /// part in every pass, the caller included. The processor must support `precision`.
  public init(
    configuration: ModelConfiguration, head: HeadKind, outputCount: Int = 1, threadCount: Int,
    precision: Precision = .float32
  ) {
    precondition(precision.isSupported, "a precision that the processor has")
    (self.configuration, self.head, self.outputCount) = (configuration, head, outputCount)
    (self.threadCount, self.precision) = (threadCount, precision)
    layout = ParameterLayout(configuration, head: head, outputCount: outputCount)
    pool = ThreadPool(threadCount: threadCount)
    reduced =
      precision == .float32
      ? nil : BFloat16Products(layout.weights, workers: threadCount)
    relative = configuration.relativePositions.map(RelativeState.init)
    profile = KernelProfile(workers: threadCount)
    parameters = FloatRegion(count: layout.count, largePages: true)
    rowHasGradient = Array(repeating: false, count: configuration.vocabularySize)
    rowHasMoments = Array(repeating: false, count: configuration.vocabularySize)
    useSingleThreadedProducts()
  }

  deinit { pool.stop() }

  /// Reserves memory for batches up to this size, so that no step allocates any.
  public func reserve(_ capacity: BatchCapacity, training: Bool) {
    if training { reserveTraining() }
    let plan = ActivationPlan(
      capacity, configuration, training: training, everyToken: true, threads: threadCount,
      base: arena.base)
    if plan.total > arena.count {
      arena = FloatRegion(count: plan.total, largePages: true)
      // The last pass's activations are gone.
      self.plan = nil
    }
    reduced?.reserve(plan, positionRows: relative?.rowCount(plan) ?? 0)
  }

  /// Gradients and moments, all zero. Untouched pages take no memory.
  func reserveTraining() {
    guard gradients.count == 0 else { return }
    gradients = FloatRegion(count: layout.count)
    firstMoments = FloatRegion(count: layout.count)
    secondMoments = FloatRegion(count: layout.count)
  }

  /// Marks which embedding rows have moments, after these were read from a checkpoint.
  func findRowsWithMoments() {
    let C = configuration.hiddenSize
    for row in 0..<configuration.vocabularySize {
      let start = layout.wordTable + row * C
      rowHasMoments[row] = [firstMoments, secondMoments].contains {
        $0[start..<start + C].contains { $0 != 0 }
      }
    }
  }

  /// A parameter's elements.
  public func values(of parameter: Parameter) -> UnsafeMutableBufferPointer<Float> {
    weightsChanged()
    return parameters[parameter.range]
  }

  /// A copy of a parameter's gradient; zeros before the first ``backward(_:accumulate:)``.
  public func gradient(of parameter: Parameter) -> [Float] {
    gradients.count == 0
      ? Array(repeating: 0, count: parameter.count) : Array(gradients[parameter.range])
  }

  /// Writes the predictions for `batch` to `predictions`, (B, K) row-major, in the batch's order.
  /// - Parameter everyToken: computes the last hidden states of all tokens and not of the first ones
  ///   alone, for a loss that reads them.
  public func forward(
    _ batch: PackedBatch, mode: ForwardMode, everyToken: Bool = false, predictions: inout [Float]
  ) {
    let plan = run(batch, mode: mode, everyToken: everyToken)
    predictions.removeAll(keepingCapacity: true)
    headForward(plan, batch, &predictions)
  }

  /// The hidden states after the embeddings (0) or after layer `layer` (1...), (T, C), for every
  /// token, without dropout.
  public func hiddenStates(_ batch: PackedBatch, layer: Int) -> [Float] {
    let plan = run(batch, mode: .training(dropout: nil), everyToken: true)
    return Array(UnsafeBufferPointer(start: plan.input(layer), count: plan.T * plan.C))
  }

  /// The encoder's forward pass.
  private func run(_ batch: PackedBatch, mode: ForwardMode, everyToken: Bool) -> ActivationPlan {
    let training = mode != .inference
    dropout = if case .training(let key) = mode { key } else { nil }
    precondition(batch.sequenceCount > 0, "a batch has a sequence")
    reserve(batch.capacity, training: training)
    let plan = ActivationPlan(
      batch.capacity, configuration, training: training, everyToken: everyToken,
      threads: threadCount, base: arena.base)
    (self.plan, self.batch) = (plan, batch)
    if let reduced {
      profile.measure(.products, 0) { reduced.pack(parameters.base, backward: training, pool) }
    }
    relative?.begin(batch)
    let positions = relativeForward(plan)
    embeddingForward(plan, batch)
    for layer in 0..<plan.layerCount {
      attentionForward(plan, batch, layer, positions)
      rowsForward(plan, layer)
    }
    return plan
  }

  /// Notes that what was made of the weights is out of date.
  func weightsChanged() {
    reduced?.invalidate()
    relative?.invalidate()
  }

  /// The mask of a site, or nil without dropout.
  func mask(_ layer: Int, _ site: DropoutSite) -> DropoutMask? {
    let probability =
      switch site {
      case .attention: configuration.attentionDropout
      case .headInput where head.hasDense && configuration.kind == .debertaV2:
        configuration.poolerDropout
      case .headInput, .headHidden: configuration.classifierDropout
      default: configuration.hiddenDropout
      }
    guard let dropout, probability > 0 else { return nil }
    return DropoutMask(dropout, layer: layer, site: site, probability: probability)
  }

  /// The address of an element of the parameter buffer.
  func p(_ offset: Int) -> MutableFloats { parameters.base + offset }
  /// The address of an element of the gradient buffer.
  func d(_ offset: Int) -> MutableFloats { gradients.base + offset }

  func norm(_ offsets: NormOffsets) -> LayerNorm {
    LayerNorm(
      gain: p(offsets.gain), offset: p(offsets.offset),
      epsilon: Float(configuration.layerNormEpsilon), channels: configuration.hiddenSize)
  }
}

/// The purpose of a forward pass.
public enum ForwardMode: Equatable, Sendable {
  /// No activations are kept and none are dropped.
  case inference
  /// Activations are kept for the backward pass; nil for no dropout.
  case training(dropout: DropoutKey?)
}

typealias FloatRegion = MemoryRegion<Float>

/// Zeroed numbers straight from the system, page-aligned; pages never touched take no memory.
final class MemoryRegion<Element: BitwiseCopyable>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>
  let count: Int
  private let byteCount: Int

  /// `count` zeros. `largePages` asks for 2 MB pages, which products over much memory profit from.
  init(count: Int = 0, largePages: Bool = false) {
    self.count = count
    byteCount = max(4096, count * MemoryLayout<Element>.stride)
    let memory = mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let memory, memory != MAP_FAILED else {
      preconditionFailure("the system gives no \(byteCount) bytes of address space")
    }
    if largePages { madvise(memory, byteCount, 14 /* MADV_HUGEPAGE */) }
    base = memory.bindMemory(to: Element.self, capacity: byteCount / MemoryLayout<Element>.stride)
  }

  deinit { munmap(base, byteCount) }

  /// The numbers `range`, checked.
  subscript(range: Range<Int>) -> UnsafeMutableBufferPointer<Element> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range inside the region")
    return UnsafeMutableBufferPointer(start: base + range.lowerBound, count: range.count)
  }
}

/// The time that the passes spend in each kernel, summed over the threads.
public final class KernelProfile {
  /// A group of kernels, by the title it is reported under.
  public enum Kernel: String, CaseIterable, Sendable {
    case products = "matrix products"
    case attentionProducts = "attention products"
    case positions = "relative positions"
    case softmax = "softmax and its dropout"
    case gelu = "GELU"
    case layerNorm = "layer norm, dropout, residual"
    case bias = "bias of query, key, value"
    case embedding = "embeddings"
    case head = "head"
    case reductions = "gradient sums"
    case update = "AdamW"

    fileprivate var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }
  }

  /// Measuring reads the clock twice per kernel call; off by default.
  public var isEnabled = false
  private let workers: Int
  private let seconds: MemoryRegion<Double>
  // Threads write to cache lines of their own.
  private static let stride = 32

  init(workers: Int) {
    (self.workers, seconds) = (workers, MemoryRegion(count: workers * Self.stride))
  }

  /// Resets all times to 0.
  public func reset() { seconds.base.update(repeating: 0, count: seconds.count) }

  /// Seconds a kernel took, summed over the threads.
  public func seconds(_ kernel: Kernel) -> Double {
    (0..<workers).reduce(0) { $0 + seconds.base[$1 * Self.stride + kernel.index] }
  }

  /// The kernels' shares of `wallSeconds` on all threads, largest first, and the rest, which is
  /// waiting for other threads and work outside the engine.
  public func shares(wallSeconds: Double) -> [(title: String, share: Double)] {
    let total = wallSeconds * Double(workers)
    guard total > 0 else { return [] }
    var rows = Kernel.allCases.map { ($0.rawValue, seconds($0) / total) }
    rows.sort { $0.1 > $1.1 }
    rows.append(("waiting and the rest", max(0, 1 - rows.reduce(0) { $0 + $1.1 })))
    return rows
  }

  @inline(__always) func measure(_ kernel: Kernel, _ worker: Int, _ body: () -> Void) {
    guard isEnabled else { return body() }
    let start = monotonicSeconds()
    body()
    seconds.base[worker * Self.stride + kernel.index] += monotonicSeconds() - start
  }
}

/// Seconds of the monotonic clock.
func monotonicSeconds() -> Double { ProcessInfo.processInfo.systemUptime }
