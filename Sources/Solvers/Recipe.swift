public import Quantizer

/// One choice of each: what may be stored, how the grid is chosen, how weights are rounded to it.
///
/// ```swift
/// let recipe = Recipe(
///   scheme: try Scheme(bits: 4, symmetric: true, granularity: .group(128)),
///   gridRule: GridRule(range: .squaredError, scaleFormat: .float16),
///   rounding: NearestPlaneRounding())
/// let solution = try recipe.solve(LayerProblem(name: "q_proj", weights: weights, input: input))
/// ```
public struct Recipe: Sendable {
  /// What may be stored.
  public let scheme: Scheme
  /// How scales and zero points are chosen.
  public let gridRule: GridRule
  /// How codes are chosen.
  public let rounding: any Rounding

  /// A recipe of given choices.
  public init(scheme: Scheme, gridRule: GridRule, rounding: any Rounding) {
    self.scheme = scheme
    self.gridRule = gridRule
    self.rounding = rounding
  }

  /// Quantizes one Linear.
  ///
  /// Pure: the same problem gives the same solution.
  ///
  /// - Throws: ``SolverError`` when it cannot be done as asked.
  public func solve(_ problem: LayerProblem) throws(SolverError) -> LayerSolution {
    try solve(problem, with: rounding.prepared(for: problem.input))
  }

  /// Quantizes Linears that share one input, whose preparation is done once.
  ///
  /// - Parameter problems: the Linears; each refers to the same input.
  /// - Returns: a solution for each, in the same order.
  /// - Throws: ``StageError``, which names the Linear, when one cannot be done as asked.
  public func solve(stage problems: [LayerProblem]) throws(StageError) -> [LayerSolution] {
    guard let first = problems.first else { return [] }
    var current = first.name
    do throws(SolverError) {
      let prepared = try rounding.prepared(for: first.input)
      var solutions: [LayerSolution] = []
      for problem in problems {
        current = problem.name
        solutions.append(try solve(problem, with: prepared))
      }
      return solutions
    } catch {
      throw StageError(linear: current, cause: error)
    }
  }

  private func solve(
    _ problem: LayerProblem, with prepared: any PreparedRounding
  ) throws(SolverError) -> LayerSolution {
    do throws(GridError) {
      let grid = try gridRule.grid(for: problem.weights, scheme: scheme)
      let quantized = prepared.round(problem.weights, on: grid)
      return LayerSolution(
        name: problem.name, quantized: quantized, error: LayerError(of: quantized, in: problem),
        conditioning: prepared.conditioning)
    } catch {
      throw .grid(error)
    }
  }
}

/// A failure with the name of the Linear it concerns.
public struct StageError: Error, CustomStringConvertible {
  /// The Linear.
  public let linear: String
  /// What went wrong.
  public let cause: SolverError

  /// The name and the cause.
  public var description: String { "\(linear): \(cause)" }
}
