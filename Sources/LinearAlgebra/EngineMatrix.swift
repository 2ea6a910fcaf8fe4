/// A matrix of which an engine multiplies many parts: as it is, or rounded to bfloat16 once.
///
/// Weights, which are multiplied as a whole, are better prepared as a ``ProductFactor``.
package struct EngineMatrix: Sendable {
  fileprivate enum Form {
    case plain(Matrix)
    case rounded(BFloat16Matrix)
  }

  fileprivate let form: Form

  /// Prepares a matrix.
  ///
  /// - Precondition: the engine has no problem.
  /// - Complexity: for ``ProductEngine/bfloat16``, a copy in half the bytes; otherwise nothing.
  public init(_ matrix: Matrix, on engine: ProductEngine) {
    form = engine == .float32 ? .plain(matrix) : .rounded(BFloat16Matrix(matrix))
  }

  /// A product of parts of two matrices, on the calling thread: `c ← a·bᵀ`.
  ///
  /// - Parameters:
  ///   - rows: the rows of a in this matrix.
  ///   - columns: its columns.
  ///   - other: the matrix of b, prepared for the same engine.
  ///   - otherRows: the rows of b.
  ///   - otherColumns: its columns, as many as those of a.
  ///   - c: `[rows of a, rows of b]`.
  /// - Complexity: 2·rows·columns·otherRows flops.
  public func multiply(
    rows: Range<Int>, columns: Range<Int>, transposed other: EngineMatrix,
    rows otherRows: Range<Int>,
    columns otherColumns: Range<Int>, into c: inout MutableMatrixView
  ) {
    switch (form, other.form) {
    case (.plain(let a), .plain(let b)):
      BLAS.gemm(
        1, a.view(rows: rows, columns: columns),
        b.view(rows: otherRows, columns: otherColumns).transposed, 0, into: &c)
    case (.rounded(let a), .rounded(let b)):
      a.part(rows: rows, columns: columns)
        .multiply(
          b.part(rows: otherRows, columns: otherColumns).transposed, adding: false, into: &c)
    default: preconditionFailure("matrices prepared for two engines")
    }
  }

  /// The product of this whole matrix with a part of another, on the calling thread: `c ← a·b`.
  ///
  /// - Parameters:
  ///   - other: the matrix of b, prepared for the same engine.
  ///   - otherRows: the rows of b, as many as this matrix has columns.
  ///   - otherColumns: its columns.
  ///   - c: `[rows of a, columns of b]`.
  /// - Complexity: 2·rows·columns·otherColumns flops.
  public func multiply(
    _ other: EngineMatrix, rows otherRows: Range<Int>, columns otherColumns: Range<Int>,
    into c: inout MutableMatrixView
  ) {
    switch (form, other.form) {
    case (.plain(let a), .plain(let b)):
      BLAS.gemm(1, a.view, b.view(rows: otherRows, columns: otherColumns), 0, into: &c)
    case (.rounded(let a), .rounded(let b)):
      a.part(rows: 0..<a.rows, columns: 0..<a.columns)
        .multiply(b.part(rows: otherRows, columns: otherColumns), adding: false, into: &c)
    default: preconditionFailure("matrices prepared for two engines")
    }
  }
}
