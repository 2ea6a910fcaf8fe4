/// The choice of a number of bits for each of several sets of weights under a budget.
///
///     minimize Σ costs[u][choice u]   such that   Σ weights[u] · bits[choice u] ≤ budget · Σ weights
///
/// This is the multiple-choice knapsack problem. It is solved by dynamic programming over the bits spent,
/// in steps of the greatest common divisor of all sizes, and so exactly, while there are at most
/// ``mostSteps`` of them. Beyond that, steps are longer and every size is rounded up: the budget still
/// holds, and the result costs no more than the best one under a budget that is smaller by one step
/// for each set.
struct BitAllocation {
  /// Weights that get the same number of bits.
  struct Item {
    /// The number of weights.
    let weights: Int
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
  /// - Precondition: `bits` ascend, and each item has a cost for each of them.
  /// - Parameters:
  ///   - items: what gets bits.
  ///   - bits: the choices.
  ///   - budget: the mean bits of a weight.
  ///   - mostSteps: the most steps in which the budget is spent.
  init?(_ items: [Item], bits: [Int], budget: Double, mostSteps: Int = Self.mostSteps) {
    let count = items.reduce(0) { $0 + $1.weights }
    // What the smallest choice leaves, in bits; never more than what the largest choice takes.
    let left = (min(budget, Double(bits.last ?? 0)) - Double(bits.first ?? 0)) * Double(count)
    // A budget such as 3.1 is not exactly representable.
    guard left > -1e-6 * Double(max(1, count)) else { return nil }
    let spare = Int(max(0, left + 1e-6 * Double(count)))
    let sizes = items.map { item in bits.map { item.weights * ($0 - bits[0]) } }
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
      var (next, choice) = (best, [UInt8](repeating: 0, count: capacity + 1))
      for spent in 0...capacity {
        // The smallest choice takes no steps, so it is always possible.
        next[spent] = best[spent] + item.costs[0]
        for (i, size) in sizes.enumerated().dropFirst() where size <= spent {
          let cost = best[spent - size] + item.costs[i]
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
