public import LinearAlgebra

/// What an error of the weights costs, for whoever chooses between grids.
///
/// With d the errors of one row of weights, the output error that they cause is `d H dᵀ`. A range
/// search needs the part of it that one group decides about.
public enum ErrorMetric: Sendable {
  /// `Σⱼ dⱼ²`: nothing is known of the inputs.
  case plain
  /// `Σⱼ mⱼ dⱼ²`: an importance for each column. After nearest-plane rounding, what the later
  /// columns cannot make up for: the pivots of the factor.
  case columns([Float])
  /// `d H_gg dᵀ`: the block of the Hessian that belongs to a run of columns, from a function of
  /// that run. What round-to-nearest leaves, but for the correlation of groups.
  case blocks(@Sendable (Range<Int>) -> Matrix)

  /// What errors `[rows, columns]` of a whole matrix cost.
  func loss(of errors: Matrix) -> Double {
    switch self {
    case .plain:
      return (0..<errors.rows).reduce(0) {
        $0 + Double(VectorMath.dot(errors.row($1), errors.row($1)))
      }
    case .columns(let importance):
      return (0..<errors.rows).reduce(0) {
        $0 + Double(VectorMath.weightedSquares(importance.span, errors.row($1)))
      }
    case .blocks(let block):
      let weighted = Matrix.product(errors, block(0..<errors.columns))
      return (0..<errors.rows).reduce(0) {
        $0 + Double(VectorMath.dot(errors.row($1), weighted.row($1)))
      }
    }
  }
}
