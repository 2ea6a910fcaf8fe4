internal import Hessian
internal import LinearAlgebra
internal import Quantizer

extension StageSession {
  /// Quantizes the Linears of the problem; preparation is done once for each input.
  ///
  /// - Parameters:
  ///   - recipe: how to quantize them.
  ///   - measuresRows: whether to measure the error of each output, for the worst row.
  /// - Returns: a solution for each Linear, in the same order, and the factors of the input.
  /// - Throws: ``StageError``, which names the Linear, when the recipe cannot be carried out.
  public func solve(
    _ recipe: Recipe, measuringRows measuresRows: Bool = false
  ) throws(StageError) -> StageSolution {
    try checkFinite()
    let problem = try corrected(for: recipe)
    var best = try solve(problem, recipe, measuresRows)
    for rounding in recipe.alternatives {
      guard let least = best.heldOutError else { break }
      let other = try solve(problem, recipe.rounding(by: rounding), measuresRows)
      if let error = other.heldOutError, error < least { best = other }
    }
    return best
  }

  /// Solves for given targets, with and without the transform's factors where they must improve.
  private func solve(
    _ problem: StageProblem, _ recipe: Recipe, _ measuresRows: Bool
  ) throws(StageError) -> StageSolution {
    guard let name = problem.linears.first?.name, let transform = recipe.transform,
      let scaling = problem.scaling,
      !scaling.isTakenUpByRows || recipe.gridRule.encoding.absorbsRowFactors(recipe.scheme)
    else { return try attempt(problem, recipe, factors: nil, nil, measuresRows) }
    let (prepared, factors) = try named(name) { () throws(SolverError) in
      let prepared = try inputs.map { input throws(SolverError) in
        try recipe.rounding.prepared(for: input, recipe.scheme)
      }
      let trial = ScaleTrial(problem, recipe, pivots: prepared.map(\.pivots))
      return (prepared, try transform.factors(for: problem, scaling, trial))
    }
    guard let factors else {
      return try attempt(problem, recipe, factors: nil, prepared, measuresRows)
    }
    let scaled = try attempt(problem, recipe, factors: factors, nil, measuresRows)
    guard transform.mustImprove else { return scaled }
    let plain = try attempt(problem, recipe, factors: nil, prepared, measuresRows)
    return scaled.loss < plain.loss ? scaled : plain
  }

  /// Checks the numbers that every method starts from.
  private func checkFinite() throws(StageError) {
    for group in problem.groups {
      try named(group.linears.first?.name ?? "") { () throws(SolverError) in
        let first = group.input.first.flatMap(NonFiniteInput.init(in:))
        if let found = group.input.calibration?.nonFinite ?? first {
          throw .factor(.nonFinite(found))
        }
        if let found = group.input.heldOut?.nonFinite { throw .heldOut(found) }
      }
      for linear in group.linears {
        try named(linear.name) { () throws(SolverError) in
          do throws(GridError) { try linear.weights.checkFinite() } catch { throw .grid(error) }
        }
      }
    }
  }

  /// The problem with corrected targets.
  private func corrected(for recipe: Recipe) throws(StageError) -> StageProblem {
    guard let correction = recipe.correction, let name = problem.linears.first?.name else {
      return problem
    }
    var groups: [StageProblem.Group] = []
    for (group, input) in zip(problem.groups, inputs) {
      groups.append(
        try named(group.linears.first?.name ?? name) { () throws(SolverError) in
          try correction.corrected(group, input, for: recipe)
        })
    }
    return StageProblem(groups, scaling: problem.scaling)
  }

  /// Solves with given factors; `prepared` may hold the rounding prepared for each unscaled input.
  private func attempt(
    _ problem: StageProblem, _ recipe: Recipe, factors: [Float]?,
    _ prepared: [any PreparedRounding]?, _ measuresRows: Bool
  ) throws(StageError) -> StageSolution {
    var solutions: [LinearSolution] = []
    var losses: [Double] = []
    for (i, share) in problem.shares.enumerated() {
      let group = problem.groups[i]
      guard let name = group.linears.first?.name else { continue }
      var solvers: [Scheme: GroupSolver] = [:]
      for (j, linear) in group.linears.enumerated() {
        let scheme = linear.scheme ?? recipe.scheme
        let solver: GroupSolver
        if let made = solvers[scheme] {
          solver = made
        } else {
          solver = try named(name) { () throws(SolverError) in
            // What was prepared is for the recipe's own scheme.
            let known = scheme == recipe.scheme ? prepared?[i] : nil
            return try GroupSolver(recipe.storing(scheme), inputs[i], factors: factors, known)
          }
          solvers[scheme] = solver
        }
        let whole = energy(group: i, linear: j, byRow: measuresRows)
        let (solution, part) = try named(linear.name) { () throws(SolverError) in
          try solver.solve(linear, group.input, whole, byRow: measuresRows)
        }
        solutions.append(solution)
        losses.append(share * part)
      }
    }
    return StageSolution(linears: solutions, factors: factors, losses: losses)
  }

  /// Runs a closure and attributes its error to a Linear.
  private func named<Result>(
    _ linear: String, _ body: () throws(SolverError) -> Result
  ) throws(StageError) -> Result {
    do throws(SolverError) {
      return try body()
    } catch {
      throw StageError(linear: linear, cause: error)
    }
  }
}
