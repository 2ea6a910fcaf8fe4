internal import COpenBLAS

/// The matrix products of the project: thin words over CBLAS.
///
/// Safety: this file and `Cholesky.swift` are the only ones that hand memory to C. Every call
/// checks that its views have fitting shapes; a view always covers the memory from its first to
/// its last element, so `rows`, `columns` and `stride` describe memory that is there.
public enum BLAS {
  /// A general product: `c ← α·a·b + β·c`.
  ///
  /// Shapes: `a` is `[m, k]`, `b` is `[k, n]`, `c` is `[m, n]`; transposed views cost nothing.
  ///
  /// - Precondition: the shapes fit each other.
  /// - Complexity: 2·m·n·k flops. Results depend on the BLAS kernel and its thread count within
  ///   the usual bound of a float32 product; they are not bitwise reproducible across machines.
  public static func gemm(
    _ alpha: Float = 1, _ a: MatrixView, _ b: MatrixView, _ beta: Float = 0,
    into c: inout MutableMatrixView
  ) {
    precondition(
      a.columns == b.rows && a.rows == c.rows && b.columns == c.columns,
      "gemm of \(a.rows) x \(a.columns) and \(b.rows) x \(b.columns) into \(c.rows) x \(c.columns)")
    guard c.rows > 0, c.columns > 0 else { return }
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

  /// Adds the second moment of the rows of `x` to the upper triangle of `c`: `c ← α·xᵀx + c`.
  ///
  /// Shapes: `x` is `[t, n]`, `c` is `[n, n]`. The strict lower triangle of `c` is left alone.
  ///
  /// - Complexity: t·n² flops, half of what `gemm` would take.
  public static func addSecondMoment(of x: MatrixView, scaledBy alpha: Float = 1, to c: inout Matrix)
  {
    precondition(
      !x.isTransposed && c.rows == x.columns && c.columns == x.columns,
      "second moment of \(x.rows) x \(x.columns) into \(c.rows) x \(c.columns)")
    guard x.rows > 0, x.columns > 0 else { return }
    let n = dimension(c.rows)
    var elements = c.mutableElements
    unsafe elements.withUnsafeMutableBufferPointer { cPointer in
      unsafe x.span.withUnsafeBufferPointer { xPointer in
        unsafe cblas_ssyrk(
          CblasRowMajor, CblasUpper, CblasTrans, n, dimension(x.rows), alpha,
          xPointer.baseAddress, dimension(x.stride), 1, cPointer.baseAddress, n)
      }
    }
  }

  /// The number of threads that one BLAS call may use.
  ///
  /// OpenBLAS keeps one number per process, so only ``Threads`` sets it.
  static func setThreads(_ count: Int) {
    openblas_set_num_threads(Int32(clamping: count))
  }

  /// A size as CBLAS takes it.
  ///
  /// - Precondition: it fits in 32 bits. No matrix in memory has a longer side in practice, and
  ///   readers of files refuse such shapes before they get here.
  private static func dimension(_ value: Int) -> Int32 {
    precondition(value <= Int(Int32.max), "a matrix side of \(value) is beyond the LP64 BLAS")
    return Int32(value)
  }
}
