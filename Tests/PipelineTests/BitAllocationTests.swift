// The choice under a budget, against all choices there are.

import TestSupport
import Testing

@testable import Studies

extension BitAllocation.Item {
  /// An item whose cost falls with the number of bits, or does what it likes.
  fileprivate static func random(
    _ bits: [Int], unit: Int, isMonotone: Bool, _ generator: inout SplitMix64
  ) -> Self {
    var costs = bits.map { _ in generator.uniform() }
    if isMonotone { costs.sort(by: >) }
    let weights = unit * generator.integer(in: 1..<9)
    return Self(sizes: bits.map { weights * $0 }, costs: costs)
  }
}

/// The cost of given choices, and the bits that they spend.
private func outcome(
  _ items: [BitAllocation.Item], _ choices: [Int]
) -> (cost: Double, spent: Int) {
  zip(items, choices).reduce(into: (0, 0)) { sum, pair in
    sum.0 += pair.0.costs[pair.1]
    sum.1 += pair.0.sizes[pair.1]
  }
}

/// The least cost of all choices within a budget of bits.
private func leastCost(_ items: [BitAllocation.Item], atMost limit: Double) -> Double {
  let count = items[0].sizes.count
  var least = Double.infinity
  var choices = [Int](repeating: 0, count: items.count)
  for number in 0..<items.reduce(1, { product, _ in product * count }) {
    var rest = number
    for i in items.indices {
      choices[i] = rest % count
      rest /= count
    }
    let (cost, spent) = outcome(items, choices)
    if Double(spent) <= limit { least = min(least, cost) }
  }
  return least
}

@Suite struct `Bits under a budget` {
  @Test(arguments: 0..<30 as Range<UInt64>)
  func `cost no more than any other choice`(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let bits = [[2, 3, 4, 5, 6, 8], [4, 8], [3, 4, 5]][Int(seed % 3)]
    let unit = seed % 2 == 0 ? 1024 : 1
    let items = (0..<5).map { _ in
      BitAllocation.Item.random(bits, unit: unit, isMonotone: seed % 4 < 3, &generator)
    }
    let count = Double(items.reduce(0) { $0 + $1.sizes[0] / bits[0] })
    for budget in [Double(bits[0]), 3.1 + Double(bits[0]) / 4, 4.5, 5.75, 8, 9] {
      let allocation = try #require(BitAllocation(items, budget: budget * count))
      let (cost, spent) = outcome(items, allocation.solve())
      #expect(Double(spent) <= budget * count + 1e-6 * count)
      #expect(abs(cost - leastCost(items, atMost: budget * count + 1e-6 * count)) < 1e-12)
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `in long steps stay within the budget and the promise`(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let bits = [2, 3, 4, 6]
    let items = (0..<5).map { _ in
      // No common divisor.
      BitAllocation.Item.random(bits, unit: 997, isMonotone: true, &generator)
    }
    let count = Double(items.reduce(0) { $0 + $1.sizes[0] / bits[0] })
    let (budget, steps) = (3.4, 50)
    let allocation = try #require(
      BitAllocation(items, budget: budget * count, mostSteps: steps))
    let (cost, spent) = outcome(items, allocation.solve())
    #expect(Double(spent) <= budget * count)
    let step = ((budget - 2) * count / Double(steps)).rounded(.up) + 1
    let smaller = budget * count - Double(items.count) * step
    #expect(cost <= leastCost(items, atMost: smaller) + 1e-12)
  }

  /// Types of which one does not fit a width may come in any order.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func `of any sizes cost no more than any other choice`(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let items = (0..<5).map { _ in
      BitAllocation.Item(
        sizes: (0..<4).map { _ in 16 * generator.integer(in: 1..<40) },
        costs: (0..<4).map { _ in generator.uniform() })
    }
    let least = Double(items.reduce(0) { $0 + ($1.sizes.min() ?? 0) })
    #expect(BitAllocation(items, budget: least - 1) == nil)
    for budget in [least, least + 100, least + 1000, .infinity] {
      let allocation = try #require(BitAllocation(items, budget: budget))
      let (cost, spent) = outcome(items, allocation.solve())
      #expect(Double(spent) <= budget)
      #expect(abs(cost - leastCost(items, atMost: budget)) < 1e-12)
    }
  }

  @Test func `are the fewest among equally good ones`() throws {
    for sizes in [[20, 30, 40], [40, 20, 30]] {
      let items = [BitAllocation.Item(sizes: sizes, costs: [0, 0, 0])]
      let choice = try #require(BitAllocation(items, budget: 40)).solve()[0]
      #expect(sizes[choice] == 20)
    }
  }

  @Test func `need at least the smallest choice`() throws {
    let items = [BitAllocation.Item(sizes: [30, 40], costs: [1, 0])]
    #expect(BitAllocation(items, budget: 29) == nil)
    #expect(BitAllocation(items, budget: .nan) == nil)
    #expect(try #require(BitAllocation(items, budget: 30)).solve() == [0])
    #expect(try #require(BitAllocation(items, budget: .infinity)).solve() == [1])
    #expect(try #require(BitAllocation([], budget: 3)).solve().isEmpty)
  }
}
