package import Pipeline
internal import Solvers

extension RunReport {
  /// What every Linear lost, as a percentage of the energy of its output or weights.
  ///
  /// If inputs are rounded, a column shows the error that this adds.
  package var table: Table {
    let columns = self.columns
    var table = Table(columns.map(\.column))
    for linear in linears { table.append(columns.map { $0.cell(linear) }) }
    return table
  }

  private typealias Column = (column: Table.Column, cell: (LinearReport) -> Table.Cell)

  /// The columns; those that stay empty throughout a run are left out.
  private var columns: [Column] {
    func column(_ title: String, _ value: @escaping (LinearReport) -> Table.Cell) -> Column {
      (Table.Column(title), value)
    }
    func percent(_ title: String, _ value: @escaping (LinearError) -> Double?) -> Column {
      column(title) { .percent(value($0.error)) }
    }
    func optional(_ title: String, _ value: @escaping (LinearError) -> Double?) -> [Column] {
      linears.contains { value($0.error) != nil } ? [percent(title, value)] : []
    }
    var result: [Column] = [
      (Table.Column("Linear", .leading), { .words($0.name) }),
      column("shape") { .words("\($0.rows) x \($0.columns)") },
      column("bits/weight") { .fixed($0.bitsPerWeight, 2) },
      percent("output error %") { $0.calibration },
      percent("held-out %") { $0.heldOut },
    ]
    result += optional("off the dense model %") { $0.stream }
    result += optional("first position %") { $0.first }
    result += optional("input rounding %") { $0.activation }
    result += [
      percent("weight error %") { $0.weight },
      column("damping") { .fixed($0.conditioning?.damping, 3) },
      column("retries") { .integer($0.conditioning?.retries) },
      column("dead") { .integer($0.conditioning?.deadChannels) },
    ]
    if linears.contains(where: { $0.expertTokens != nil }) {
      result.append(column("tokens") { .integer($0.expertTokens) })
    }
    return result
  }

  /// The run in a few lines: how much was quantized, and what needs a second look.
  package var summary: String {
    let weights = linears.reduce(0) { $0 + $1.rows * $1.columns }
    let retried = linears.filter { ($0.conditioning?.retries ?? 0) > 0 }.count
    let dead = linears.filter { ($0.conditioning?.deadChannels ?? 0) > 0 }.count
    let tokens =
      importance != nil
      ? "importances"
      : calibrationTokens > 0
        ? "\(Numbers.count(calibrationTokens)) calibration and "
          + "\(Numbers.count(heldOutTokens)) held-out tokens" : "no calibration"
    return """
      \(linears.count) Linears, \(Numbers.count(weights)) weights, \
      \(Numbers.fixed(bitsPerWeight, 3)) bits per weight, \(method), \(tokens)\
      \(seconds.map { ", \(Numbers.duration($0))" } ?? "")\(phaseSummary)
      damping raised for \(retried) Linears; dead input channels in \(dead) Linears
      """ + importanceSummary + takenSummary + tableSummary + failureSummary + textSummary
        + lossSummary + expertSummary
  }

  /// What was known of the inputs, if that was a file of importances.
  private var importanceSummary: String {
    guard let importance else { return "" }
    let tokens = calibrationTokens > 0 ? " of \(Numbers.count(calibrationTokens)) tokens" : ""
    return
      "\ninputs are known by \(importance) alone: the mean square of each channel\(tokens), as if no two went "
      + "together; so are output errors"
  }

  /// What the time was spent on; what takes less than a hundredth of it is left out.
  private var phaseSummary: String {
    guard let seconds, !phases.isEmpty else { return "" }
    let parts = RunPhase.allCases.compactMap { phase in
      phases[phase].flatMap { $0 < 0.01 * seconds ? nil : "\(Numbers.duration($0)) \(phase)" }
    }
    let memory = peakMemory.map { "; memory peaked at \(Numbers.bytes($0))" } ?? ""
    return (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))") + memory
  }

  /// The embedding and the head, if they are quantized.
  private var tableSummary: String {
    tables.map {
      "\n\($0.name): \(Numbers.fixed($0.bitsPerWeight, 3)) bits per weight, with a weight error of "
        + "\(Numbers.percent($0.weightError)) %"
    }.joined()
  }

  /// What is of an earlier result, if anything.
  private var takenSummary: String {
    let count = linears.count(where: \.isTakenOver)
    return count == 0
      ? ""
      : "\n\(count) Linears are taken over, by whatever method; only the error of their weights is known"
  }

  /// What could not be quantized, if anything.
  private var failureSummary: String {
    guard let first = unquantized.first else { return "" }
    return "\n\(unquantized.count) Linears stay dense, since quantizing failed: \(first.reason)"
      + (unquantized.count > 1 ? ", …" : "")
  }

  /// What the calibration text cannot teach, if it repeats itself.
  private var textSummary: String {
    guard repeatsItself, let distinctTokens else { return "" }
    return "\nthe calibration text repeats itself: only \(Numbers.count(distinctTokens)) of its "
      + "\(Numbers.count(calibrationTokens)) tokens are different, so other text may lose far more than "
      + "this table says; calibrate on ordinary text"
  }

  /// What is lost altogether, if anything is.
  private var lossSummary: String {
    let ruined = linears.filter(\.isRuined)
    let withLostRows = linears.filter { $0.lostRows > 0 }
    let rows = withLostRows.reduce(0) { $0 + $1.lostRows }
    return
      (ruined.isEmpty
      ? "" : "\n\(ruined.count) Linears lost more than half of their output: \(Self.names(ruined))")
      + (rows == 0
        ? ""
        : "\nhardly anything is left of \(rows) rows, whose weights may be too small for a scale: "
          + Self.names(withLostRows))
  }

  /// The names of the first Linears.
  private static func names(_ linears: [LinearReport]) -> String {
    linears.prefix(3).map(\.name).joined(separator: ", ") + (linears.count > 3 ? ", …" : "")
  }

  /// How many tokens the experts saw during calibration, if there are experts.
  private var expertSummary: String {
    let counts = linears.compactMap(\.expertTokens).sorted()
    guard let least = counts.first else { return "" }
    let starved = linears.filter(\.isUnderCalibrated)
    let none = counts.count { $0 == 0 }
    let median = counts[counts.count / 2]
    return "\nexperts saw \(Numbers.count(least)) tokens at least, \(Numbers.count(median)) in the "
      + "median; \(starved.count) Linears saw fewer than they have inputs"
      + (none == 0 ? "" : ", and \(none) none at all")
      + (starved.isEmpty ? "" : ": \(Self.names(starved))")
  }
}
