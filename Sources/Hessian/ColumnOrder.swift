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
  ///   - superBlock: the number of consecutive columns whose groups have something in common, and are visited
  ///     one after the other; nil where they have nothing.
  /// - Returns: the order; element `t` is the column visited at step `t`.
  public func columns(meanSquares: [Float], groupSize: Int, superBlock: Int? = nil) -> [Int] {
    func descending(_ columns: Range<Int>) -> [Int] {
      columns.sorted { (meanSquares[$0], $1) > (meanSquares[$1], $0) }
    }
    switch self {
    case .natural: return Array(meanSquares.indices)
    case .activation: return descending(meanSquares.indices)
    case .groupAware:
      func sorted(_ parts: [[Int]]) -> [Int] {
        parts.enumerated().sorted { a, b in
          (meanSquares[a.element[0]], b.offset) > (meanSquares[b.element[0]], a.offset)
        }.flatMap(\.element)
      }
      func parts(_ columns: Range<Int>, of size: Int) -> [Range<Int>] {
        stride(from: columns.lowerBound, to: columns.upperBound, by: size).map {
          $0..<min(columns.upperBound, $0 + size)
        }
      }
      let all = 0..<meanSquares.count
      return sorted(
        parts(all, of: superBlock ?? max(1, all.count)).map { block in
          sorted(parts(block, of: groupSize).map(descending))
        })
    }
  }
}
