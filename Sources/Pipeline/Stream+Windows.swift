package import Checkpoint
package import LinearAlgebra

// The windows of a stream, between blocks.

extension Stream {
  /// Whether there are no windows.
  var isEmpty: Bool { bundles.isEmpty }

  /// The number of hidden states that are computed at once on each thread.
  var bundleSize: Int { bundles.map(\.hiddenCount).max() ?? 0 }

  /// The shapes of the hidden states of each window.
  var shapes: [(rows: Int, columns: Int)] { bundles.flatMap(\.shapes) }

  /// The hidden states of each window, between blocks.
  ///
  /// - Throws: ``CheckpointError`` if they were put away and cannot be read.
  package var windows: [Matrix] {
    get throws(CheckpointError) {
      var result: [Matrix] = []
      try forEachWindow { _, window throws(CheckpointError) in result.append(window) }
      return result
    }
  }

  /// Passes on the hidden states of each window, between blocks, a bundle at a time in memory.
  ///
  /// - Throws: ``CheckpointError`` if they were put away and cannot be read, or what `use` throws.
  package func forEachWindow(
    _ use: (_ window: Int, Matrix) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try forEachWindow(beside: nil) { i, window, _ throws(CheckpointError) in try use(i, window) }
  }

  /// The same beside those of another stream of the same windows, if there is one.
  func forEachWindow(
    beside other: Stream?,
    _ use: (_ window: Int, Matrix, _ other: Matrix?) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    for (number, bundle) in bundles.enumerated() {
      let others = try other?.bundles[number].windows
      for (i, window) in try bundle.windows.enumerated() {
        try use(bundle.first + i, window, others?[i])
      }
    }
  }
}
