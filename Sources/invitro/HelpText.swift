/// Help that is wrapped to the terminal, not where the source happens to break its lines.
enum HelpText {
  /// Joins the lines of a paragraph; empty lines and lines that begin with a space stay as they are.
  static func reflow(_ text: String) -> String {
    var lines: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let stays = line.isEmpty || line.first == " "
      if let last = lines.last, !stays, !last.isEmpty, last.first != " " {
        lines[lines.count - 1] = last + " " + line
      } else {
        lines.append(String(line))
      }
    }
    return lines.joined(separator: "\n")
  }
}
