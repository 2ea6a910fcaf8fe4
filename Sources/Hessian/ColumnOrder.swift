/// The order in which a solver visits the input channels of a layer.
///
/// The grid belongs to the original columns in every case ("static groups"), so no order costs
/// anything when the model runs, and no checkpoint needs a `g_idx` that is not trivial.
public enum ColumnOrder: String, Sendable, CaseIterable {
  /// From the first column to the last, as the GPTQ paper's algorithm 1 runs.
  case natural
  /// Largest mean square first ("act-order"): the columns that matter most are rounded while all
  /// others can still make up for them.
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
