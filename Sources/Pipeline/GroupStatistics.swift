internal import Formats
package import Hessian
internal import LinearAlgebra
package import Solvers
package import Transformer

/// The statistics of the inputs of a stage's groups, over the calibration windows and over the
/// held-out ones.
struct GroupStatistics {
  private var calibration: [InputStatistics]
  private var heldOut: [InputStatistics]
  private let calibrationCount: Int

  /// Empty statistics; the windows from `calibrationCount` on are held out.
  init(_ stage: Stage, calibrationCount: Int, collecting parts: InputStatistics.Parts) {
    let channels = stage.groups.map { $0[0].shape.columns }
    calibration = channels.map { InputStatistics(channels: $0, collecting: parts) }
    // Held-out tokens judge by their second moment and their sample alone.
    heldOut = channels.map {
      InputStatistics(channels: $0, collecting: parts.intersection(.sample))
    }
    self.calibrationCount = calibrationCount
  }

  /// Adds the inputs of a window.
  mutating func add(_ inputs: [Matrix], window: Int) {
    for (group, input) in inputs.enumerated() where input.rows > 0 {
      if window < calibrationCount {
        calibration[group].add(input)
      } else {
        heldOut[group].add(input)
      }
    }
  }

  /// What solvers may know about each group's input.
  var inputs: [CalibratedInput] {
    zip(calibration, heldOut).map {
      CalibratedInput(calibration: $0, heldOut: $1.tokenCount > 0 ? $1 : nil)
    }
  }
}

extension Stream {
  /// Measures the statistics of a stage's inputs.
  package mutating func measure(
    _ stage: Int, of block: DecoderBlock, calibrationCount: Int,
    collecting parts: InputStatistics.Parts
  ) -> [CalibratedInput] {
    var statistics = GroupStatistics(
      block.program.stages[stage], calibrationCount: calibrationCount,
      collecting: parts)
    visit(stage, of: block) { window, inputs in statistics.add(inputs, window: window) }
    return statistics.inputs
  }
}
