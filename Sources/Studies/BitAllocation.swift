/// The choice between several ways to store each of several sets of weights, under a budget of bits.
///
///     minimize Σ costs[u][choice u]   such that   Σ sizes[u][choice u] ≤ budget
///
/// This is the multiple-choice knapsack problem. It is solved by dynamic programming over the bits spent,
/// in steps of the greatest common divisor of all sizes, and so exactly, while there are at most
/// ``mostSteps`` of them. Beyond that, steps are longer and every size is rounded up: the budget still
/// holds, and the result costs no more than the best one under a budget that is smaller by one step
/// for each set.
struct BitAllocation {
  /// Weights that are stored alike.
  struct Item {
    /// The bits of each choice.
    let sizes: [Int]
    /// The cost of each choice.
    let costs: [Double]
  }

  /// The most steps in which the budget is spent.
  static let mostSteps = 1 << 16

  private let items: [Item]
  /// For each item and choice, the steps beyond the smallest choice.
  private let steps: [[Int]]
  private let capacity: Int

  /// A problem; nil if the budget does not suffice for the fewest bits.
  ///
  /// - Precondition: each item has as many sizes as costs, and at least one.
  /// - Parameters:
  ///   - items: what gets bits.
  ///   - budget: the bits of all weights together.
  ///   - mostSteps: the most steps in which the budget is spent.
  init?(_ items: [Item], budget: Double, mostSteps: Int = Self.mostSteps) {
    let least = items.map { $0.sizes.min() ?? 0 }
    let most = items.reduce(0) { $0 + ($1.sizes.max() ?? 0) }
    // What the smallest choices leave; never more than what the largest take.
    let left = min(budget, Double(most)) - Double(least.reduce(0, +))
    // A budget such as 3.1 bits for each weight is not exactly representable.
    let tolerance = 1e-7 * Double(max(1, most))
    guard left > -tolerance else { return nil }
    let spare = Int(max(0, left + tolerance))
    let sizes = zip(items, least).map { item, least in item.sizes.map { $0 - least } }
    let divisor = sizes.joined().reduce(0, greatestCommonDivisor)
    let step = max(1, divisor, (spare + mostSteps - 1) / mostSteps)
    self.items = items
    steps = sizes.map { $0.map { ($0 + step - 1) / step } }
    capacity = spare / step
  }

  /// The index of the choice of each item; among equally good ones, the fewest bits.
  ///
  /// - Complexity: O(items · choices · steps).
  func solve() -> [Int] {
    var best = [Double](repeating: 0, count: capacity + 1)
    var chosen: [[UInt8]] = []
    for (item, sizes) in zip(items, steps) {
      // The smallest first, which takes no steps and so is always possible.
      let order = sizes.indices.sorted { (sizes[$0], $0) < (sizes[$1], $1) }
      var (next, choice) = (best, [UInt8](repeating: UInt8(order[0]), count: capacity + 1))
      for spent in 0...capacity {
        next[spent] = best[spent] + item.costs[order[0]]
        for i in order.dropFirst() where sizes[i] <= spent {
          let cost = best[spent - sizes[i]] + item.costs[i]
          if cost < next[spent] { (next[spent], choice[spent]) = (cost, UInt8(i)) }
        }
      }
      best = next
      chosen.append(choice)
    }
    var left = capacity
    var result = [Int](repeating: 0, count: items.count)
    for i in items.indices.reversed() {
      result[i] = Int(chosen[i][left])
      left -= steps[i][result[i]]
    }
    return result
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}
