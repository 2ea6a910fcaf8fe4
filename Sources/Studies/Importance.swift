internal import Checkpoint
public import Formats
internal import Hessian
public import Pipeline
internal import Solvers
public import Transformer

extension GGUFImportance {
  /// Measures how large the input channels of every Linear are on a text, in the model as it is.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - windows: the text.
  ///   - progress: called with the share of the work done, and the current task; an error that it throws ends the
  ///     measurement.
  /// - Throws: ``CheckpointError`` if the model cannot be read, or has no names in GGUF files.
  /// - Complexity: one pass of the text, with the second moment of every input.
  public init(
    of model: LanguageModel, on windows: TokenWindows,
    progress: (Double, String) throws -> Void = { _, _ in }
  ) throws {
    // Known before any work.
    _ = try GGUFImportance([], of: model.folder)
    var stream = Stream(try windows.windows.map(model.embeddings))
    var entries: [Entry] = []
    for index in model.declaration.blocks.indices {
      try progress(Double(index) / Double(model.declaration.blocks.count), "block \(index)")
      let block = try model.block(index)
      try stream.enter(block)
      for (i, stage) in block.program.stages.enumerated() {
        let inputs = try stream.measure(
          of: i, block, WindowRoles(calibration: windows.windows.count), collecting: [])
        for (group, input) in zip(stage.groups, inputs) {
          guard let seen = input.calibration else { continue }
          let sums = seen.meanSquares.map { $0 * Float(seen.tokenCount) }
          entries += group.filter { !$0.staysDense }.map {
            Entry(linear: $0.name, squareSums: sums, tokens: seen.tokenCount)
          }
        }
      }
      try stream.leave(block)
    }
    try self.init(entries, of: model.folder)
  }
}
