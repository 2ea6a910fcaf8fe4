internal import Checkpoint
internal import Formats
internal import LinearAlgebra
internal import Pipeline
internal import Transformer

/// Passes windows through one or more models, as many at a time as memory allows.
struct WindowPasses {
  /// The models, with their names for progress messages.
  let models: [(name: String, model: LanguageModel)]
  /// The windows.
  let text: TokenWindows

  /// The most floats of hidden states kept at once; more windows take another pass.
  private static let size = 1 << 28
  /// The rough number of rows per group of windows; the head is decoded once for each group.
  private static let groupRows = 4096

  /// Calls a closure with all windows, one group at a time.
  ///
  /// - Precondition: there is a window, and windows have at least two tokens.
  /// - Parameters:
  ///   - progress: called with the share of the work done and the current task.
  ///   - use: receives the tokens to predict, all but the first of each window, and from each model
  ///     the states that predict them, `[tokens, hidden]`.
  /// - Throws: ``CheckpointError`` when a model cannot be read, and what `use` throws.
  func forEachGroup(
    _ progress: (Double, String) -> Void, _ use: ([Int32], [Matrix]) throws -> Void
  ) throws {
    precondition(text.length > 1 && !text.windows.isEmpty, "nothing to predict")
    for (_, model) in models { try model.checkPredicts() }
    let width = models.reduce(0) { $0 + $1.model.declaration.hiddenSize }
    let perPass = max(1, Self.size / (text.length * width))
    let perGroup = max(1, Self.groupRows / text.length)
    let total = Double(text.windows.count) * models.reduce(0) { $0 + $1.model.weightCount }
    var done = 0.0
    for pass in text.windows.indices.parts(of: perPass) {
      var hidden: [[Matrix]] = []
      for (name, model) in models {
        var stream = Stream(try text.windows[pass].map(model.embeddings))
        for index in model.declaration.blocks.indices {
          progress(done / total, "\(name), block \(index)")
          try stream.pass(try model.block(index))
          done += Double(pass.count) * model.blockWeightCount(index)
        }
        hidden.append(try stream.windows)
      }
      for group in pass.parts(of: perGroup) {
        progress(done / total, "predictions")
        // The state at a token predicts the next one; a window's last state has nothing to predict.
        let states = hidden.map { states in
          Matrix(
            stacking: group.map { states[$0 - pass.lowerBound].copy(rows: 0..<text.length - 1) })
        }
        try use(group.flatMap { text.windows[$0].dropFirst() }, states)
        done += Double(group.count) * models.reduce(0) { $0 + $1.model.headWeightCount }
      }
    }
  }
}

extension LanguageModel {
  /// The number of weights by which each token is multiplied, a measure of the work.
  fileprivate var weightCount: Double {
    declaration.blocks.indices.reduce(headWeightCount) { $0 + blockWeightCount($1) }
  }

  fileprivate func blockWeightCount(_ block: Int) -> Double {
    declaration.linears(block: block).reduce(0) { $0 + Double($1.rows) * Double($1.columns) }
  }

  fileprivate var headWeightCount: Double {
    Double(declaration.vocabularySize) * Double(declaration.hiddenSize)
  }
}

extension Range<Int> {
  /// Consecutive parts of at most `size` elements.
  func parts(of size: Int) -> [Range<Int>] {
    stride(from: lowerBound, to: upperBound, by: size).map { $0..<Swift.min(upperBound, $0 + size) }
  }
}
