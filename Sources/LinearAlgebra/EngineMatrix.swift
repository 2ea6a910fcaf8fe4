/// A matrix of which an engine multiplies many parts: as it is, or rounded to bfloat16 once.
///
/// Weights, which are multiplied as a whole, are better prepared as a ``ProductFactor``.
package struct EngineMatrix: Sendable {
  fileprivate enum Form {
    case plain(Matrix)
    case rounded(BFloat16Matrix)
  }

  fileprivate let form: Form
  private let rows: Int
  private let columns: Int

  /// Prepares a matrix.
  ///
  /// - Precondition: the engine has no problem.
  /// - Complexity: for ``ProductEngine/bfloat16``, a copy in half the bytes; otherwise nothing.
  public init(_ matrix: Matrix, on engine: ProductEngine) {
    (rows, columns) = (matrix.rows, matrix.columns)
    form = engine == .float32 ? .plain(matrix) : .rounded(BFloat16Matrix(matrix))
  }

  /// A matrix that is rounded already.
  init(_ rounded: BFloat16Matrix) {
    (rows, columns) = (rounded.rows, rounded.columns)
    form = .rounded(rounded)
  }

  /// A rectangle of the matrix: with all of its rows or columns, unless some are given.
  public func part(rows: Range<Int>? = nil, columns: Range<Int>? = nil) -> EnginePart {
    EnginePart(
      form: form, rows: rows ?? 0..<self.rows, columns: columns ?? 0..<self.columns,
      isTransposed: false)
  }
}

/// A rectangle of a matrix as an engine reads it, or its transpose.
package struct EnginePart: Sendable {
  fileprivate let form: EngineMatrix.Form
  fileprivate let rows: Range<Int>
  fileprivate let columns: Range<Int>
  fileprivate let isTransposed: Bool

  /// The transpose.
  public var transposed: EnginePart {
    EnginePart(form: form, rows: rows, columns: columns, isTransposed: !isTransposed)
  }

  /// A product on the calling thread: `c ← a·b`, or `c ← a·b + c`, where this part is a.
  ///
  /// - Parameters:
  ///   - b: a part of a matrix that was prepared for the same engine.
  ///   - adding: whether the product is added to what c holds.
  ///   - c: `[rows of a, columns of b]`.
  /// - Complexity: two flops for each row of a, column of b and element that they share.
  public func multiply(_ b: EnginePart, adding: Bool = false, into c: inout MutableMatrixView) {
    switch (form, b.form) {
    case (.plain(let left), .plain(let right)):
      BLAS.gemm(1, view(of: left), b.view(of: right), adding ? 1 : 0, into: &c)
    case (.rounded(let left), .rounded(let right)):
      part(of: left).multiply(b.part(of: right), adding: adding, into: &c)
    default: preconditionFailure("matrices prepared for two engines")
    }
  }

  @_lifetime(borrow matrix)
  private func view(of matrix: borrowing Matrix) -> MatrixView {
    let view = matrix.view(rows: rows, columns: columns)
    return isTransposed ? view.transposed : view
  }

  private func part(of matrix: BFloat16Matrix) -> BFloat16Part {
    let part = matrix.part(rows: rows, columns: columns)
    return isTransposed ? part.transposed : part
  }
}
