internal import LinearAlgebra
internal import Solvers

// Hidden states are kept as one matrix for each window. Windows do not see each other, so they are
// computed in parallel, as many at a time as there are threads: that bounds what is in flight, and
// keeps the threads busy where a window alone is too short to be cut.

extension [Matrix] {
  /// Computes something for every window, and uses the results one by one in their order.
  func compute(
    _ result: @Sendable (Int, Matrix) -> Matrix, _ use: (Int, Matrix) -> Void
  ) {
    for batch in batches {
      let results = Threads.map(batch.count) { i in
        result(batch.lowerBound + i, self[batch.lowerBound + i])
      }
      for (i, value) in zip(batch, results) { use(i, value) }
    }
  }

  /// Replaces every window by what a function makes of it.
  mutating func update(_ change: @Sendable (Int, inout Matrix) -> Void) {
    for batch in batches {
      let windows = self[batch]
      let changed = Threads.map(batch.count) { i in
        var window = windows[batch.lowerBound + i]
        change(batch.lowerBound + i, &window)
        return window
      }
      replaceSubrange(batch, with: changed)
    }
  }

  /// Replaces every window by what a function makes of it, and uses what else it gives, window by
  /// window in their order.
  mutating func updateMeasuring(
    _ change: @Sendable (inout Matrix) -> (Matrix, Matrix), use: (Int, Matrix, Matrix) -> Void
  ) {
    for batch in batches {
      let windows = self[batch]
      let changed = Threads.map(batch.count) { i in
        var window = windows[batch.lowerBound + i]
        let (x, y) = change(&window)
        return (window: window, x: x, y: y)
      }
      for (i, result) in zip(batch, changed) { use(i, result.x, result.y) }
      replaceSubrange(batch, with: changed.map(\.window))
    }
  }

  /// The calibration windows on which a recipe judges the output of a sublayer: few, since each
  /// candidate passes them through it; none for a recipe that does not.
  func judging(_ recipe: Recipe, _ calibrationCount: Int) -> [Matrix] {
    guard recipe.transform?.judgesOutput == true, let first else { return [] }
    return Array(prefix(Swift.min(calibrationCount, Swift.max(1, 4096 / first.rows))))
  }

  /// Consecutive windows, a thread for each.
  private var batches: [Range<Int>] {
    stride(from: 0, to: count, by: Threads.count).map {
      $0..<Swift.min(count, $0 + Threads.count)
    }
  }
}
