internal import LinearAlgebra
internal import Quantizer
internal import Solvers
internal import Transformer

// The two stages of a sublayer as problems, and their solutions put in place.

extension Sublayer {
  /// The Linears that read the normalized hidden states; the norm takes up what they are scaled by.
  ///
  /// - Parameters:
  ///   - input: the statistics of that input.
  ///   - windows: hidden states to judge by the sublayer's output on, where a transform does so.
  /// - Returns: the stage, with what the norm asks of factors.
  func inputStage(_ input: LayerInput, judgedOn windows: [Matrix]) -> StageProblem {
    StageProblem(
      inputLinears.map { LayerProblem(name: $0.name, weights: $0.weight, input: input) },
      scaling: InputScaling(
        storable: { [self] in storableInputFactors($0) },
        outputLoss: windows.isEmpty ? nil : outputLoss(on: windows)))
  }

  /// The Linear that writes to the residual stream; the rows of the producer take up what it is
  /// scaled by, each in its own scales.
  ///
  /// - Parameters:
  ///   - input: the statistics of its input.
  ///   - recipe: what is stored of the producer; where all rows share one scale, they cannot take up
  ///     different factors.
  /// - Returns: the stage, with what the producer asks of factors.
  func innerStage(_ input: LayerInput, _ recipe: Recipe) -> StageProblem {
    StageProblem(
      [LayerProblem(name: outputLinear.name, weights: outputLinear.weight, input: input)],
      scaling: recipe.gridRule.encoding.absorbsRowFactors(recipe.scheme)
        ? InputScaling(
          sharing: innerSharing, storable: { [self] in storableInnerFactors($0) })
        : nil)
  }

  /// Puts the solution of the input stage in place.
  mutating func adopt(input solution: StageSolution) {
    if let factors = solution.factors { divideInput(by: factors) }
    for (i, linear) in solution.linears.enumerated() { inputLinears[i].adopt(linear.linear) }
  }

  /// Puts the solution of the inner stage in place.
  ///
  /// - Returns: all solutions of the sublayer in the order of the computation, that of the producer
  ///   with the factors taken up by its rows.
  /// - Throws: ``StageError`` when a scale leaves the range of its format.
  mutating func adopt(
    inner solution: StageSolution, after input: StageSolution, encoding: any GridEncoding
  ) throws(StageError) -> [LayerSolution] {
    var solutions = input.linears
    if let factors = solution.factors {
      let rows = producerFactors(factors)
      do throws(SolverError) {
        solutions[producer] = try solutions[producer].dividingRows(by: rows, encoding: encoding)
      } catch {
        throw StageError(linear: solutions[producer].name, cause: error)
      }
      divideProducerBias(by: rows)
      inputLinears[producer].adopt(solutions[producer].linear)
    }
    outputLinear.adopt(solution.linears[0].linear)
    return solutions + solution.linears
  }

  /// The mean squared error of the sublayer's output when its input Linears get other weights.
  private func outputLoss(on windows: [Matrix]) -> @Sendable ([Matrix]) -> Double {
    let inputs = windows.map(input)
    let outputs = inputs.map { outputLinear(inner($0)) }
    let count = outputs.reduce(0) { $0 + $1.elements.count }
    return { weights in
      var candidate = self
      for (i, weight) in weights.enumerated() { candidate.inputLinears[i].weight = weight }
      let sums = Threads.map(inputs.count) { [candidate] i in
        candidate.outputLinear(candidate.inner(inputs[i])).squaredDistance(to: outputs[i])
      }
      return sums.reduce(0, +) / Double(max(1, count))
    }
  }
}

extension Linear {
  /// Takes the weights that a quantized Linear stands for, and what rounds its inputs.
  fileprivate mutating func adopt(_ quantized: QuantizedLinear) {
    weight = quantized.dequantized()
    activations = quantized.activations
    keptChannels = quantized.kept?.channels ?? []
  }
}

extension Matrix {
  /// ‖A − B‖².
  fileprivate func squaredDistance(to other: Matrix) -> Double {
    (0..<rows).reduce(0) { sum, row in
      let (a, b) = (self.row(row), other.row(row))
      var part: Float = 0
      for j in a.indices { part += (a[j] - b[j]) * (a[j] - b[j]) }
      return sum + Double(part)
    }
  }
}
