public import LinearAlgebra

/// The cost of errors in the weights, by which grids are compared.
///
/// The errors d of one row of weights cause the output error `d H dᵀ`. A range search needs the part
/// of it that depends on a single group.
public enum ErrorMetric: Sendable {
  /// `Σⱼ dⱼ²`, when nothing is known of the inputs.
  case plain
  /// `Σⱼ mⱼ dⱼ²`, with an importance for each column. For nearest-plane rounding these are the pivots
  /// of the factor: the cost that remains after later columns have compensated.
  case columns([Float])
  /// `d H_gg dᵀ`, with a function that gives the block of the Hessian for consecutive columns. This
  /// is the error of rounding to nearest, except for correlations between groups.
  case blocks(@Sendable (Range<Int>) -> Matrix)

  /// The cost of the errors `[rows, columns]` of a whole matrix.
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
