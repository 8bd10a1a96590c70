import Basics
import Foundation
import Harness
import Report
import Testing

/// One document in each form that a result has.
@Suite("Results as text, JSON, CSV, Markdown and LaTeX") struct ResultDocumentTests {
  private let document = ResultDocument([
    .lines("toy/test: 83 rows"),
    .table(
      ResultTable(
        "systems", caption: "Systems & rows",
        [
          .text("system"), .number("rows"), .bounded("PCC"), .figure("RMSE"), .number("p"),
          .pair("median (peak)", "median", "peak"),
        ],
        [
          [
            .text("a_b|c"), .count(83, remark: "few"), .bounded(0.61234, 0.4, 0.7),
            .figure(1.5, 1.25, 1.75), .probability(0.00001), .pair(0.5, 0.625),
          ],
          [
            .text("=cmd()"), .count(80), .none("undefined: constant"), .figure(2, nil, nil),
            .probability(nil), .pair(nil, nil),
          ],
        ])),
    .table(
      ResultTable(
        "spread", [.text("system"), .pair("mean ± SD", "mean", "sd")],
        [[.text("<b>"), .spread(-0.25, 0.125)]])),
    .note("rows of one person are dependent"), .signature("ccc:lin-n|seed:1"),
  ])

  @Test("text has columns as wide as their cells, and numbers to the right")
  func text() {
    #expect(
      document.text == """
        toy/test: 83 rows

        Systems & rows
        system      rows  PCC                    RMSE         p  median (peak)
        ──────  ────────  ────────────────────  ─────  ────────  ─────────────
        a_b|c   83 (few)  0.612 [0.400, 0.700]  1.500  < 0.0001  0.500 (0.625)
        =cmd()        80  undefined: constant   2.000

        system  mean ± SD
        ──────  ──────────────
        <b>     -0.250 ± 0.125

        Note: rows of one person are dependent

        ccc:lin-n|seed:1
        """)
  }

  @Test("the CSV holds every table, a column a number, and no formula")
  func csv() {
    #expect(
      document.csv == """
        table,system,rows,pcc,pcc_low,pcc_high,rmse,rmse_low,rmse_high,p,median,peak,mean,sd,remark
        systems,a_b|c,83,0.6123,0.4,0.7,1.5,1.25,1.75,1e-05,0.5,0.625,,,few
        systems,'=cmd(),80,,,,2.0,,,,,,,,undefined: constant
        spread,<b>,,,,,,,,,,,-0.25,0.125,

        """)
  }

  @Test("Markdown keeps what means something to Markdown literal")
  func markdown() {
    #expect(
      document.markdown == """
        toy/test: 83 rows

        **Systems &amp; rows**

        | system | rows | PCC | RMSE | p | median (peak) |
        | --- | ---: | --- | ---: | ---: | --- |
        | a\\_b\\|c | 83 (few) | 0.612 [0.400, 0.700] | 1.500 | &lt; 0.0001 | 0.500 (0.625) |
        | =cmd() | 80 | undefined: constant | 2.000 |  |  |

        | system | mean ± SD |
        | --- | --- |
        | &lt;b> | -0.250 ± 0.125 |

        *Note:* rows of one person are dependent

        `ccc:lin-n|seed:1`

        """)
  }

  @Test("LaTeX has rules of booktabs, numbers as mathematics and everything else escaped")
  func latex() {
    #expect(
      document.latex == #"""
        % Needs the package booktabs.
        % toy/test: 83 rows
        % Systems & rows
        \begin{tabular}{lrlrrl}
        \toprule
        system & rows & PCC & RMSE & p & median (peak) \\
        \midrule
        a\_b|c & $83$ (few) & $0.612\ [0.400,\ 0.700]$ & $1.500$ & $<\ 0.0001$ & $0.500\ (0.625)$ \\
        =cmd() & $80$ & undefined: constant & $2.000$ &  &  \\
        \bottomrule
        \end{tabular}

        \begin{tabular}{ll}
        \toprule
        system & mean $\pm$ SD \\
        \midrule
        \textless{}b\textgreater{} & $-0.250\ \pm\ 0.125$ \\
        \bottomrule
        \end{tabular}

        % Note: rows of one person are dependent
        % ccc:lin-n|seed:1
        """#)
  }

  @Test("JSON is of the value, and data for programs replace the tables in the CSV alone")
  func data() throws {
    var document = document
    document.data = ResultTable("all", [.text("system")], [[.text("a")]])
    #expect(document.csv == "table,system,remark\nall,a,\n")
    #expect(document.text.contains("0.612 [0.400, 0.700]"))
    let json = try ResultFormat.json.data(of: ["n": 83], shownAs: document)
    #expect(String(decoding: json, as: UTF8.self) == "{\n  \"n\" : 83\n}\n")
  }

  @Test("a paragraph of the text is broken, one of Markdown is not")
  func prose() {
    let words = Array(repeating: "word", count: 30).joined(separator: " ")
    let document = ResultDocument([.prose(words)])
    #expect(document.text.split(separator: "\n").map(\.count) == [89, 59])
    #expect(document.markdown == words + "\n")
  }
}

@Suite("Scores for the Hugging Face Hub and in tables of systems") struct ScoreExportTests {
  private func index() throws -> ModelIndex {
    let entry = SampleInput.entry("a", pcc: 0.5)
    return try ModelIndex(
      #require(entry.report), of: SampleInput.benchmark(), named: #"A "model""#)
  }

  @Test("a model-index names what the Hub knows")
  func modelIndex() throws {
    let yaml = try index().yaml
    #expect(yaml.hasPrefix("model-index:\n- name: \"A \\\"model\\\"\"\n  results:\n  - task:\n"))
    #expect(yaml.contains("    - type: pearsonr\n      value: 0.5000\n"))
    #expect(!yaml.contains("verified"))
  }

  @Test("it goes into a card's front matter, and never over results that are there")
  func card() throws {
    let index = try index()
    let alone = try index.added(to: nil, file: "README.md")
    #expect(alone == "---\n\(index.yaml)---\n")
    let card = "---\nlicense: mit\n---\n# A\n"
    #expect(
      try index.added(to: card, file: "README.md")
        == "---\nlicense: mit\n\(index.yaml)---\n# A\n")
    #expect(try index.added(to: "# A\n", file: "README.md") == alone + "\n# A\n")
    #expect(throws: HarnessError.self) { try index.added(to: alone, file: "README.md") }
    #expect(throws: HarnessError.self) { try index.added(to: "---\na: b\n", file: "README.md") }
  }

  @Test("several systems make a row each, with the interval of the primary metric")
  func systems() throws {
    let systems = try [("a", 0.5), ("b", 0.25)].map { name, pcc in
      ScoreTable.System(
        name: name, file: "\(name).tsv",
        report: try #require(SampleInput.entry(name, pcc: pcc).report))
    }
    let definition = try SampleInput.benchmark()
    let document = ScoreTable(systems).document(
      targets: definition.targetNames, primary: definition.primary.metric)
    let table = try #require(document.tables.first)
    #expect(table.rows.map { $0[0].text } == ["a", "b"])
    #expect(table.columns[4].title == "PCC")
    #expect(table.rows[1][4].text.hasPrefix("0.250 ["))
  }
}
