public import Checkpoint
internal import JSON
internal import Solvers

extension RunReport {
  /// The report in a folder, or nil where there is none.
  ///
  /// - Throws: ``CheckpointError`` when it is damaged.
  public init?(recordedIn folder: ModelFolder) throws(CheckpointError) {
    guard folder.companionFiles.contains(Self.fileName) else { return nil }
    let bytes = try folder.companion(Self.fileName)
    do throws(JSONError) {
      self = try RunReport(JSONValue(parsing: bytes))
    } catch {
      throw .json(path: "\(folder.path)/\(Self.fileName)", cause: error)
    }
  }

  /// The report for the same Linears stored in other numbers of bytes, given by name.
  ///
  /// The errors are those of the original run.
  ///
  /// - Parameters:
  ///   - byteCounts: the bytes of each Linear.
  ///   - dense: the tables that are no longer quantized.
  /// - Returns: the report.
  package func stored(_ byteCounts: [String: Int], dense: [String] = []) -> RunReport {
    var result = self
    result.tables.removeAll { dense.contains($0.name) }
    result.linears = linears.map { linear in
      let bytes = byteCounts[linear.name].map(Double.init)
      return LinearReport(
        name: linear.name, rows: linear.rows, columns: linear.columns,
        bitsPerWeight: bytes.map { 8 * $0 / Double(linear.rows * linear.columns) }
          ?? linear.bitsPerWeight,
        error: linear.error, clippedShare: linear.clippedShare, lostRows: linear.lostRows,
        hasScaledInput: linear.hasScaledInput, conditioning: linear.conditioning,
        expertTokens: linear.expertTokens, isTakenOver: linear.isTakenOver)
    }
    return result
  }
}
