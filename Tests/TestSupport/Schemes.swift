package import Quantizer

extension Scheme {
  /// Every scheme of the given widths and granularities, symmetric and with zero points.
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

  /// Schemes with floating-point offsets of the given widths, and with tables of levels.
  package static func others(
    bits: [Int] = [2, 4, 8], tables: [LevelTable] = [.nf4, .e2m1, .e4m3],
    _ granularities: [Granularity] = [.tensor, .channel, .group(16)]
  ) -> [Scheme] {
    granularities.flatMap { granularity in
      bits.compactMap { try? Scheme(bits: $0, points: .offset, granularity: granularity) }
        + tables.compactMap {
          try? Scheme(bits: $0.bits, points: .table($0), granularity: granularity)
        }
    }
  }
}
