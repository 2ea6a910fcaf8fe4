package import Pipeline
internal import Solvers

extension RunReport {
  /// What every Linear lost, as a percentage of the energy of its output or weights.
  ///
  /// If inputs are rounded, a column shows the error that this adds.
  package var table: Table {
    let isRounding = linears.contains { $0.error.activation != nil }
    let hasExperts = linears.contains { $0.expertTokens != nil }
    let hasReference = linears.contains { $0.error.stream != nil }
    var table = Table(
      [
        Table.Column("Linear", .leading), Table.Column("shape"), Table.Column("bits/weight"),
        Table.Column("output error %"), Table.Column("held-out %"),
      ] + (hasReference ? [Table.Column("off the dense model %")] : [])
        + (isRounding ? [Table.Column("input rounding %")] : []) + [
          Table.Column("weight error %"), Table.Column("damping"), Table.Column("retries"),
          Table.Column("dead"),
        ] + (hasExperts ? [Table.Column("tokens")] : []))
    for linear in linears {
      table.append(
        [
          .words(linear.name), .words("\(linear.rows) x \(linear.columns)"),
          .fixed(linear.bitsPerWeight, 2), .percent(linear.error.calibration),
          .percent(linear.error.heldOut),
        ] + (hasReference ? [.percent(linear.error.stream)] : [])
          + (isRounding ? [.percent(linear.error.activation)] : []) + [
            .percent(linear.error.weight), .fixed(linear.conditioning?.damping, 3),
            .integer(linear.conditioning?.retries), .integer(linear.conditioning?.deadChannels),
          ] + (hasExperts ? [.integer(linear.expertTokens)] : []))
    }
    return table
  }

  /// The run in two lines: how much was quantized, and what needs a second look.
  package var summary: String {
    let weights = linears.reduce(0) { $0 + $1.rows * $1.columns }
    let retried = linears.filter { ($0.conditioning?.retries ?? 0) > 0 }.count
    let dead = linears.filter { ($0.conditioning?.deadChannels ?? 0) > 0 }.count
    let tokens =
      calibrationTokens > 0
      ? "\(Numbers.count(calibrationTokens)) calibration and "
        + "\(Numbers.count(heldOutTokens)) held-out tokens" : "no calibration"
    return """
      \(linears.count) Linears, \(Numbers.count(weights)) weights, \
      \(Numbers.fixed(bitsPerWeight, 3)) bits per weight, \(method), \(tokens), \
      \(Numbers.duration(seconds))
      damping raised for \(retried) Linears; dead input channels in \(dead) Linears
      """ + expertSummary
  }

  /// How many tokens the experts saw during calibration, if there are experts.
  private var expertSummary: String {
    let counts = linears.compactMap(\.expertTokens).sorted()
    guard let least = counts.first else { return "" }
    let starved = linears.filter(\.isUnderCalibrated)
    let median = counts[counts.count / 2]
    let names =
      starved.prefix(3).map(\.name).joined(separator: ", ")
      + (starved.count > 3 ? ", …" : "")
    return "\nexperts saw \(Numbers.count(least)) tokens at least, \(Numbers.count(median)) in the "
      + "median; \(starved.count) Linears saw fewer than they have inputs"
      + (starved.isEmpty ? "" : ": \(names)")
  }
}
