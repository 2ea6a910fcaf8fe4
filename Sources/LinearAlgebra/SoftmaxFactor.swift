/// A left factor whose rows are softmaxes of some scores, as attention multiplies it.
///
///     c ← diag(1/Σ) · exp(s − max s) · b
///
/// The exponentials are multiplied as they are, and the products divided by their sums, because these have fewer
/// columns. Memory is made once and serves one head after the other.
package struct SoftmaxFactor: Sendable {
  /// The scores, of which exponentials are made in place unless they are rounded.
  private var scores: Matrix
  private var rounded: BFloat16Matrix?
  private var sums: [Float]

  /// A factor without scores yet.
  ///
  /// - Precondition: the engine has no problem.
  public init(rows: Int, columns: Int, on engine: ProductEngine) {
    scores = Matrix(rows: rows, columns: columns)
    rounded = engine == .float32 ? nil : BFloat16Matrix(rows: rows, columns: columns)
    sums = [Float](repeating: 1, count: rows)
  }

  /// The scores, to be written.
  public var mutableScores: MutableMatrixView {
    @_lifetime(&self)
    mutating get { scores.mutableView }
  }

  /// The scores of a row, in place and mutable.
  @_lifetime(&self)
  public mutating func mutableScores(_ i: Int) -> MutableSpan<Float> { scores.mutableRow(i) }

  /// Replaces the scores of row i in some columns by their exponentials, and all others by 0.
  ///
  /// - Precondition: for as long as the factor lives, a row is given the same columns.
  public mutating func exponentiate(_ i: Int, _ columns: Range<Int>) {
    if let sum = rounded?.setExponentials(i, columns, of: scores) {
      sums[i] = sum
    } else {
      var row = scores.mutableRow(i)
      for j in 0..<columns.lowerBound { row[j] = 0 }
      for j in columns.upperBound..<row.count { row[j] = 0 }
      var visible = row._mutatingExtracting(columns)
      sums[i] = VectorMath.exponentials(of: &visible, minus: VectorMath.maximum(visible.span))
    }
  }

  /// The product with a part of another matrix, prepared for the same engine, on the calling thread.
  ///
  /// - Complexity: 2·rows·columns flops for each column of the result.
  public func multiply(_ b: EnginePart, into c: inout MutableMatrixView) {
    let exponentials = rounded.map { EngineMatrix($0) } ?? EngineMatrix(scores, on: .float32)
    exponentials.part().multiply(b, into: &c)
    for (i, sum) in sums.enumerated() {
      var row = c.mutableRow(i)
      let inverse = 1 / sum
      for j in row.indices { row[j] *= inverse }
    }
  }
}
