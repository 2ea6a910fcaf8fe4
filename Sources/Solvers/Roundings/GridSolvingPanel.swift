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
  private let feedback: PlaneFeedback
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
    _ factor: DampedFactor, _ feedback: PlaneFeedback
  ) {
    self.rows = rows
    self.groupSize = groupSize
    self.encoding = encoding
    self.scheme = scheme
    self.factor = factor
    self.feedback = feedback
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
    var feedback = LineTargets(self.feedback)
    let size = scheme.superBlock ?? groupSize
    for end in stride(from: n, to: 0, by: -size) {
      let block = end - size..<end
      guard scheme.superBlock != nil else {
        solve(block, kernel, nil, &lines, &feedback, &solution)
        continue
      }
      // Once as if each group could have any entry; then with what that makes of the shared factors.
      let before = lines.copy(rows: block)
      solve(block, kernel, nil, &lines, &feedback, &solution)
      let shared = sharedEncodings(block, solution)
      for (i, line) in block.enumerated() {
        var target = lines.mutableRow(line)
        for lane in 0..<width { target[lane] = before[i, lane] }
      }
      solve(block, kernel, shared, &lines, &feedback, &solution)
    }
    return solution
  }

  /// Solves the groups of a block, from the last to the first.
  private func solve(
    _ block: Range<Int>, _ kernel: some RoundingKernel, _ shared: [any GridEncoding]?,
    _ lines: inout Matrix, _ feedback: inout LineTargets, _ solution: inout Solution
  ) {
    for end in stride(from: block.upperBound, to: block.lowerBound, by: -groupSize) {
      let columns = end - groupSize..<end
      var plane = group(columns, lines, feedback.targets(of: columns, lines), kernel)
      plane.rowEncodings = shared
      plane.searchRanges(encoding, scheme)
      plane.polish(rounds: 2, encoding, scheme)
      store(plane, columns, &lines, &solution)
    }
  }

  /// For each row, the encoding of the groups of a super-block with the factors that suit their entries; that of
  /// the last row for the lanes behind it.
  private func sharedEncodings(_ block: Range<Int>, _ solution: Solution) -> [any GridEncoding] {
    let columns = stride(from: block.lowerBound, to: block.upperBound, by: groupSize)
    let groups = columns.map { factor.column(ofLine: $0) / groupSize }.sorted()
    return (0..<width).map { lane in
      let row = min(lane, rows.count - 1)
      let ideal = groups.map {
        GridEntry(scale: solution.scales[row, $0], offset: solution.offsets[row, $0])
      }
      return encoding.sharing(ideal, scheme) ?? encoding
    }
  }

  /// The problem of a group, with the weights w̃ = w + U⁻¹ (feedback of later groups).
  private func group<Kernel: RoundingKernel>(
    _ block: Range<Int>, _ lines: Matrix, _ targets: Matrix, _ kernel: Kernel
  ) -> GroupPlane<Kernel> {
    let start = block.lowerBound
    let unitRows = Matrix(rows: groupSize, columns: groupSize) {
      factor.unitRows[start + $0, start + $1]
    }
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
          solution.codes[(16 * chunk + lane) * n + column] = UInt8(lane: codes[lane])
        }
        var line = lines.mutableRow(p)
        line.setLanes(at: 16 * chunk, line.lanes(at: 16 * chunk) - value)
      }
    }
  }
}
