internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// The K-best search through one block of columns, for one row after another.
///
/// Each path has a line of targets for the columns still to come, to which every error is added when
/// it is made: `tᵢ ← tᵢ + Uᵢⱼ eⱼ`. How a path came about is traced back at the end of the block.
struct BeamSearch<Kernel: RoundingKernel> {
  /// A child of a path.
  struct Step {
    let cost: Float
    /// w − ŵ.
    let error: Float
    let code: UInt8
    let parent: Int32
  }

  private let block: Range<Int>
  private let width: Int
  private let branches: Int
  private let points: Kernel
  private let largest: Lanes
  /// Line j holds column j of the block of U above the diagonal, and zeros after it.
  private let columns: Matrix
  private let pivots: [Float]

  /// The targets of each path, `[width, block]`, and room for those of its children.
  private var targets: Matrix
  private var next: Matrix
  /// The cheapest children so far, in ascending order, with room for `width` of them.
  private var children: [Step]
  private var childCount = 0
  /// The paths after each column j, from `j·width` on.
  private var steps: [Step]
  /// The cost of each path, in ascending order.
  private(set) var costs: [Float] = []

  /// A search through a block.
  ///
  /// - Precondition: there are at least as many points as branches.
  init(
    _ block: Range<Int>, _ factor: DampedFactor, width: Int, branches: Int, _ kernel: Kernel,
    largestCode: Int
  ) {
    self.block = block
    self.width = width
    self.branches = branches
    points = kernel
    largest = Lanes(repeating: Float(largestCode))
    let lanes = (block.count + 15) / 16 * 16
    columns = Matrix(rows: block.count, columns: lanes) { j, i in
      i < j ? factor.unitRows[block.lowerBound + i, block.lowerBound + j] : 0
    }
    pivots = block.map { Float(factor.pivots[$0]) }
    targets = Matrix(rows: width, columns: lanes)
    next = targets
    let none = Step(cost: 0, error: 0, code: 0, parent: 0)
    children = [Step](repeating: none, count: width)
    steps = [Step](repeating: none, count: width * block.count)
  }

  /// Begins with the paths of a row, lines row, row + rows, … of the targets.
  mutating func begin(_ row: Int, of rows: Int, _ targets: Matrix, _ costs: [Float]) {
    let count = targets.rows / rows
    self.costs.removeAll(keepingCapacity: true)
    for s in 0..<count {
      self.costs.append(costs[s * rows + row])
      let source = targets.row(s * rows + row)
      var line = self.targets.mutableRow(s)
      for j in source.indices { line[j] = source[j] }
    }
  }

  /// Goes on to the next column: position p, with its weight and grid.
  mutating func visit(_ p: Int, _ weight: Float, _ entry: GridEntry) {
    let j = p - block.lowerBound
    extend(j, weight, entry)
    costs.removeAll(keepingCapacity: true)
    // Copies of the references, so that lines can be read while others change.
    let (columns, targets) = (columns, targets)
    for s in 0..<childCount {
      let step = children[s]
      costs.append(step.cost)
      steps[j * width + s] = step
      let (column, source) = (columns.row(j), targets.row(Int(step.parent)))
      var line = next.mutableRow(s)
      for i in stride(from: 0, to: j, by: 16) {
        line.setLanes(at: i, source.lanes(at: i) + column.lanes(at: i) * step.error)
      }
    }
    swap(&self.targets, &next)
  }

  /// Finds the cheapest children of all paths, sixteen paths at a time.
  private mutating func extend(_ j: Int, _ weight: Float, _ entry: GridEntry) {
    var kernel = points
    kernel.scale = Lanes(repeating: entry.scale)
    kernel.offset = Lanes(repeating: entry.offset)
    // Taken out, so that storing a child checks nothing but its place.
    var children: [Step] = []
    swap(&children, &self.children)
    var kept = children.mutableSpan
    childCount = 0
    for first in stride(from: 0, to: costs.count, by: 16) {
      let count = min(16, costs.count - first)
      var (t, cost) = (Lanes.zero, Lanes.zero)
      for lane in 0..<count {
        (t[lane], cost[lane]) = (targets[first + lane, j], costs[first + lane])
      }
      // Where a sum overflowed, any code is as good.
      t.replace(with: 0, where: t .!= t)
      var code = kernel.code(of: t)
      var (below, above) = (code - 1, code + 1)
      for branch in 1...branches {
        let value = kernel.value(of: code)
        let y = t - value
        let (total, error) = (cost + pivots[j] * y * y, weight - value)
        for lane in 0..<count {
          let child = Step(
            cost: total[lane], error: error[lane], code: UInt8(lane: code[lane]),
            parent: Int32(first + lane))
          keep(child, among: &kept)
        }
        if branch < branches { code = next(t, &below, &above, kernel) }
      }
    }
    swap(&children, &self.children)
  }

  /// The nearest code that is not between the two given, one of which moves past it.
  private func next(
    _ t: Lanes, _ below: inout Lanes, _ above: inout Lanes, _ kernel: Kernel
  ) -> Lanes {
    let low = t - kernel.value(of: below.limited(.zero, largest))
    let high = t - kernel.value(of: above.limited(.zero, largest))
    let goesBelow = (below .>= 0) .& ((low * low .<= high * high) .| (above .> largest))
    let code = above.replacing(with: below, where: goesBelow)
    below.replace(with: below - 1, where: goesBelow)
    above.replace(with: above + 1, where: .!goesBelow)
    return code
  }

  /// Inserts a child where its cost belongs, if it is among the cheapest.
  private mutating func keep(_ child: Step, among kept: inout MutableSpan<Step>) {
    if childCount < width {
      childCount += 1
    } else if !(child.cost < kept[width - 1].cost) {
      return
    }
    var i = childCount - 1
    while i > 0, child.cost < kept[i - 1].cost {
      kept[i] = kept[i - 1]
      i -= 1
    }
    kept[i] = child
  }

  /// Visits the steps of a path, from the last, and returns the path with which the block began.
  func trace(_ path: Int, _ visit: (Int, Step) -> Void) -> Int {
    var path = path
    for j in 0..<block.count {
      let step = steps[j * width + path]
      visit(j, step)
      path = Int(step.parent)
    }
    return path
  }
}
