extension Table {
  /// The table as a LaTeX `tabular` with booktabs rules; the best of rivals is bold.
  package var latex: String {
    let alignments = columns.map { $0.alignment == .leading ? "l" : "r" }.joined()
    let cells = rows.map { row in
      line(row.map { $0.isBest ? "\\textbf{\($0.text.inLaTeX)}" : $0.text.inLaTeX })
    }
    return """
      \\begin{tabular}{\(alignments)}
        \\toprule
      \(line(columns.map(\.heading.inLaTeX)))
        \\midrule
      \(cells.joined(separator: "\n"))
        \\bottomrule
      \\end{tabular}

      """
  }

  private func line(_ cells: [String]) -> String {
    "  " + cells.joined(separator: " & ") + " \\\\"
  }
}

extension String {
  /// The string with all characters escaped that are special in LaTeX.
  fileprivate var inLaTeX: String {
    withoutControls.spelled { scalar in
      switch scalar {
      case "{", "}", "$", "&", "#", "%", "_": "\\\(scalar)"
      case "\\": "\\textbackslash{}"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "<": "\\textless{}"
      case ">": "\\textgreater{}"
      case "|": "\\textbar{}"
      case "[": "{[}"  // After a line's end, LaTeX would read a length.
      default: nil
      }
    }
  }
}
