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
  /// Group after group, the one with the largest mean square first, and inside a group likewise
  /// (arXiv 2505.14638): when a group is reached, all feedback from other groups is known, and its
  /// grid can be fitted to it.
  case groupAware = "group-aware"

  /// The visiting order; ties keep column order.
  ///
  /// - Parameters:
  ///   - meanSquares: the mean square of each column's input.
  ///   - groupSize: the number of consecutive columns that share a scale.
  /// - Returns: the order; element `t` is the column visited at step `t`.
  public func columns(meanSquares: [Float], groupSize: Int) -> [Int] {
    func descending(_ columns: Range<Int>) -> [Int] {
      columns.sorted { (meanSquares[$0], $1) > (meanSquares[$1], $0) }
    }
    switch self {
    case .natural: return Array(meanSquares.indices)
    case .activation: return descending(meanSquares.indices)
    case .groupAware:
      let groups = stride(from: 0, to: meanSquares.count, by: groupSize).map {
        descending($0..<min(meanSquares.count, $0 + groupSize))
      }
      return groups.enumerated().sorted { a, b in
        (meanSquares[a.element[0]], b.offset) > (meanSquares[b.element[0]], a.offset)
      }.flatMap(\.element)
    }
  }
}
