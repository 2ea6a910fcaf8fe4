internal import COpenBLAS

/// Matrix products: a thin layer over CBLAS.
///
/// Safety: every call checks that the shapes of its views match, and a view always covers the
/// memory from its first to its last element, so `rows`, `columns` and `stride` describe memory
/// that exists.
package enum BLAS {
  /// A general product: `c ← α·a·b + β·c`.
  ///
  /// Shapes: `a` is `[m, k]`, `b` is `[k, n]`, `c` is `[m, n]`. Transposed views cost nothing.
  ///
  /// - Precondition: the shapes match.
  /// - Complexity: 2·m·n·k flops on the calling thread. Results depend on the BLAS kernel for the
  ///   processor, within the usual error bound of a float32 product.
  public static func gemm(
    _ alpha: Float = 1, _ a: MatrixView, _ b: MatrixView, _ beta: Float = 0,
    into c: inout MutableMatrixView
  ) {
    precondition(
      a.columns == b.rows && a.rows == c.rows && b.columns == c.columns,
      "gemm of \(a.rows) x \(a.columns) and \(b.rows) x \(b.columns) into \(c.rows) x \(c.columns)")
    guard c.rows > 0, c.columns > 0 else { return }
    _ = oneThread
    let (rows, columns, stride) = (dimension(c.rows), dimension(c.columns), dimension(c.stride))
    unsafe c.span.withUnsafeMutableBufferPointer { cPointer in
      unsafe a.span.withUnsafeBufferPointer { aPointer in
        unsafe b.span.withUnsafeBufferPointer { bPointer in
          unsafe cblas_sgemm(
            CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans,
            b.isTransposed ? CblasTrans : CblasNoTrans, rows, columns, dimension(a.columns), alpha,
            aPointer.baseAddress, dimension(a.stride), bPointer.baseAddress, dimension(b.stride),
            beta, cPointer.baseAddress, stride)
        }
      }
    }
  }

  /// The product of two views as a new matrix.
  public static func product(_ a: MatrixView, _ b: MatrixView) -> Matrix {
    var result = Matrix(rows: a.rows, columns: b.columns)
    var view = result.mutableView
    gemm(1, a, b, 0, into: &view)
    return result
  }

  /// Adds the second moment of the rows of `x` to the upper triangle of `c`: `c ← xᵀx + c`.
  ///
  /// Shapes: `x` is `[t, n]`, `c` is `[n, n]`. The strict lower triangle of `c` is not touched.
  ///
  /// - Complexity: t·n² flops on the calling thread, half as many as `gemm` needs.
  public static func syrk(_ x: MatrixView, into c: inout MutableMatrixView) {
    precondition(
      !x.isTransposed && c.rows == x.columns && c.columns == x.columns,
      "second moment of \(x.rows) x \(x.columns) into \(c.rows) x \(c.columns)")
    guard x.rows > 0, x.columns > 0 else { return }
    _ = oneThread
    let (n, stride) = (dimension(c.rows), dimension(c.stride))
    unsafe c.span.withUnsafeMutableBufferPointer { cPointer in
      unsafe x.span.withUnsafeBufferPointer { xPointer in
        unsafe cblas_ssyrk(
          CblasRowMajor, CblasUpper, CblasTrans, n, dimension(x.rows), 1, xPointer.baseAddress,
          dimension(x.stride), 1, cPointer.baseAddress, stride)
      }
    }
  }

  /// Solves for X, in place, with an upper triangular matrix whose diagonal is 1:
  /// `X·U = B`, or `X·Uᵀ = B`.
  ///
  /// Shapes: `u` is `[n, n]`, of which only the elements above the diagonal are read; `b` is `[m, n]`
  /// and becomes X.
  ///
  /// - Complexity: m·n² flops on the calling thread.
  public static func solve(
    unitUpper u: MatrixView, transposed isTransposed: Bool, _ b: inout MutableMatrixView
  ) {
    precondition(
      !u.isTransposed && u.rows == u.columns && b.columns == u.rows,
      "triangle \(u.rows) x \(u.columns) for \(b.rows) x \(b.columns)")
    guard b.rows > 0, b.columns > 0 else { return }
    _ = oneThread
    let (rows, columns, stride) = (dimension(b.rows), dimension(b.columns), dimension(b.stride))
    unsafe b.span.withUnsafeMutableBufferPointer { bPointer in
      unsafe u.span.withUnsafeBufferPointer { uPointer in
        unsafe cblas_strsm(
          CblasRowMajor, CblasRight, CblasUpper, isTransposed ? CblasTrans : CblasNoTrans,
          CblasUnit, rows, columns, 1, uPointer.baseAddress, dimension(u.stride),
          bPointer.baseAddress, stride)
      }
    }
  }

  /// Makes OpenBLAS compute on the calling thread; see ``Threads``.
  static let oneThread: Void = openblas_set_num_threads(1)

  /// A size as CBLAS takes it.
  ///
  /// - Precondition: it fits in 32 bits, as does the side of any matrix that fits in memory.
  private static func dimension(_ value: Int) -> Int32 {
    precondition(value <= Int(Int32.max), "a matrix side of \(value) is beyond the LP64 BLAS")
    return Int32(value)
  }
}
