// SplitMix64 (Steele, Lea, Flood 2014): 64 bits of state, any seed is a good one, and the same
// numbers on every machine, so a failing seed in a message is enough to see the failure again.

internal import Glibc

/// A seeded generator of random numbers, with the distributions that tests draw from.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator that gives the same numbers for the same seed.
  package init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  /// A number in 0 ..< 1.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// An integer in a range.
  package mutating func integer(in range: Range<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// A number of the standard normal distribution (Box and Muller).
  package mutating func gaussian() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * Double.pi * uniform())
  }

  /// A number of Student's t distribution with three degrees of freedom: outliers as weights have.
  package mutating func heavyTailed() -> Double {
    var squares = 0.0
    for _ in 0..<3 {
      let value = gaussian()
      squares += value * value
    }
    return gaussian() / (squares / 3).squareRoot()
  }

  /// `exp` of a normal variable: sizes that spread over decades.
  package mutating func logNormal(_ deviation: Double) -> Double { exp(deviation * gaussian()) }
}
