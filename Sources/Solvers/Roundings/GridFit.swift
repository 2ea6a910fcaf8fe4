internal import LinearAlgebra
internal import Quantizer

/// How the cost of a group changes with its scale and its floating-point offset, while its codes stay.
///
/// The values ŵ = o + u become o + δ + (1 + r)·u. With a = A u, c = A 1 and y = A (w − ŵ), where AᵀA is the
/// metric of the group, the cost ‖y‖² changes by
///
///     r²·aa + 2rδ·ac + δ²·cc − 2(r·ay + δ·cy)
///
/// Rows are lanes.
struct GridFit {
  /// ‖a‖².
  var aa = Lanes.zero
  /// a·c.
  var ac = Lanes.zero
  /// ‖c‖².
  var cc: Float = 0
  /// a·y.
  var ay = Lanes.zero
  /// c·y.
  var cy = Lanes.zero

  /// The entry of a lane that costs least of those that can be stored, and by how much its cost is lower.
  ///
  /// The offset is chosen for the scale as it is stored, so that it makes up for the rounding of that.
  ///
  /// - Returns: nil where no other entry lowers the cost.
  func improvement(
    of entry: GridEntry, lane: Int, _ encoding: any GridEncoding, _ scheme: Scheme
  ) -> (entry: GridEntry, change: Float)? {
    guard aa[lane] > 0 else { return nil }
    let movesOffset = scheme.points == .offset && cc > 0
    var ideal = entry
    ideal.scale *= 1 + idealGrowth(lane, movesOffset)
    // A scale may be negative, but does not change its sign.
    guard ideal.scale * entry.scale > 0, ideal.scale.isFinite else { return nil }
    var stored = encoding.entry(nearestTo: ideal, scheme)
    guard stored.scale * entry.scale > 0, stored.scale.isFinite, stored.offset == entry.offset
    else { return nil }
    let growth = stored.scale / entry.scale - 1
    if movesOffset {
      ideal = stored
      ideal.offset += (cy[lane] - growth * ac[lane]) / cc
      let moved = encoding.entry(nearestTo: ideal, scheme)
      if moved.scale == stored.scale, moved.offset.isFinite { stored = moved }
    }
    let change = change(lane, growth, stored.offset - entry.offset)
    return change < 0 ? (stored, change) : nil
  }

  /// The best r, for the best δ or for none.
  private func idealGrowth(_ lane: Int, _ movesOffset: Bool) -> Float {
    let determinant = aa[lane] * cc - ac[lane] * ac[lane]
    // Where all codes are the same, scale and offset are one unknown.
    guard movesOffset, determinant > 1e-3 * aa[lane] * cc else { return ay[lane] / aa[lane] }
    return (ay[lane] * cc - cy[lane] * ac[lane]) / determinant
  }

  private func change(_ lane: Int, _ r: Float, _ shift: Float) -> Float {
    let scaled = r * (r * aa[lane] - 2 * ay[lane])
    return scaled + shift * (shift * cc + 2 * (r * ac[lane] - cy[lane]))
  }
}
