internal import Checkpoint
internal import LinearAlgebra
internal import Pipeline
internal import Transformer

/// A few tokens in the dense model, and in versions of it that differ in one block each.
///
/// All versions walk along with the dense model, so each block is read once.
struct PerturbedStreams {
  private let windows: [[Int32]]
  private var dense: [Matrix]
  /// The hidden states of all windows in each version, one version after the other.
  private var versions: [Matrix] = []

  /// The most tokens that are taken, and the most of one window.
  static let (tokens, length) = (1024, 256)

  /// Takes the starts of windows: of held-out ones first, since no solver sees them.
  ///
  /// - Throws: ``CheckpointError`` when the embeddings cannot be read.
  init(_ model: LanguageModel, _ calibration: CalibrationSet) throws {
    let count = max(1, Self.tokens / min(Self.length, calibration.length))
    windows = (calibration.heldOut + calibration.calibration).prefix(count).map {
      Array($0.prefix(Self.length))
    }
    dense = try windows.map(model.embeddings)
  }

  /// Takes up states that a journal kept.
  ///
  /// - Throws: ``CheckpointError`` if they are not those of as many versions.
  mutating func restore(_ states: KeptStates, versions count: Int) throws(CheckpointError) {
    let shapes = dense.map { ($0.rows, $0.columns) }
    func windows(_ name: String) throws(CheckpointError) -> [Matrix] {
      var result: [Matrix] = []
      for (i, (rows, columns)) in shapes.enumerated() {
        result.append(try states.window(name, i, rows: rows, columns: columns))
      }
      return result
    }
    versions = []
    for version in 0..<count { versions += try windows("version.\(version)") }
    dense = try windows("probe")
  }

  /// All states, under the names by which they are found again.
  var named: [(name: String, stream: Stream)] {
    let changed = versions.indices.parts(of: windows.count).enumerated().map { version, part in
      ("version.\(version)", Stream(Array(versions[part])))
    }
    return [("probe", Stream(dense))] + changed
  }

  /// The number of tokens.
  var tokenCount: Int { windows.reduce(0) { $0 + $1.count } }

  /// Passes all states through a block, and starts new versions with changed blocks in its place.
  mutating func pass(_ block: DecoderBlock, startingWith changed: [DecoderBlock]) throws {
    func passed(_ states: [Matrix], _ block: DecoderBlock) throws -> [Matrix] {
      var stream = Stream(states)
      try stream.pass(block)
      return try stream.windows
    }
    versions = try passed(versions, block) + changed.flatMap { try passed(dense, $0) }
    dense = try passed(dense, block)
  }

  /// After the last block, the mean of KL(dense ‖ version) over the tokens for each version, in nats.
  ///
  /// - Throws: ``CheckpointError`` when the head cannot be read.
  func divergences(of model: LanguageModel) throws -> [Double] {
    let reference = Matrix(stacking: dense)
    // The divergence does not depend on which token comes next.
    let targets = windows.flatMap(\.self)
    return try versions.indices.parts(of: windows.count).map { version in
      let comparisons = try model.comparisons(
        of: targets, after: Matrix(stacking: Array(versions[version])), with: model,
        after: reference)
      let sum = comparisons.reduce(0) { $0 + $1.klDivergence }
      // It is never negative, except for rounding.
      return max(0, sum / Double(comparisons.count))
    }
  }
}
