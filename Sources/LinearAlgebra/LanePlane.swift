internal import CLanes

/// Evenly spaced points for each lane: s·k + o for integers k from `low` to `high`.
package struct EvenSteps: BitwiseCopyable, Sendable {
  /// The distance s of two points.
  public let scale: Lanes
  /// The point o of k = 0.
  public let origin: Lanes
  /// The least k.
  public let low: Lanes
  /// The largest k.
  public let high: Lanes

  /// Points with given values.
  public init(scale: Lanes, origin: Lanes, low: Lanes, high: Lanes) {
    (self.scale, self.origin, self.low, self.high) = (scale, origin, low, high)
  }
}

/// The metric Uᵀ diag(D) U of a group of g columns, and loops over sixteen rows at a time as lanes, compiled for several
/// instruction sets (`VectorMath+Wide.swift`).
///
/// Weights and values are vectors of sixteen rows, one for each column, and points are evenly spaced.
package struct LanePlane: Sendable {
  /// U, `[g, g]`, with ones on its diagonal.
  public let unitRows: Matrix
  /// D.
  public let pivots: [Float]
  /// The number g of columns.
  public var size: Int { pivots.count }

  /// A metric.
  public init(unitRows: Matrix, pivots: [Float]) {
    precondition(
      !pivots.isEmpty && unitRows.rows == pivots.count && unitRows.columns == pivots.count,
      "\(pivots.count) pivots of \(unitRows.rows) x \(unitRows.columns)")
    (self.unitRows, self.pivots) = (unitRows, pivots)
  }

  /// The candidates whose errors ``costs(of:for:below:errors:costs:)`` keeps at a time.
  public static var candidatesAtOnce: Int { Int(PTQ_PLANE_CANDIDATES) }

  /// The costs Σ Dⱼ yⱼ² of nearest plane with each of some candidates.
  ///
  /// Those of a candidate need not be exact where no row costs less than its bound and than with all candidates before.
  ///
  /// - Parameters:
  ///   - candidates: points for each row.
  ///   - weights: those of the rows.
  ///   - bound: costs of interest are less; a bound that is not a number bounds nothing.
  ///   - errors: memory for ``candidatesAtOnce`` times g vectors. A single candidate leaves w − ŵ in the first g.
  ///   - costs: those of each candidate.
  /// - Complexity: g²/2 multiply-adds for each row and candidate.
  public func costs(
    of candidates: [EvenSteps], for weights: Span<Lanes>, below bound: Lanes,
    errors: inout [Lanes], costs: inout [Lanes]
  ) {
    precondition(
      errors.count >= Self.candidatesAtOnce * size && costs.count >= candidates.count,
      "no room for \(candidates.count) candidates")
    unsafe with(weights) { plane in
      // Safety: a vector is sixteen floats, and points are four vectors.
      unsafe candidates.withUnsafeBytes { candidates in
        unsafe withUnsafeBytes(of: bound) { bound in
          unsafe errors.withUnsafeMutableBytes { errors in
            unsafe costs.withUnsafeMutableBytes { costs in
              unsafe ptq_plane_costs(
                plane, candidates.baseAddress?.assumingMemoryBound(to: ptq_steps.self),
                candidates.count / MemoryLayout<ptq_steps>.stride, bound.floats, errors.floats,
                costs.floats)
            }
          }
        }
      }
    }
  }

  /// The sums aa, ac, cc, ay and cy of `GridFit` for given values, and their cost yy.
  ///
  /// - Parameters:
  ///   - values: ŵ.
  ///   - weights: w.
  ///   - origin: the part of all values that does not scale.
  ///   - scratch: memory for 2·g + 6 vectors, of which the first six become the sums.
  /// - Complexity: g² multiply-adds for each row.
  public func fit(
    _ values: Span<Lanes>, to weights: Span<Lanes>, origin: Lanes, _ scratch: inout [Lanes]
  ) {
    precondition(
      values.count == size && scratch.count >= 2 * size + Self.sums,
      "\(values.count) values of \(size)")
    unsafe with(weights) { plane in
      unsafe values.withUnsafeBytes { values in
        unsafe withUnsafeBytes(of: origin) { origin in
          unsafe scratch.withUnsafeMutableBytes { scratch in
            unsafe ptq_plane_fit(
              plane, values.floats, origin.floats,
              scratch.floats.map { unsafe $0 + 16 * Self.sums },
              scratch.floats)
          }
        }
      }
    }
  }

  /// The number of sums of ``fit(_:to:origin:_:)``.
  public static let sums = 6

  /// The columns of U, plain and times D, and the inverse of the diagonal of S = Uᵀ diag(D) U.
  public struct Curvature: Sendable {
    /// Uᵀ.
    public let columns: Matrix
    /// Uᵀ diag(D).
    public let weighted: Matrix
    /// 1 / Sⱼⱼ.
    public let inverses: [Float]
  }

  /// The curvature of each column's own cost.
  public var curvature: Curvature {
    let columns = unitRows.transposed
    return Curvature(
      columns: columns,
      weighted: Matrix(rows: size, columns: size) { columns[$0, $1] * pivots[$1] },
      inverses: (0..<size).map { j in
        1 / (0...j).reduce(0) { $0 + pivots[$1] * columns[j, $1] * columns[j, $1] }
      })
  }

  /// Sets each value to the best point given all others, once.
  ///
  /// - Parameters:
  ///   - values: ŵ, among those of other groups.
  ///   - range: where they are.
  ///   - weights: w, at the same places.
  ///   - points: those of each row.
  ///   - curvature: that of this metric.
  ///   - scratch: memory for g vectors.
  /// - Returns: the cost of the values.
  /// - Complexity: 2·g² multiply-adds for each row.
  public func descend(
    _ values: inout [Lanes], _ range: Range<Int>, to weights: [Lanes], _ points: EvenSteps,
    _ curvature: Curvature, _ scratch: inout [Lanes]
  ) -> Lanes {
    precondition(
      range.count == size && range.lowerBound >= 0 && range.upperBound <= values.count
        && scratch.count >= size && curvature.inverses.count == size,
      "values \(range) of \(values.count) in a group of \(size)")
    var cost = Lanes.zero
    unsafe with(weights.span.extracting(range)) { plane in
      unsafe curvature.columns.elements.withUnsafeBufferPointer { columns in
        unsafe curvature.weighted.elements.withUnsafeBufferPointer { weighted in
          unsafe curvature.inverses.withUnsafeBufferPointer { inverses in
            var curvature = unsafe ptq_curvature(
              columns: columns.baseAddress, weighted: weighted.baseAddress,
              inverses: inverses.baseAddress)
            unsafe withUnsafeBytes(of: points) { points in
              unsafe values.withUnsafeMutableBytes { values in
                unsafe scratch.withUnsafeMutableBytes { scratch in
                  unsafe withUnsafeMutableBytes(of: &cost) { cost in
                    unsafe ptq_plane_descend(
                      plane, &curvature,
                      points.baseAddress?.assumingMemoryBound(to: ptq_steps.self),
                      values.floats.map { unsafe $0 + 16 * range.lowerBound }, scratch.floats,
                      cost.floats)
                  }
                }
              }
            }
          }
        }
      }
    }
    return cost
  }

  /// Passes the metric and the weights of the rows to a loop in C.
  private func with(_ weights: Span<Lanes>, _ body: (UnsafePointer<ptq_plane>) -> Void) {
    precondition(weights.count == size, "weights of \(weights.count) columns of \(size)")
    unsafe unitRows.elements.withUnsafeBufferPointer { unit in
      unsafe pivots.withUnsafeBufferPointer { pivots in
        unsafe weights.withUnsafeBytes { weights in
          var plane = unsafe ptq_plane(
            unit: unit.baseAddress, pivots: pivots.baseAddress, weights: weights.floats, size: size)
          unsafe body(&plane)
        }
      }
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate var floats: UnsafePointer<Float>? {
    unsafe baseAddress?.assumingMemoryBound(to: Float.self)
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate var floats: UnsafeMutablePointer<Float>? {
    unsafe baseAddress?.assumingMemoryBound(to: Float.self)
  }
}
