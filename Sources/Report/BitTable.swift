package import Studies

extension BitSearchReport {
  /// The bits of every stage, and the divergence that is predicted for each choice.
  package var table: Table {
    var table = Table(
      [
        Table.Column("stage", .leading), Table.Column("weights"), Table.Column("bits"),
      ] + choices.map { Table.Column("KL at \($0)") })
    for stage in stages {
      table.append(
        [.words(stage.label), .words(Numbers.count(stage.weights)), .integer(stage.bits)]
          + zip(choices, stage.predictions).map { bits, prediction in
            Table.Cell.scientific(prediction).marked(bits == stage.bits)
          })
    }
    return table
  }

  /// The search in one line.
  package var summary: String {
    "\(Numbers.fixed(averageBits, 3)) bits per code of a budget of \(budget), chosen from "
      + choices.map(String.init).joined(separator: ", ")
      + "; predicted KL divergence \(Numbers.scientific(predictedDivergence)), from "
      + "\(Numbers.count(tokens)) tokens at \(referenceBits) bits, \(Numbers.duration(seconds))"
  }
}

extension BitSearchReport.Stage {
  /// The first Linear, and how many more there are.
  fileprivate var label: String {
    (linears.first ?? "") + (linears.count > 1 ? " + \(linears.count - 1)" : "")
  }
}
