package import Checkpoint
internal import Formats
package import Hessian
internal import LinearAlgebra
package import Solvers
package import Transformer

/// What a window is for, by its index: those for calibration come first, then those held out, then
/// the first positions.
package struct WindowRoles: Sendable {
  /// The number of calibration windows.
  package let calibration: Int
  /// The number of held-out windows.
  package let heldOut: Int

  /// Roles; all windows beyond are first positions.
  package init(calibration: Int, heldOut: Int = .max) {
    self.calibration = calibration
    self.heldOut = min(heldOut, .max - calibration)
  }

  fileprivate enum Role { case calibration, heldOut, first }

  fileprivate func role(of window: Int) -> Role {
    if window < calibration { return .calibration }
    return window < calibration + heldOut ? .heldOut : .first
  }
}

/// The statistics of the inputs of a stage's groups, by the roles of the windows.
struct GroupStatistics {
  fileprivate struct Sums {
    var calibration: GatheredStatistics
    var heldOut: GatheredStatistics
    var first: FirstPositions
    /// The weight of the first positions.
    let weight: Float
    let engine: ProductEngine

    mutating func add(_ input: Matrix, reference: Matrix?, as role: WindowRoles.Role) {
      switch role {
      case .calibration: calibration.add(input, reference: reference)
      case .heldOut: heldOut.add(input, reference: reference)
      case .first: first.add(input, reference: reference)
      }
    }

    /// What solvers may know, given all windows.
    mutating func input() -> CalibratedInput {
      let judging = heldOut.sum()
      return CalibratedInput(
        calibration: calibration.sum(adding: first, weight: weight),
        heldOut: judging.tokenCount > 0 ? judging : nil, first: first.inputs, engine: engine)
    }
  }

  /// The sums of each group; nil for those that are not measured.
  private var groups: [Sums?]
  private let roles: WindowRoles

  /// The weight of a first position, as a number of ordinary tokens.
  ///
  /// Attention that has nowhere else to go rests on the first position of a window (the attention
  /// sink, arXiv 2309.17453), so an error there reaches every later token; but a text has only one
  /// first position in each window. No other weight was measured yet.
  private static let firstPositionWeight: Float = 4

  /// Empty statistics of some groups of a stage.
  init(
    _ stage: Stage, _ measured: Set<Int>, _ roles: WindowRoles,
    collecting parts: InputStatistics.Parts, on engine: ProductEngine
  ) {
    groups = stage.groups.enumerated().map { index, group in
      guard measured.contains(index) else { return nil }
      // Routing sends a token to other experts in the full-precision model. Inside an MLP, a few
      // huge activations would decide about all of the correction.
      let isComparable = group[0].expert == nil && !group[0].readsActivations
      let parts = isComparable ? parts : parts.subtracting(.deviation)
      func empty(_ parts: InputStatistics.Parts) -> GatheredStatistics {
        GatheredStatistics(
          InputStatistics(channels: group[0].shape.columns, collecting: parts), engine)
      }
      // Held-out tokens judge by their moments and their sample alone.
      let judging = parts.contains(.mismatch) ? parts.union(.deviation) : parts
      return Sums(
        calibration: empty(parts), heldOut: empty(judging.subtracting(.histograms)),
        first: FirstPositions(comparing: parts.contains(.mismatch)),
        weight: group[0].readsActivations ? 0 : Self.firstPositionWeight, engine: engine)
    }
    self.roles = roles
  }

  /// Adds the inputs of a window, and those that the full-precision model has in their place.
  mutating func add(_ inputs: [Matrix], _ references: [Matrix]?, window: Int) {
    let role = roles.role(of: window)
    for (group, input) in inputs.enumerated() where input.rows > 0 {
      groups[group]?.add(input, reference: references?[group], as: role)
    }
  }

  /// What solvers may know about each group's input, once all windows are in; nothing about those that were not
  /// measured.
  mutating func inputs() -> [CalibratedInput] {
    groups.indices.map { groups[$0]?.input() ?? CalibratedInput() }
  }
}

extension Stream {
  /// Measures the statistics of the inputs of a stage, or of some of its groups.
  ///
  /// - Returns: one for each group of the stage; those of the others are empty.
  /// - Throws: `CheckpointError` if hidden states cannot be put away or read.
  package mutating func measure(
    _ groups: Set<Int>? = nil, of stage: Int, _ block: DecoderBlock, _ roles: WindowRoles,
    collecting parts: InputStatistics.Parts
  ) throws(CheckpointError) -> [CalibratedInput] {
    var alone: ReferenceStream?
    let groups = groups ?? Set(block.program.stages[stage].groups.indices)
    return try measure(groups, of: stage, block, beside: &alone, roles, collecting: parts)
  }

  /// The same with the mismatch, if there is a reference.
  mutating func measure(
    _ groups: Set<Int>, of stage: Int, _ block: DecoderBlock,
    beside reference: inout ReferenceStream?, _ roles: WindowRoles,
    collecting parts: InputStatistics.Parts
  ) throws(CheckpointError) -> [CalibratedInput] {
    var statistics = GroupStatistics(
      block.program.stages[stage], groups, roles,
      collecting: reference == nil ? parts.subtracting(.deviation) : parts,
      on: block.weights.engine)
    try visit(stage, of: block, beside: &reference) { window, inputs, references in
      statistics.add(inputs, references, window: window)
    }
    return statistics.inputs()
  }
}
