/// Turns a stretch of text without special tokens into ids: normalising, splitting into words, and
/// cutting the words into pieces of the vocabulary.
protocol SegmentEncoder: Sendable {
  /// Appends the ids of the bytes of `text` in `range`, which begins and ends between scalars.
  func encode(_ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32])
}
