internal import Hessian
internal import LinearAlgebra
internal import Quantizer

// Path s of row r is line s·rows + r. The paths of a row soon have all but their last columns in
// common, so what was visited before is kept, and multiplied, only once for each row:
//
//   positions      0 …            start …                 end …            n
//                  to be visited  recent: for each path   settled: for each row
//
// Nothing is forced to settle. Where two paths differ in some column, it stays recent until one ends.

/// The paths of some rows after some blocks, cheapest first, by positions of the factor.
struct BeamPaths {
  private let rows: Int
  private let columns: Int
  /// The number of paths of each row.
  private var count = 1
  /// The positions that belong to `recent`; `settled` begins where they end.
  private var range: Range<Int>
  /// The errors w − ŵ of the paths, `[paths, range]`.
  private var recent: Matrix
  private var recentCodes: [UInt8] = []
  /// The errors that all paths of a row have in common, `[rows, columns]`.
  private var settled: Matrix
  /// The codes that all paths of a row have in common, in the end those of its cheapest.
  private(set) var codes: [UInt8]
  /// The cost of each path.
  private(set) var costs: [Float]

  /// One path for each row, which has visited nothing.
  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    range = columns..<columns
    recent = Matrix(rows: rows, columns: 0)
    settled = Matrix(rows: rows, columns: columns)
    codes = [UInt8](repeating: 0, count: rows * columns)
    costs = [Float](repeating: 0, count: rows)
  }

  /// The weights of a block plus the feedback of all later columns, for each path.
  func targets(of block: Range<Int>, _ weights: Matrix, _ factor: DampedFactor) -> Matrix {
    var shared = Matrix(rows: rows, columns: block.count) { weights[$0, block.lowerBound + $1] }
    add(settled, range.upperBound..<columns, block, factor, to: &shared)
    var targets = Matrix(rows: count * rows, columns: block.count) { shared[$0 % rows, $1] }
    add(recent, range, block, factor, to: &targets)
    return targets
  }

  /// Adds E·Uᵀ for errors at the positions `later`, which are the last columns of `errors`.
  private func add(
    _ errors: Matrix, _ later: Range<Int>, _ block: Range<Int>, _ factor: DampedFactor,
    to targets: inout Matrix
  ) {
    guard !later.isEmpty else { return }
    var view = targets.mutableView
    BLAS.gemm(
      1,
      errors.view(
        rows: 0..<view.rows, columns: errors.columns - later.count..<errors.columns),
      factor.unitRows.view(rows: block, columns: later).transposed, 1, into: &view)
  }

  /// Replaces the paths by those that went through another block.
  mutating func become(_ next: Extension, at block: Range<Int>) {
    (recent, recentCodes, costs, count) = (next.errors, next.codes, next.costs, next.count)
    range = block.lowerBound..<range.upperBound
    // At the end only the cheapest path matters.
    settle(from: block.lowerBound == 0 ? 0 : unsettled)
  }

  /// The number of recent positions up to the last in which paths of a row differ.
  private var unsettled: Int {
    let size = range.count
    var least = 0
    for line in rows..<count * rows {
      let first = line % rows * size
      var i = size
      while i > least, recentCodes[line * size + i - 1] == recentCodes[first + i - 1] { i -= 1 }
      least = i
    }
    return least
  }

  /// Settles the recent positions from the i-th on, with what the first paths have there.
  private mutating func settle(from i: Int) {
    let size = range.count
    for row in 0..<rows {
      for k in i..<size {
        settled[row, range.lowerBound + k] = recent[row, k]
        codes[row * columns + range.lowerBound + k] = recentCodes[row * size + k]
      }
    }
    recent = Matrix(rows: recent.rows, columns: i) { recent[$0, $1] }
    recentCodes = (0..<recent.rows).flatMap { recentCodes[$0 * size..<$0 * size + i] }
    range = range.lowerBound..<range.lowerBound + i
  }
}

extension BeamPaths {
  /// Paths that went through another block, row by row as they are found.
  struct Extension {
    fileprivate var errors: Matrix
    fileprivate var codes: [UInt8]
    fileprivate var costs: [Float]
    fileprivate var count = 0
    private let block: Range<Int>

    /// Room for up to `width` paths for each row.
    init(of paths: BeamPaths, by block: Range<Int>, width: Int) {
      self.block = block
      let size = block.count + paths.range.count
      errors = Matrix(rows: width * paths.rows, columns: size)
      codes = [UInt8](repeating: 0, count: width * paths.rows * size)
      costs = [Float](repeating: 0, count: width * paths.rows)
    }

    /// Takes what a search found for a row.
    mutating func take(_ search: BeamSearch<some RoundingKernel>, _ row: Int, _ paths: BeamPaths) {
      let (size, older) = (errors.columns, paths.range.count)
      count = search.costs.count
      for s in 0..<count {
        let line = s * paths.rows + row
        costs[line] = search.costs[s]
        let origin = search.trace(s) { b, step in
          errors[line, b] = step.error
          codes[line * size + b] = step.code
        }
        let parent = origin * paths.rows + row
        for k in 0..<older {
          codes[(line + 1) * size - older + k] = paths.recentCodes[parent * older + k]
        }
        let source = paths.recent.row(parent)
        var target = errors.mutableRow(line)
        for k in 0..<older { target[size - older + k] = source[k] }
      }
    }
  }
}
