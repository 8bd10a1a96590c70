import Basics
import Dispatch
import Foundation
import Glibc
import Harness
import Reference
import Synchronization

/// What the user sees of a run: a line that is rewritten on a terminal, plain lines elsewhere.
final class TrainingDisplay {
  private let totalSteps: Int
  private let started: ContinuousClock.Instant
  private let trainingStarted = ContinuousClock.now
  private var isFirst = true
  private var lossSum = 0.0, lossCount = 0

  init(totalSteps: Int, started: ContinuousClock.Instant) {
    (self.totalSteps, self.started) = (totalSteps, started)
  }

  func show(_ event: TrainingEvent) {
    switch event {
    case .step(let record, let pace): step(record, pace)
    case .epoch(let record): epoch(record)
    case .checkpoint: break
    }
  }

  private func step(_ record: StepRecord, _ pace: TrainingPace) {
    if isFirst {
      isFirst = false
      let seconds = (ContinuousClock.now - started) / .seconds(1)
      Console.message("first step done \(Rounding.text(seconds, decimals: 2)) s after the start")
    }
    lossSum += record.loss
    lossCount += 1
    let every = Console.errorIsTerminal ? 1 : 50
    guard (record.step + 1) % every == 0 else { return }
    let left = pace.secondsLeft.map { ", \(Console.duration($0)) left" } ?? ""
    let text =
      "step \(record.step + 1)/\(totalSteps)  epoch \(record.epoch)  "
      + "loss \(Rounding.text(lossSum / Double(lossCount), decimals: 4))  "
      + "\(Int(pace.tokensPerSecond)) tokens/s\(left)"
    Console.status(text)
    if lossCount >= 50 { (lossSum, lossCount) = (0, 0) }
  }

  private func epoch(_ record: EpochRecord) {
    func text(_ value: Double?) -> String { value.map { Rounding.text($0) } ?? "undefined" }
    let clear = Console.errorIsTerminal ? "\r\u{1B}[K" : ""
    let figures = record.validation
    // Without rows to validate on there is no RMSE either.
    let validation =
      figures.rmse == nil
      ? ""
      : ", validation CCC \(text(figures.ccc)), PCC \(text(figures.pcc)), RMSE \(text(figures.rmse))"
    Console.message(
      clear + "epoch \(record.epoch): loss \(text(record.trainingLoss))\(validation)"
        + (record.isBest ? "  (best)" : ""))
    if let calibration = record.validation.calibration { Console.message("  \(calibration)") }
    let targets = (record.targets ?? [:]).sorted { $0.key < $1.key }
    guard !targets.isEmpty else { return }
    let parts = targets.map { "\($0.key) CCC \(text($0.value.ccc)), RMSE \(text($0.value.rmse))" }
    Console.message("  " + parts.joined(separator: "; "))
    for (name, figures) in targets {
      if let calibration = figures.calibration { Console.message("  \(name): \(calibration)") }
    }
  }

  /// Each kernel's share of the run's time.
  func profile(_ profile: KernelProfile) -> String {
    let seconds = (ContinuousClock.now - trainingStarted) / .seconds(1)
    let lines = profile.shares(wallSeconds: seconds).map { title, share in
      "  \(Rounding.text(share * 100, decimals: 1))%  \(title)"
    }
    return (["share of \(Rounding.text(seconds, decimals: 1)) s:"] + lines).joined(separator: "\n")
  }
}

/// Turns Ctrl-C and SIGTERM into a request that the run answers after its step.
final class Interrupt {
  private let sources: [any DispatchSourceSignal]
  private let flag = Flag()

  private final class Flag: Sendable { let isSet = Atomic(false) }

  init() {
    let flag = flag
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if flag.isSet.exchange(true, ordering: .relaxed) { exit(130) }
        Console.message("\nstopping after this step; once more stops at once")
      }
      source.resume()
      return source
    }
  }

  var isRequested: Bool { flag.isSet.load(ordering: .relaxed) }

  deinit { for source in sources { source.cancel() } }
}
