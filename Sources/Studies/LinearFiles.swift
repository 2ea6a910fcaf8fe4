public import Checkpoint
public import Hessian
public import LinearAlgebra
public import Pipeline
public import Remedies
internal import Solvers

/// The files of one Linear outside a model: its weights, and what is known about its input.
public struct LinearFiles: Sendable {
  /// What is known about the input.
  public enum Input: Sendable {
    /// Inputs, `[tokens, in]` or with more leading axes.
    case activations(MatrixFile)
    /// A ready-made second moment `[in, in]`.
    case hessian(MatrixFile)
    /// Stored statistics, possibly with those of held-out tokens.
    case statistics(StatisticsFile)
    /// Nothing.
    case unknown
  }

  /// W, `[out, in]`.
  public let weights: MatrixFile
  /// What solvers learn from.
  public let input: Input
  /// Inputs that only judge; nil for a share of the activations, or stored statistics.
  public let heldOut: MatrixFile?
  /// Whether a share of the activations is held out if no other inputs judge.
  public let sharesOut: Bool
  /// What computes the second moments.
  public let engine: ProductEngine

  /// One in this many chunks is held out: an eighth as many as solvers see.
  private static let heldOutEvery = 9
  /// The most tokens per chunk.
  private static let longestChunk = 256

  /// Files whose shapes are checked to agree.
  ///
  /// - Throws: ``LinearFileError`` when a shape is wrong.
  public init(
    weights: MatrixFile, input: Input = .unknown, heldOut: MatrixFile? = nil,
    sharesOut: Bool = true,
    engine: ProductEngine = .float32
  ) throws(LinearFileError) {
    try weights.check("weights", axes: 2...2, "[out, in]")
    switch input {
    case .activations(let file): try file.checkInput("activations", of: weights)
    case .hessian(let file):
      try file.check("a Hessian", axes: 2...2, "[in, in]")
      guard file.dimensions == [weights.columns, weights.columns] else {
        throw .unequal(file, "a Hessian of shape [in, in]", weights)
      }
    case .statistics(let file):
      guard file.calibration.channels == weights.columns else {
        throw .unequal(
          path: file.path, [file.calibration.channels, file.calibration.channels],
          needed: "a second moment of shape [in, in]", weights: weights.path, weights.dimensions)
      }
    case .unknown: break
    }
    try heldOut?.checkInput("held-out activations", of: weights)
    self.weights = weights
    self.input = input
    self.heldOut = heldOut
    self.sharesOut = sharesOut
    self.engine = engine
  }

  /// Reads the inputs chunk by chunk.
  ///
  /// A chunk has 256 tokens; with fewer than 2304 tokens, it has a ninth of them. Every ninth chunk
  /// is held out, unless other tokens judge.
  ///
  /// - Parameter parts: what to collect about the inputs besides their second moment.
  /// - Returns: the statistics for solvers, and those that only judge.
  /// - Throws: ``CheckpointError`` for values that are not finite, ``LinearFileError`` for a matrix
  ///   that is not a Hessian.
  func read(collecting parts: InputStatistics.Parts) throws -> CalibratedInput {
    var calibration: InputStatistics?
    var judging = InputStatistics(channels: weights.columns, collecting: .sample)
    switch input {
    case .unknown: break
    case .statistics(let file):
      calibration = file.calibration
      if heldOut == nil, let stored = file.heldOut { judging = stored }
    case .hessian(let file):
      calibration = try statistics(of: try file.rows(0..<file.rows), path: file.path)
    case .activations(let file):
      var statistics = InputStatistics(
        channels: weights.columns, collecting: parts)
      let judges = heldOut == nil && sharesOut
      for (i, chunk) in file.chunks(of: Self.chunk(file.rows)).enumerated() {
        let rows = try file.rows(chunk)
        if judges, i % Self.heldOutEvery == Self.heldOutEvery - 1 {
          judging.add(rows, on: engine)
        } else {
          statistics.add(rows, on: engine)
        }
      }
      calibration = statistics
    }
    if let heldOut {
      for chunk in heldOut.chunks(of: Self.longestChunk) {
        judging.add(try heldOut.rows(chunk), on: engine)
      }
    }
    return CalibratedInput(
      calibration: calibration, heldOut: judging.tokenCount > 0 ? judging : nil, engine: engine)
  }

  private func statistics(
    of hessian: Matrix, path: String
  ) throws(LinearFileError) -> InputStatistics {
    do throws(SecondMomentError) {
      return try InputStatistics(secondMoment: hessian)
    } catch {
      throw .notHessian(path: path, error)
    }
  }

  private static func chunk(_ tokens: Int) -> Int {
    max(1, min(longestChunk, tokens / heldOutEvery))
  }
}

extension MatrixFile {
  /// Consecutive rows in chunks of a given size; the last chunk may be shorter.
  fileprivate func chunks(of size: Int) -> [Range<Int>] {
    stride(from: 0, to: rows, by: size).map { $0..<min(rows, $0 + size) }
  }

  fileprivate func check(
    _ what: String, axes: ClosedRange<Int>, _ needed: String
  ) throws(LinearFileError) {
    guard axes.contains(dimensions.count), !dimensions.contains(0) else {
      throw .shape(path: path, dimensions, what: what, needed: needed)
    }
  }

  fileprivate func checkInput(_ what: String, of weights: MatrixFile) throws(LinearFileError) {
    try check(what, axes: 1...64, "[tokens, in]")
    guard columns == weights.columns else {
      throw .unequal(self, "\(what) of shape [tokens, in]", weights)
    }
  }
}

/// Why the files of a Linear cannot be used.
public enum LinearFileError: RemediableError {
  /// An array's shape does not fit its role.
  case shape(path: String, [Int], what: String, needed: String)
  /// An array's width differs from that of the weights.
  case unequal(path: String, [Int], needed: String, weights: String, [Int])
  /// A matrix is not a valid Hessian.
  case notHessian(path: String, SecondMomentError)
  /// A method learns from inputs, but there are none.
  case inputNeeded(method: String)

  static func unequal(_ file: MatrixFile, _ needed: String, _ weights: MatrixFile) -> Self {
    .unequal(
      path: file.path, file.dimensions, needed: needed, weights: weights.path, weights.dimensions)
  }

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .shape(let path, let found, let what, let needed):
      "\(path): has shape \(found); \(what) must have shape \(needed), and no axis of length 0"
    case .unequal(let path, let found, let needed, let weights, let shape):
      "\(path): has shape \(found), but \(weights) has shape \(shape), that is [out, in]; "
        + "\(needed) must have in = \(shape.last ?? 0)"
    case .notHessian(let path, let cause): "\(path): \(cause)"
    case .inputNeeded(let method):
      "the method \(method) learns from the Linear's input"
    }
  }

  /// What to try.
  public var remedies: [Remedy] {
    guard case .inputNeeded = self else { return [] }
    return [.giveActivations, .giveSecondMoment, .chooseMethod("rtn")]
  }
}
