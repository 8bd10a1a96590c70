import Basics
public import Foundation

/// What an organiser is bound to when a phase is set: labels, order of the rows and the version of the
/// program that scores. It tells nothing of them before its key is made known.
public enum LedgerCommitment {
  /// The text that is committed to, as compact canonical JSON.
  private struct Committed: Encodable {
    var gold, order, scorer: String
  }

  /// 64 hexadecimal digits: HMAC-SHA-256, with `key`, of the UTF-8 of
  /// `{"gold":"…","order":"…","scorer":"…"}`.
  /// - Parameters:
  ///   - gold: digest of the split's labels (`Digests.gold`).
  ///   - order: digest of the row ids in their order (`Digests.order`).
  ///   - scorer: version of the program that scores.
  ///   - key: 32 random bytes of that phase alone.
  public static func value(gold: String, order: String, scorer: String, key: Data) -> String {
    let committed = Committed(gold: gold, order: order, scorer: scorer)
    // Three strings can always be written.
    let text = (try? CanonicalJSON.compact(committed)) ?? Data()
    return Digest.hmac(String(decoding: text, as: UTF8.self), key: key)
  }
}
