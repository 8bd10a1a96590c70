public import Foundation
import Harness
import Synchronization

/// Sends what webhooks wait for: one message at a time to each, in their order, and to all of them at
/// once. A crash sends a message again that was on its way.
final class WebhookSender: Sendable {
  private static let pollSeconds = 0.5

  private let store: SubmissionStore
  private let timeoutSeconds: Int
  private let log: ServerLog
  /// Webhooks that are being sent to, and those whose last attempt failed.
  private let state = Mutex<(busy: Set<Int64>, failing: Set<Int64>)>(([], []))

  init(_ store: SubmissionStore, timeoutSeconds: Int, log: ServerLog) {
    (self.store, self.timeoutSeconds, self.log) = (store, timeoutSeconds, log)
  }

  /// Sends until it is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        for webhook in await due(at: Date()) {
          guard state.withLock({ $0.busy.insert(webhook).inserted }) else { continue }
          group.addTask {
            await self.send(to: webhook) { Date() }
            self.state.withLock { _ = $0.busy.remove(webhook) }
          }
        }
        try? await Task.sleep(for: .seconds(Self.pollSeconds))
      }
    }
  }

  /// Sends what is due at `now`, and returns once all of it was tried.
  func deliver(at now: Date) async {
    await withDiscardingTaskGroup { group in
      for webhook in await due(at: now) {
        group.addTask { await self.send(to: webhook) { now } }
      }
    }
  }

  private func due(at now: Date) async -> [Int64] {
    do {
      return try store.dueWebhooks(at: now)
    } catch {
      log.fault("webhooks could not be looked after", error)
      try? await Task.sleep(for: .seconds(5))
      return []
    }
  }

  private func send(to webhook: Int64, clock: () -> Date) async {
    do {
      while let (receiver, delivery) = try store.nextDelivery(of: webhook, at: clock()) {
        let outcome = await WebhookExchange.send(
          delivery.payload, message: delivery.message, to: receiver, at: clock(),
          timeoutSeconds: timeoutSeconds)
        // What was cut short by the end of the server is sent by the next.
        if Task.isCancelled, outcome.status == nil { return }
        try await store.record(outcome, of: delivery, at: clock())
        note(outcome, of: delivery)
      }
    } catch {
      log.fault("webhook \(webhook): a delivery could not be recorded", error)
      // Without a record it would be sent again at once.
      try? await Task.sleep(for: .seconds(60))
    }
  }

  /// One line where a webhook begins to fail or works again, and one for each message given up.
  private func note(_ outcome: WebhookDelivery.Outcome, of delivery: WebhookDelivery) {
    let webhook = delivery.webhook
    guard let problem = outcome.problem else {
      let hasFailed = state.withLock { $0.failing.remove(webhook) } != nil
      if hasFailed { log.note("webhook \(webhook) takes messages again") }
      return
    }
    if outcome.status == 410 {
      log.warn("webhook \(webhook) is gone (410): nothing more is sent to it")
    } else if delivery.attempts + 1 >= WebhookDelivery.maxAttempts {
      log.warn("webhook \(webhook): \(delivery.message) is given up: \(problem)")
    } else if state.withLock({ $0.failing.insert(webhook).inserted }) {
      log.warn("webhook \(webhook): \(problem); it is tried again")
    }
  }
}

extension Webhook {
  /// Sends one message of the event `webhook.test`, now and once.
  /// - Returns: the status of the answer, and why it does not count as delivered, if it does not.
  public func sendTest(timeoutSeconds: Int = 10) async throws -> (status: Int?, problem: String?) {
    let payload = try WebhookPayload(type: "webhook.test", timestamp: Date(), data: .init()).text()
    let outcome = await send(
      payload, message: Self.newMessageID(), timeoutSeconds: timeoutSeconds)
    return (outcome.status, outcome.problem)
  }
}
