/// A table, figure or section of the paper, and whether its figures are claims of the report.
public struct PaperPart: Codable, Sendable, Equatable {
  public var part: String
  public var what: String
  /// Claims of it in the report.
  public var claims: Int
  /// Why it has no claim, or what of it has none.
  public var note: String?
  /// The ready experiment in `experiments/paper`, where its figures need training.
  public var experiment: String?
}

extension Published {
  /// Every table and figure of the paper, and the results that stand in its text alone.
  public var parts: [PaperPart] {
    let claims = claims.map(\.claim)
    func part(
      _ name: String, _ what: String, note: String? = nil, experiment: String? = nil
    ) -> PaperPart {
      let count = claims.count { claim in
        let rest = claim.table.dropFirst(name.count)
        return claim.table.hasPrefix(name) && rest.first?.isLetter != true && rest.first != "-"
      }
      return PaperPart(part: name, what: what, claims: count, note: note, experiment: experiment)
    }
    let setting = "published.json records no measured figure of it"
    let added = "table6-newsemp24, table6-newsemp22"
    return [
      part("Headline", "the best result: PCC 0.648", experiment: "table5-newsemp24-23-22"),
      part("Table I", "the setting", note: setting),
      part("Table II", "rows of each split"),
      part("Table III", "the setting", note: setting),
      part("Table IV", "the setting", note: setting),
      part("Section IV-A", "a leak between the years' sets", experiment: "section4a-leak"),
      part("Table V", "training on corrected labels", experiment: "table5-…"),
      part("Table VI", "training on added data", experiment: added),
      part("Table VII", "a model's labels as predictions"),
      part(
        "Table VIII", "comparison with other systems",
        note:
          "of the others' rows one is a claim, which the authors ran again; the rest are others' "
          + "results, which the board of newsemp24 shows as published", experiment: "table8-giorgi"),
      part("Table IX", "agreement of labels"),
      part(
        "Figure 1", "t-tests over seeds",
        note: "its bars are those of tables V and VI; the page draws ours",
        experiment: "table5-newsemp24, table6-newsemp24"),
      part("Figure 2", "the setting", note: setting),
      part(
        "Figure 3", "a growing share of added data",
        note:
          "drawn without figures but for its ends, which are claims of table VI; the page draws "
          + "ours over them", experiment: "figure3-newsemp24"),
      part(
        "Figure 4", "first-token states in two dimensions",
        note:
          "a drawing; its silhouettes are claims, and `invitro embed` draws ours in two and three "
          + "dimensions"),
      part("Silhouette", "of the states of figure 4"),
      part("Figure 5", "agreement by demographic group", note: "bars of 10 rows or more"),
    ]
  }
}
