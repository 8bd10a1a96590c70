import Foundation

/// Folder names of entries: lower case ASCII letters, digits and single hyphens, at most 80.
public enum Slug {
  public static func isValid(_ text: String) -> Bool { !text.isEmpty && make(text) == text }

  /// The slug of a name; empty where the name has no letter or digit that ASCII can show.
  public static func make(_ name: String) -> String {
    let folded = name.folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
    var slug = ""
    for byte in folded.lowercased().utf8 {
      let plain = (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
      if plain {
        slug.unicodeScalars.append(Unicode.Scalar(byte))
      } else if byte < 0x80, !slug.isEmpty, slug.last != "-" {
        slug += "-"
      }
    }
    return String(slug.prefix(80)).trimmingCharacters(in: ["-"])
  }
}
