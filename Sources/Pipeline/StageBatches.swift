internal import Formats
internal import Transformer

extension Stage {
  /// The groups that are solved together, in batches whose statistics fit into memory at once.
  ///
  /// So memory does not grow with the number of experts. Where inputs are scaled, the groups of an absorber
  /// stay together: one norm makes the inputs of all experts' gate and up, and its factors are chosen for
  /// all of them at once.
  ///
  /// - Parameters:
  ///   - scalesInputs: whether groups with one absorber are solved together, as scaling requires.
  ///   - budget: the bytes that the statistics of a batch may take, unless a single unit takes more.
  /// - Returns: for each batch, the groups of each unit.
  func batches(scalesInputs: Bool, budget: Int) -> [[[Int]]] {
    let units = scalesInputs ? scalingUnits : scalingUnits.joined().sorted().map { [$0] }
    var (batches, free) = ([[[Int]]](), 0)
    for unit in units {
      let bytes = unit.reduce(0) { $0 + statisticsBytes(of: $1) }
      if batches.isEmpty || bytes > free {
        batches.append([])
        free = budget
      }
      batches[batches.count - 1].append(unit)
      free -= bytes
    }
    return batches
  }

  /// The second moments of a group: for calibration, held-out tokens and first positions, and the sum
  /// of the first and the last.
  private func statisticsBytes(of group: Int) -> Int {
    let channels = groups[group][0].shape.columns
    return 4 * MemoryLayout<Float>.size * channels * channels
  }
}
