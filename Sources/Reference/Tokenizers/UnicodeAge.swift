/// Unicode as the published tokenizers know it.
///
/// Ids are only comparable when every scalar falls into the same class as it did for the model's
/// authors, and the tables behind Hugging Face's `tokenizers` (0.23) are of three ages: Unicode 16
/// for the regular expression of byte-level BPE, Unicode 8 for the categories of BERT's cleaning,
/// punctuation and marks, and Unicode 12 for canonical decomposition. Swift's properties are newer;
/// what came later counts as unassigned here. The golden `unicode.json` checks all scalars.
enum UnicodeAge {
  /// Whether `scalar` was assigned in Unicode `major`.x.
  static func isAssigned(_ scalar: Unicode.Scalar, upTo major: Int) -> Bool {
    if let age = scalar.properties.age { age.major <= major } else { false }
  }

  /// The general category of `scalar` in Unicode 8, as BERT's normaliser sees it.
  static func categoryOfUnicode8(_ scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
    switch scalar.value {
    // These changed category after Unicode 8.
    case 0x166D, 0x111C9: .otherPunctuation
    case 0x1885, 0x1886: .otherLetter
    case 0xA9BD: .spacingMark
    case 0x1734, 0x1171E: .nonspacingMark
    default:
      isAssigned(scalar, upTo: 8) ? scalar.properties.generalCategory : category(unassigned: scalar)
    }
  }

  /// Surrogates aside, private use has no age but a category.
  private static func category(unassigned scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
    scalar.properties.generalCategory == .privateUse ? .privateUse : .unassigned
  }
}
