package import Quantizer

extension Scheme {
  /// Every scheme of the given widths and granularities, symmetric and not.
  package static func every(
    bits: [Int] = Array(2...8), _ granularities: [Granularity] = [.tensor, .channel, .group(16)]
  ) -> [Scheme] {
    bits.flatMap { bits in
      [true, false].flatMap { symmetric in
        granularities.compactMap {
          try? Scheme(bits: bits, symmetric: symmetric, granularity: $0)
        }
      }
    }
  }
}
