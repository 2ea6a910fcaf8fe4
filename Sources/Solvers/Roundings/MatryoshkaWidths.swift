internal import LinearAlgebra
internal import Quantizer

/// The widths of nested codes: all bits, half of them, and so on down to two or three.
struct MatryoshkaWidths: Sendable {
  /// One width.
  struct Width: Sendable {
    /// The number of bits.
    let bits: Int
    /// How codes become codes of this width; nil for the codes themselves.
    let slice: CodeSlice?
    /// λ: how much an error counts.
    let weight: Float
    /// Where the point of each code is, in steps of the finest codes from the point of code 0, sixteen at a time.
    let positions: [Lanes]
  }

  let scheme: Scheme
  /// All widths, the widest first.
  let all: [Width]

  /// How much more an error counts for codes of twice the bits.
  ///
  /// papers-notes/matryoshka.md has what others give.
  private static let emphasis: Float = 4

  /// The widths of a scheme's codes; nil for codes of 2, 3, 5 or 7 bits, levels of a table, and zero points, of which
  /// fewer bits have only some.
  init?(_ scheme: Scheme) {
    guard scheme.points == .symmetric || scheme.points == .offset, !scheme.isNarrow,
      [4, 6, 8].contains(scheme.bits)
    else { return nil }
    self.scheme = scheme
    var widths: [Width] = []
    var (bits, weight) = (scheme.bits, Float(1))
    while true {
      let slice = bits < scheme.bits ? try? CodeSlice(scheme, bits: bits) : nil
      widths.append(
        Width(bits: bits, slice: slice, weight: weight, positions: Self.positions(scheme, slice)))
      guard bits % 2 == 0, bits > 2 else { break }
      (bits, weight) = (bits / 2, weight / Self.emphasis)
    }
    all = widths
  }

  private static func positions(_ scheme: Scheme, _ slice: CodeSlice?) -> [Lanes] {
    func position(_ code: Int) -> Float {
      let finest = GridEntry(
        scale: 1, offset: scheme.points == .offset ? 0 : Float(scheme.middleCode))
      guard let slice, let entry = slice.entry(finest) else { return Float(code) }
      let cut = Float(slice.code(UInt8(code)))
      // The point of code 0 is 0 from an offset, and −z around a zero point.
      return scheme.points == .offset
        ? entry.scale * cut + entry.offset : entry.scale * (cut - entry.offset) + finest.offset
    }
    return stride(from: 0, through: scheme.largestCode, by: 16).map { first in
      var lanes = Lanes.zero
      for i in 0..<16 { lanes[i] = position(min(first + i, scheme.largestCode)) }
      return lanes
    }
  }

  /// The code with the least Σ λ (t − point)², for one target of each width in steps from the point of code 0.
  func code(for targets: [Float]) -> Int {
    var (best, least) = (SIMD16<Int32>(repeating: 0), Lanes(repeating: .infinity))
    for block in all[0].positions.indices {
      var cost = Lanes.zero
      for (width, target) in zip(all, targets) {
        let distance = width.positions[block] - target
        cost += width.weight * distance * distance
      }
      let isLess = cost .< least
      least.replace(with: cost, where: isLess)
      best.replace(with: Int32(block), where: isLess)
    }
    var lane = 0
    for i in 1..<16 where least[i] < least[lane] { lane = i }
    return min(16 * Int(best[lane]) + lane, scheme.largestCode)
  }
}

extension MatryoshkaWidths {
  /// The entry of a group with the least Σ λ Σ D (ŵ − w)² over the candidates of a rule, each width rounded by itself.
  func entry(for weights: Span<Float>, importance: Span<Float>, _ rule: GridRule) -> GridEntry {
    let cover = scheme.range(of: weights)
    var best = rule.encoding.entry(covering: cover, scheme)
    guard cover.lowerBound < cover.upperBound, best.scale.isFinite else { return best }
    var least = Float.infinity
    for factor in rule.search.factors {
      let entry = rule.encoding.entry(covering: rule.search.range(factor, of: cover), scheme)
      var cost: Float = 0
      for width in all {
        guard let cut = width.slice.map({ $0.entry(entry) }) ?? entry else { continue }
        cost += width.weight * error(of: weights, importance, cut, bits: width.bits)
      }
      if cost < least { (best, least) = (entry, cost) }
    }
    return best
  }

  private func error(
    of weights: Span<Float>, _ importance: Span<Float>, _ entry: GridEntry, bits: Int
  ) -> Float {
    func error(_ kernel: some RoundingKernel) -> Float {
      var kernel = kernel
      (kernel.scale, kernel.offset) = (
        Lanes(repeating: entry.scale), Lanes(repeating: entry.offset)
      )
      return kernel.squaredError(of: weights, importance)
    }
    return scheme.points == .offset
      ? error(OffsetKernel(largestCode: 1 << bits - 1))
      : error(ZeroPointKernel(largestCode: 1 << bits - 1))
  }
}
