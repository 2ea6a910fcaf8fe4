internal import Hessian
package import LinearAlgebra

// The weights of some rows in the layout of nearest plane: line p holds column `order[n − 1 − p]` of
// all rows, so rows are lanes and a run of columns is a run of lines.

extension DampedFactor {
  /// The column that line p holds.
  func column(ofLine p: Int) -> Int { order[order.count - 1 - p] }

  /// Some rows of a matrix as lines, `[n, width]`; lanes beyond the last row hold zeros.
  func lines(of weights: Matrix, _ rows: Range<Int>, width: Int) -> Matrix {
    let n = weights.columns
    var lines = Matrix(rows: n, columns: width)
    var elements = lines.mutableElements
    for (lane, row) in rows.enumerated() {
      let source = weights.row(row)
      for p in 0..<n { elements[p * width + lane] = source[column(ofLine: p)] }
    }
    return lines
  }

  /// y = U e, `[n, width]`, for lines that hold the errors e = w − ŵ of any codes: what each column
  /// would still have to round away once all later ones are given, t − ŵ.
  ///
  /// - Complexity: n² multiply-adds for each row.
  func residuals(of errors: Matrix) -> Matrix {
    let (n, lanes) = (errors.rows, 0..<errors.columns)
    var result = Matrix(rows: n, columns: errors.columns)
    for start in stride(from: 0, to: n, by: NearestPlanePanel.blockSize) {
      let block = start..<min(n, start + NearestPlanePanel.blockSize)
      var target = result.mutableView(rows: block, columns: lanes)
      // Below its diagonal, U holds zeros.
      BLAS.gemm(
        1, unitRows.view(rows: block, columns: start..<n),
        errors.view(rows: start..<n, columns: lanes), 0, into: &target)
    }
    return result
  }

  /// Whether the columns of each group follow one another in the visiting order.
  func visitsGroups(of size: Int) -> Bool {
    stride(from: 0, to: order.count, by: size).allSatisfy { start in
      let group = order[start] / size
      return order[start..<min(order.count, start + size)].allSatisfy { $0 / size == group }
    }
  }
}

/// What later lines, which hold errors, add to earlier ones: `T ← T + U[block, later]·E`.
package struct PlaneFeedback: Sendable {
  private let factor: DampedFactor
  private let engine: ProductEngine
  /// U for lines that are far behind.
  private let unitRows: EngineMatrix

  /// The widths of factors of which a rounded copy is made: those that are wider than a strip, and take no more than
  /// half a gigabyte in bfloat16.
  private static let copiedWidths = LineTargets.stripSize + 1...16_384

  /// The bytes of the copy of a factor.
  public static func copyBytes(ofWidth width: Int, on engine: ProductEngine) -> Int {
    engine != .float32 && copiedWidths.contains(width) ? 2 * width * width : 0
  }

  init(_ factor: DampedFactor, on engine: ProductEngine) {
    self.factor = factor
    self.engine = Self.copiedWidths.contains(factor.unitRows.columns) ? engine : .float32
    unitRows = EngineMatrix(factor.unitRows, on: self.engine)
  }

  /// Adds the feedback of lines right behind a block.
  func addNear(
    _ later: Range<Int>, _ lines: Matrix, to targets: inout Matrix, _ block: Range<Int>
  ) {
    var view = targets.mutableView
    BLAS.gemm(
      1, factor.unitRows.view(rows: block, columns: later),
      lines.view(rows: later, columns: 0..<lines.columns), 1, into: &view)
  }

  /// Adds the feedback of lines far behind a strip; in bfloat16 it is off by some thousandths of a step at most.
  func addFar(
    _ later: Range<Int>, _ lines: Matrix, to targets: inout Matrix, _ strip: Range<Int>
  ) {
    guard !later.isEmpty else { return }
    let errors = EngineMatrix(lines, on: engine)
    var view = targets.mutableView
    unitRows.part(rows: strip, columns: later)
      .multiply(errors.part(rows: later), adding: true, into: &view)
  }
}

/// The targets of blocks of lines, from the last to the first: their weights plus the feedback of all later lines.
///
/// That of lines far behind is added for a strip of many blocks at once, because each product copies its factors into
/// the order in which `gemm` reads them, and a block alone is too small to make up for it.
struct LineTargets {
  private let feedback: PlaneFeedback
  private var strip = 0..<0
  /// W[strip] + U[strip, behind the strip]·E.
  private var sums = Matrix(rows: 0, columns: 0)

  /// The lines of a strip, if blocks divide it.
  static let stripSize = 512

  init(_ feedback: PlaneFeedback) { self.feedback = feedback }

  /// W[block] + U[block, later]·E, for lines that hold weights up to the block and errors behind it.
  ///
  /// - Precondition: blocks are multiples of one size, counted from the last line, and a block is asked for again
  ///   only if the lines are as they were, and none beyond its own super-block was asked for since.
  mutating func targets(of block: Range<Int>, _ lines: Matrix) -> Matrix {
    if !(strip.contains(block.lowerBound) && block.upperBound <= strip.upperBound) {
      let size = max(block.count, Self.stripSize / max(1, block.count) * block.count)
      strip = max(0, block.upperBound - size)..<block.upperBound
      sums = lines.copy(rows: strip)
      feedback.addFar(strip.upperBound..<lines.rows, lines, to: &sums, strip)
    }
    let own = block.lowerBound - strip.lowerBound..<block.upperBound - strip.lowerBound
    var result = sums.copy(rows: own)
    feedback.addNear(block.upperBound..<strip.upperBound, lines, to: &result, block)
    return result
  }
}
