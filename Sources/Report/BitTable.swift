internal import Pipeline
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
        [
          .words(stage.label), .words(Numbers.count(stage.weights)),
          .words(choices[stage.choice].description),
        ]
          + stage.predictions.enumerated().map { choice, prediction in
            Table.Cell.scientific(prediction).marked(choice == stage.choice)
          })
    }
    return table
  }

  /// The search in one line.
  package var summary: String {
    let types = choices.contains { if case .type = $0 { true } else { false } }
    return
      "\(Numbers.fixed(averageBits, 3)) bits per \(types ? "weight" : "code") of a budget of \(budget), chosen from "
      + choices.map(\.description).joined(separator: ", ")
      + "; predicted KL divergence \(Numbers.scientific(predictedDivergence)), from "
      + "\(Numbers.count(tokens)) tokens at \(choices[reference])\(types ? "" : " bits"), \(Numbers.duration(seconds))"
  }
}

extension BitSearchReport.Stage {
  /// The first Linear, and how many more there are.
  fileprivate var label: String {
    (linears.first ?? "") + (linears.count > 1 ? " + \(linears.count - 1)" : "")
  }
}
