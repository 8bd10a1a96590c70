/// The special tokens around one text or a pair, and each part's type id.
struct SpecialTokenTemplate: Sendable, Equatable {
  enum Part: Sendable, Equatable {
    case first(type: Int32)
    case second(type: Int32)
    case special(ids: [Int32], type: Int32)
  }

  let single: [Part]
  let pair: [Part]

  /// RoBERTa's: `<s> A </s>` and `<s> A </s></s> B </s>`, all of type 0.
  static func roberta(start: Int32, end: Int32) -> Self {
    Self(
      single: [.special(ids: [start], type: 0), .first(type: 0), .special(ids: [end], type: 0)],
      pair: [
        .special(ids: [start], type: 0), .first(type: 0), .special(ids: [end, end], type: 0),
        .second(type: 0), .special(ids: [end], type: 0),
      ])
  }

  /// BERT's: `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, the second part of type 1.
  static func bert(start: Int32, end: Int32) -> Self {
    Self(
      single: [.special(ids: [start], type: 0), .first(type: 0), .special(ids: [end], type: 0)],
      pair: [
        .special(ids: [start], type: 0), .first(type: 0), .special(ids: [end], type: 0),
        .second(type: 1), .special(ids: [end], type: 1),
      ])
  }

  /// How many special tokens the single form adds.
  var singleCount: Int { Self.specialCount(single) }
  /// How many special tokens the pair form adds.
  var pairCount: Int { Self.specialCount(pair) }

  private static func specialCount(_ parts: [Part]) -> Int {
    parts.reduce(0) { if case .special(let ids, _) = $1 { $0 + ids.count } else { $0 } }
  }

  /// The tokens of one text or a pair, with the special tokens.
  func apply(_ first: [Int32], _ second: [Int32]?) -> Encoding {
    var encoding = Encoding()
    func add(_ ids: [Int32], _ type: Int32) {
      encoding.ids.append(contentsOf: ids)
      encoding.typeIDs.append(contentsOf: repeatElement(type, count: ids.count))
    }
    for part in second == nil ? single : pair {
      switch part {
      case .first(let type): add(first, type)
      case .second(let type): add(second ?? [], type)
      case .special(let ids, let type): add(ids, type)
      }
    }
    return encoding
  }

  /// How many tokens of each part are kept when both together have to fit `limit`. The longer part
  /// is cut first; where that is not enough, both get half, and the second the odd one.
  static func longestFirst(_ first: Int, _ second: Int, limit: Int) -> (first: Int, second: Int) {
    guard first + second > limit else { return (first, second) }
    var (short, long) = (min(first, second), max(first, second))
    long = short > limit ? short : max(short, limit - short)
    if short + long > limit {
      short = limit / 2
      long = short + limit % 2
    }
    return first > second ? (long, short) : (short, long)
  }
}
