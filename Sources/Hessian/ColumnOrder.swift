/// The order in which a solver visits the input channels of a Linear.
///
/// The grid always belongs to the original columns ("static groups"), so no order costs anything
/// when the model runs, and every checkpoint has the trivial `g_idx`.
public enum ColumnOrder: String, Sendable, CaseIterable {
  /// From the first column to the last, as in algorithm 1 of the GPTQ paper.
  case natural
  /// Largest mean square first ("act-order"): the columns that matter most are rounded while all
  /// others can still compensate.
  case activation

  /// The visiting order: element `t` is the column visited at step `t`.
  ///
  /// Ties keep column order.
  public func columns(meanSquares: [Float]) -> [Int] {
    switch self {
    case .natural: Array(meanSquares.indices)
    case .activation:
      meanSquares.indices.sorted {
        (meanSquares[$0], $1) > (meanSquares[$1], $0)
      }
    }
  }
}
