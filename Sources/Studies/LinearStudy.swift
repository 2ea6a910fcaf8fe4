internal import Checkpoint
internal import Formats
internal import Hessian
internal import LinearAlgebra
public import Pipeline
internal import Quantizer
public import Solvers

/// Several recipes on one Linear outside a model.
///
/// Input channels may be scaled freely, since nothing in front of the Linear has to take up the
/// factors: they are part of the result.
///
/// ```swift
/// let files = try LinearFiles(
///   weights: MatrixFile("w.npy"), input: .activations(MatrixFile("x.npy")))
/// let comparison = try LinearStudy(files, candidates: settings)
/// let (report, solutions) = try comparison.run()
/// try comparison.write(solutions[0], of: 0, to: "packed.safetensors")
/// ```
public struct LinearStudy: Sendable {
  private let files: LinearFiles
  private let candidates: [QuantizationSettings]
  private let shape: LinearShape
  private let scales: [FloatFormat]

  /// Checks that the comparison can be carried out.
  ///
  /// - Throws: ``RunError`` or ``LinearFileError``, with what to change.
  public init(_ files: LinearFiles, candidates: [QuantizationSettings]) throws {
    shape = LinearShape(
      name: files.weights.name, rows: files.weights.rows, columns: files.weights.columns)
    for settings in candidates {
      guard !settings.method.rotates else { throw RunError.rotationNeedsModel }
      try RunPlan.checkWidths([shape]) { _ in settings.scheme }
      try settings.checkRounding([shape]) { _ in settings.scheme }
      if case .unknown = files.input, settings.method.needsCalibration {
        throw LinearFileError.inputNeeded(method: settings.method.name)
      }
    }
    scales = candidates.map { $0.format.scaleFormat(for: files.weights.format) }
    self.files = files
    self.candidates = candidates
  }

  /// Reads the files and compares.
  ///
  /// - Parameter progress: called with the share of the recipes done and the current task; an error
  ///   that it throws ends the run.
  /// - Returns: the errors, and for each recipe the quantized Linear with the factors of its input.
  /// - Throws: ``CheckpointError``, ``LinearFileError``, ``StageError``, or what `progress` throws.
  public func run(
    _ progress: (Double, String) throws -> Void = { _, _ in }
  ) throws -> (report: ComparisonReport, solutions: [StageSolution]) {
    let clock = ContinuousClock()
    let start = clock.now
    try progress(0, "reading \(files.weights.path)")
    let weights = try files.weights.rows(0..<files.weights.rows)
    let recipes = zip(candidates, scales).map { $0.recipe(scales: $1) }
    let input = try files.read(
      // A Linear outside a model has no full-precision input to be compared with.
      collecting: recipes.reduce(into: InputStatistics.Parts()) { $0.formUnion($1.neededParts) }
        .subtracting(.deviation))
    let problem = LinearProblem(name: shape.name, weights: weights)
    let session = StageSession(
      StageProblem([StageProblem.Group([problem], input: input)], scaling: InputScaling()))
    var solutions: [StageSolution] = []
    var results: [ComparisonReport.Candidate] = []
    for (i, settings) in candidates.enumerated() {
      try progress(
        Double(i) / Double(candidates.count), "\(settings.method.name) \(settings.label)")
      let begin = clock.now
      let solution = try session.solve(recipes[i], measuringRows: true)
      let compared = ComparedLinear(
        problem: problem, solution: solution.linears[0], factors: solution.factors,
        expert: nil, seconds: (clock.now - begin).seconds)
      results.append(
        ComparisonReport.Candidate(
          method: settings.method.name, scheme: settings.label, bits: settings.scheme.bits,
          linears: [LinearComparison(compared, block: nil, settings, recipes[i])]))
      solutions.append(solution)
    }
    // A ready-made Hessian does not say how many tokens it averages.
    let isHessian = if case .hessian = files.input { true } else { false }
    let report = ComparisonReport(
      model: shape.name, calibrationTokens: isHessian ? 0 : input.calibration?.tokenCount ?? 0,
      heldOutTokens: input.heldOut?.tokenCount ?? 0, candidates: results,
      seconds: (clock.now - start).seconds)
    return (report, solutions)
  }

  /// Warnings about a recipe's result, to be read before it is written.
  ///
  /// - Throws: ``RunError`` when no format holds it, or no engine would load it.
  public func warnings(of candidate: Int) throws -> [Warning] {
    guard !candidates[candidate].method.keepsOutliers else { throw RunError.cannotStoreOutliers }
    let settings = candidates[candidate]
    return try EngineCheck([(shape, settings.linearScheme)], in: settings.format).warnings
  }

  /// Writes a recipe's result: the tensors of its format, and `input_factors` if the input channels
  /// must be divided by factors first.
  ///
  /// - Throws: ``CheckpointError`` when the file exists or cannot be written.
  public func write(_ solution: StageSolution, of candidate: Int, to path: String) throws {
    let settings = candidates[candidate]
    var tensors: [(NamedShape, [UInt8])] = []
    for linear in solution.linears {
      tensors += zip(
        settings.format.layout(of: shape, settings.linearScheme, scales: scales[candidate]),
        settings.format.encode(linear.linear.widened, scales: scales[candidate]))
    }
    if let factors = solution.factors {
      tensors.append(
        (
          NamedShape("\(shape.name).input_factors", .float32, [factors.count]),
          FloatFormat.float32.encode(factors)
        ))
    }
    try SafetensorsFile.write(tensors, to: path)
  }
}
