internal import LinearAlgebra

/// Rounding on one activation grid, sixteen inputs at a time.
protocol ActivationKernel {
  func rounded(_ x: Lanes) -> Lanes
}

extension ActivationKernel {
  @inline(__always)
  func round(_ row: inout MutableSpan<Float>, _ columns: Range<Int>) {
    var i = columns.lowerBound
    while i + 16 <= columns.upperBound {
      row.setLanes(at: i, rounded(row.lanes(at: i)))
      i += 16
    }
    while i < columns.upperBound {
      row[i] = rounded(Lanes(repeating: row[i]))[0]
      i += 1
    }
  }
}

struct IntegerActivationKernel: ActivationKernel {
  private let scale: Lanes
  private let low: Lanes
  private let high: Lanes

  init(_ grid: ActivationGrid) {
    scale = Lanes(repeating: grid.scale)
    low = Lanes(repeating: Float(-128 - grid.zeroPoint))
    high = Lanes(repeating: Float(127 - grid.zeroPoint))
  }

  @inline(__always)
  func rounded(_ x: Lanes) -> Lanes { (x / scale).limited(low, high).roundedToInteger * scale }
}

struct FloatActivationKernel: ActivationKernel {
  private let scale: Lanes
  private let end = Lanes(repeating: LevelTable.largestE4M3)

  init(_ grid: ActivationGrid) { scale = Lanes(repeating: grid.scale) }

  @inline(__always)
  func rounded(_ x: Lanes) -> Lanes { (x / scale).limited(-end, end).roundedToE4M3 * scale }
}

/// E2M1 floats.
struct SmallFloatActivationKernel: ActivationKernel {
  private let scale: Lanes
  private let end = Lanes(repeating: LevelTable.largestE2M1)

  init(_ scale: Float) { self.scale = Lanes(repeating: scale) }

  @inline(__always)
  func rounded(_ x: Lanes) -> Lanes { (x / scale).limited(-end, end).roundedToE2M1 * scale }
}
