import Foundation
import Report
import Testing

@Suite struct CommitmentTests {
  /// Made by Python: hmac.new(bytes(range(32)), b'{"gold":"aa","order":"bb","scorer":"0.2.0"}',
  /// "sha256").hexdigest()
  @Test func `a commitment is the HMAC of the canonical JSON`() {
    let value = LedgerCommitment.value(
      gold: "aa", order: "bb", scorer: "0.2.0", key: Data(0..<32))
    #expect(value == "2414ec975c58ace03ed4f421dc4d83e8af9afd0c98c495ced074833e80b931b1")
  }
}
