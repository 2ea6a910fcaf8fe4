// One table in every format, and words that must not be taken for markup in any of them.

import Testing

@testable import Report

private let small: Table = {
  var table = Table([
    Table.Column("method", .leading), Table.Column("error", detail: "%"), Table.Column("size"),
  ])
  table.append([.words("rtn"), .percent(0.1 + 0.2), .scientific(123_456)])
  table.append([.words("awq+gptq"), .percent(1.0 / 7).marked(true), .missing])
  return table
}()

@Suite struct `A table` {
  @Test func `is aligned for a terminal, with a star for the best`() {
    #expect(
      small.text == """
        method    error %      size
        --------  -------  --------
        rtn         30.0   1.23e+05
        awq+gptq    14.3*         -
        """)
  }

  @Test func `is Markdown`() {
    #expect(
      small.markdown == """
        | method | error % | size |
        | :-- | --: | --: |
        | rtn | 30.0 | 1.23e+05 |
        | awq+gptq | **14.3** | - |

        """)
  }

  @Test func `is CSV with every digit, and an empty field for what is missing`() {
    #expect(
      small.csv == "method,error %,size\r\n"
        + "rtn,30.000000000000004,123456.0\r\nawq+gptq,14.285714285714285,\r\n")
  }

  @Test func `is LaTeX`() {
    #expect(
      small.latex == #"""
        \begin{tabular}{lrr}
          \toprule
          method & error \% & size \\
          \midrule
          rtn & 30.0 & 1.23e+05 \\
          awq+gptq & \textbf{14.3} & - \\
          \bottomrule
        \end{tabular}

        """#)
  }

  @Test func `without rows has its headings`() {
    let table = Table([Table.Column("a", .leading), Table.Column("b")])
    #expect(table.text == "a  b\n-  -")
    #expect(table.markdown == "| a | b |\n| :-- | --: |\n")
    #expect(table.csv == "a,b\r\n")
    #expect(table.latex.contains("a & b"))
  }

  @Test func `prints what is not a finite number`() {
    var table = Table([Table.Column("a"), Table.Column("b"), Table.Column("c")])
    table.append([.percent(.nan), .fixed(.infinity, 2), .scientific(-.infinity)])
    #expect(table.text == "  a    b     c\n---  ---  ----\nnan  inf  -inf")
    #expect(table.csv == "a,b,c\r\nnan,inf,-inf\r\n")
  }
}

/// A table that holds the words alone, in a format.
private func cell(_ words: String, _ format: (Table) -> String) -> String {
  var table = Table([Table.Column("h", .leading)])
  table.append([words])
  return format(table)
}

@Suite struct `Words from a file` {
  @Test func `cannot write to a terminal`() {
    #expect(cell("a\u{1B}[2Jb\nc") { $0.text } == "h\n--------\na\u{FFFD}[2Jb\u{FFFD}c")
  }

  @Test(arguments: [
    ("self_attn.q_proj", "self_attn.q_proj"), ("_a_", #"\_a\_"#), ("a|b", #"a\|b"#),
    ("<b>*x*</b>", #"\<b\>\*x\*\</b\>"#), ("[a](b)", #"\[a\](b)"#), ("`\\`", #"\`\\\`"#),
    ("a\nb", "a\u{FFFD}b"), ("|\u{301}", "\\|\u{301}"),
  ])
  func `are words in Markdown`(words: String, escaped: String) {
    #expect(cell(words) { $0.markdown } == "| h |\n| :-- |\n| \(escaped) |\n")
  }

  @Test(arguments: [
    ("a b", "a b"), ("a,b", "\"a,b\""), ("say \"a\"", "\"say \"\"a\"\"\""),
    ("a\r\nb", "\"a\r\nb\""),
    ("\"\u{301}", "\"\"\"\u{301}\""),
  ])
  func `are one field in CSV`(words: String, quoted: String) {
    #expect(Array(cell(words) { $0.csv }.utf8) == Array("h\r\n\(quoted)\r\n".utf8))
  }

  @Test(arguments: [
    ("a_b&c%d$e#f{g}", ##"a\_b\&c\%d\$e\#f\{g\}"##),
    (#"\input{x}"#, #"\textbackslash{}input\{x\}"#),
    ("~^<|>", #"\textasciitilde{}\textasciicircum{}\textless{}\textbar{}\textgreater{}"#),
    ("[2pt]", "{[}2pt]"),
  ])
  func `are words in LaTeX`(words: String, escaped: String) {
    #expect(cell(words) { $0.latex }.contains("\\midrule\n  \(escaped) \\\\\n"))
  }
}
