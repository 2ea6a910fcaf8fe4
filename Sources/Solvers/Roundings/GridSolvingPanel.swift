internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// Nearest plane for some rows of a matrix, with the grid of each group chosen when it is reached.
///
/// What the group's own nearest plane would leave decides about the range; then scales and codes are
/// improved in turn in the metric of the group's Schur complement (in the manner of arXiv 2608.15567).
struct GridSolvingPanel {
  private let rows: Range<Int>
  private let groupSize: Int
  private let encoding: any GridEncoding
  private let scheme: Scheme
  private let factor: DampedFactor
  /// The number of rows, rounded up to whole lanes.
  private let width: Int

  /// Grid and codes of the rows.
  struct Solution: Sendable {
    var scales: Matrix
    var offsets: Matrix
    var codes: [UInt8]
  }

  /// - Precondition: the factor visits each group as a whole.
  init(
    rows: Range<Int>, groupSize: Int, _ encoding: any GridEncoding, _ scheme: Scheme,
    _ factor: DampedFactor
  ) {
    self.rows = rows
    self.groupSize = groupSize
    self.encoding = encoding
    self.scheme = scheme
    self.factor = factor
    width = (rows.count + 15) / 16 * 16
  }

  /// Solves all groups.
  func solved(_ weights: Matrix) -> Solution {
    let last = scheme.largestCode
    return switch scheme.points {
    case .symmetric, .zeroPoint: solved(weights, ZeroPointKernel(largestCode: last))
    case .offset: solved(weights, OffsetKernel(largestCode: last))
    case .table(let table): solved(weights, TableKernel(table))
    }
  }

  private func solved(_ weights: Matrix, _ kernel: some RoundingKernel) -> Solution {
    let n = weights.columns
    var solution = Solution(
      scales: Matrix(rows: rows.count, columns: n / groupSize),
      offsets: Matrix(rows: rows.count, columns: n / groupSize),
      codes: [UInt8](repeating: 0, count: rows.count * n))
    // Line p holds wⱼ until its group is solved, and its error wⱼ − ŵⱼ from then on.
    var lines = factor.lines(of: weights, rows, width: width)
    for end in stride(from: n, to: 0, by: -groupSize) {
      let block = end - groupSize..<end
      var plane = group(block, lines, kernel)
      plane.searchRanges(encoding, scheme)
      plane.polish(rounds: 2, encoding, scheme)
      store(plane, block, &lines, &solution)
    }
    return solution
  }

  /// The problem of a group, with the weights w̃ = w + U⁻¹ (feedback of later groups).
  private func group<Kernel: RoundingKernel>(
    _ block: Range<Int>, _ lines: Matrix, _ kernel: Kernel
  ) -> GroupPlane<Kernel> {
    let start = block.lowerBound
    let unitRows = Matrix(rows: groupSize, columns: groupSize) {
      factor.unitRows[start + $0, start + $1]
    }
    let targets = factor.targets(of: block, lines)
    var weights: [Lanes] = []
    weights.reserveCapacity(groupSize * width / 16)
    var feedback = [Lanes](repeating: .zero, count: groupSize)
    for lane in stride(from: 0, to: width, by: 16) {
      for p in (0..<groupSize).reversed() {
        let row = unitRows.row(p)
        var x = targets.row(p).lanes(at: lane) - lines.row(start + p).lanes(at: lane)
        for k in p + 1..<groupSize { x -= row[k] * feedback[k] }
        feedback[p] = x
      }
      for p in 0..<groupSize { weights.append(lines.row(start + p).lanes(at: lane) + feedback[p]) }
    }
    return GroupPlane(
      unitRows: unitRows, pivots: block.map { Float(factor.pivots[$0]) }, weights: weights, kernel)
  }

  /// Stores what was chosen for a group, and its errors for the groups still to come.
  private func store<Kernel: RoundingKernel>(
    _ plane: GroupPlane<Kernel>, _ block: Range<Int>, _ lines: inout Matrix,
    _ solution: inout Solution
  ) {
    let n = lines.rows
    let group = factor.column(ofLine: block.lowerBound) / groupSize
    for chunk in 0..<plane.chunks {
      var kernel = plane.kernel
      (kernel.scale, kernel.offset) = (plane.scales[chunk], plane.offsets[chunk])
      let count = min(16, rows.count - 16 * chunk)
      for lane in 0..<count {
        solution.scales[16 * chunk + lane, group] = plane.scales[chunk][lane]
        solution.offsets[16 * chunk + lane, group] = plane.offsets[chunk][lane]
      }
      for (i, p) in block.enumerated() {
        let value = plane.values[chunk * groupSize + i]
        let codes = kernel.code(of: value)
        let column = factor.column(ofLine: p)
        // Where no scale was found there are no codes either; the caller reports it.
        for lane in 0..<count where kernel.scale[lane].isFinite {
          solution.codes[(16 * chunk + lane) * n + column] = UInt8(codes[lane])
        }
        var line = lines.mutableRow(p)
        line.setLanes(at: 16 * chunk, line.lanes(at: 16 * chunk) - value)
      }
    }
  }
}
