internal import Checkpoint
internal import Formats
internal import LinearAlgebra
internal import Quantizer
internal import Solvers
internal import Transformer

// The embedding and the head, for formats whose readers have them in integers. They are rounded to nearest, but for
// a head that is to be solved: each row belongs to one token, and with the bits that the format has for them
// nothing better is needed. Weighting errors by the mean squares behind the final norm was tried for tied tables of 3
// and 4 bits, and changes nothing (papers-notes/formats.md).

extension LanguageModel {
  /// The tables that a run quantizes, with what is stored for each.
  ///
  /// They stay dense where a rotation changes them, where groups do not fill their rows, and where a tied head
  /// is stored once more.
  ///
  /// - Throws: `SchemeError` for bits that the points of the scheme do not have.
  func plannedTables(_ settings: QuantizationSettings) throws -> [(LinearShape, LinearScheme)] {
    let format = settings.format
    guard rotatedTensors.isEmpty, !storesTiedHead else { return [] }
    return try tables.compactMap { table in
      let stored = folder.tensor("\(table.name).weight")?.shape
      let own = try settings.formatScheme(of: table, in: self)
      guard stored?.type.floatFormat != nil,
        let scheme = try own
          ?? format.tableBits.map({ try settings.scheme.storing(bits: settings.tableBits ?? $0) }),
        (try? scheme.groupSize(columns: table.columns)) != nil
      else { return nil }
      return (table, LinearScheme(scheme))
    }
  }
}

extension QuantizationRun {
  /// Rounds and stores the planned tables.
  ///
  /// - Returns: what each lost.
  /// - Complexity: memory for the codes of a table.
  func storeTables(into sink: any ResultSink) throws -> [TableReport] {
    return try plan.tables.map { table in
      var parts: [QuantizedWeight] = []
      var (lost, energy) = (0.0, 0.0)
      let scheme = (plan.schemes[table.name] ?? settings.linearScheme).weights
      let rule = GridRule(
        range: scheme.bits < 8 ? .squaredError : .minMax,
        encoding: settings.format.encoding(scales: plan.scales))
      try model.forEachSlab(of: table) { rows in
        let part = try table.rounded(rows, rule, scheme)
        lost += part.dequantized().difference(to: rows).sumOfSquares
        energy += rows.sumOfSquares
        parts.append(part)
      }
      let whole = QuantizedLinear(QuantizedWeight(stacking: parts))
      let bytes = try sink.store([StoredLinear(table.name, whole, scales: plan.scales)])
      return TableReport(
        name: table.name, rows: table.rows, columns: table.columns,
        bitsPerWeight: 8 * Double(bytes[0]) / Double(table.rows * table.columns),
        weightError: lost / max(energy, .leastNormalMagnitude))
    }
  }
}

extension LinearShape {
  /// Some rows of the table, rounded to nearest.
  fileprivate func rounded(
    _ rows: Matrix, _ rule: GridRule, _ scheme: Scheme
  ) throws(StageError) -> QuantizedWeight {
    do throws(GridError) {
      return QuantizedWeight(nearest: rows, on: try rule.grid(for: rows, scheme: scheme))
    } catch {
      throw StageError(linear: name, cause: .grid(error))
    }
  }
}

extension QuantizedWeight {
  /// Rows of one scheme and width, one part below the other.
  fileprivate init(stacking parts: [QuantizedWeight]) {
    let first = parts[0].grid
    self.init(
      rows: parts.reduce(0) { $0 + $1.rows }, columns: parts[0].columns,
      grid: Grid(
        scheme: first.scheme, groupSize: first.groupSize,
        scales: Matrix(stacking: parts.map(\.grid.scales)),
        offsets: Matrix(stacking: parts.map(\.grid.offsets))),
      codes: parts.flatMap(\.codes))
  }
}
