// What is solved together, and when a solution is final.

import Checkpoint
import Formats
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

@testable import Pipeline

private func slot(_ name: String, _ absorber: Absorber? = nil, staysDense: Bool = false) -> Slot {
  Slot(name, rows: 8, columns: 8, absorber: absorber, staysDense: staysDense)
}

@Suite struct `The units of a stage that share factors` {
  private let norm = Absorber.norm("norm")
  private let other = Absorber.norm("other")
  private let up = Absorber.rows(of: "up", [0])
  private let value = Absorber.rows(of: "value", [0])

  @Test func `are the groups behind one absorber`() {
    #expect(Stage([[slot("q", norm), slot("k", norm)]]).scalingUnits == [[0]])
    #expect(
      Stage([[slot("a", norm)], [slot("b", norm)], [slot("c", norm)]]).scalingUnits == [[0, 1, 2]])
    // Side by side behind norms of their own, or the experts' last Linears behind their ups.
    #expect(Stage([[slot("a", norm)], [slot("b", other)]]).scalingUnits == [[0], [1]])
    #expect(
      Stage([[slot("a", up)], [slot("b", value)], [slot("c", up)]]).scalingUnits == [[0, 2], [1]])
    // The same rows of another Linear, or other rows of the same one, are another absorber.
    let rows = Absorber.rows(of: "up", [1])
    #expect(Stage([[slot("a", up)], [slot("b", rows)]]).scalingUnits == [[0], [1]])
  }

  @Test func `are single groups where nothing takes factors up`() {
    #expect(Stage([[slot("a")], [slot("b")]]).scalingUnits == [[0], [1]])
    #expect(
      Stage([[slot("a")], [slot("b", norm)], [slot("c")], [slot("d", norm)]]).scalingUnits
        == [[0], [1, 3], [2]])
  }

  @Test func `leave out what is never quantized`() {
    let router = slot("router", norm, staysDense: true)
    #expect(Stage([[router]]).scalingUnits.isEmpty)
    #expect(Stage([[router], [slot("a", norm)]]).scalingUnits == [[1]])
    #expect(Stage([[router, slot("a", norm)]]).scalingUnits == [[0]])
    #expect(Stage([]).scalingUnits.isEmpty)
  }

  @Test func `are every Linear of a mixture once, and never its router`() throws {
    try TemporaryFolder.with { folder in
      let stages = try folder.open(.mixture()).declaration.blocks[0].stages
      // q/k/v; o; the router; gate and up of all experts; down of each expert.
      #expect(
        stages.map(\.scalingUnits) == [[[0]], [[0]], [], [[0, 1, 2, 3]], [[0], [1], [2], [3]]])
    }
  }
}

@Suite struct `The solutions of a block` {
  /// Solves a block without calibration, with given factors wherever something takes them up; gives
  /// what is final after each stage, and the block with all in place.
  private func solve(
    _ model: LanguageModel, factor: Float?
  ) throws -> (delivered: [[SolvedLinear]], solved: [StageSolution], block: DecoderBlock) {
    let transform = factor.map { ConstantFactors(factor: $0) }
    let recipe = Recipe(
      scheme: try Scheme(bits: 4, symmetric: true, granularity: .channel),
      gridRule: GridRule(range: .minMax, scaleFormat: .float32), rounding: NearestRounding(),
      transform: transform)
    var block = try model.block(0)
    var solutions = BlockSolutions(block.program)
    var (delivered, solved) = ([[SolvedLinear]](), [StageSolution]())
    for (stage, declared) in block.program.stages.enumerated() {
      for unit in declared.scalingUnits {
        let inputs = declared.groups.map { _ in CalibratedInput() }
        let solution = try recipe.solve(
          block.problem(unit, of: stage, inputs, judgedOn: []))
        solved.append(solution)
        try solutions.adopt(
          solution, of: unit, stage, into: &block, encoding: recipe.gridRule.encoding)
      }
      delivered.append(solutions.takeFinal(after: stage))
    }
    return (delivered, solved, block)
  }

  /// The names without the block's.
  private func names(_ solved: [SolvedLinear]) -> [Substring] {
    solved.map { $0.solution.name.split(separator: ".").dropFirst(4).joined(separator: ".")[...] }
  }

  @Test(arguments: [nil, 2] as [Float?])
  func `are delivered once, in order, when nothing will change them`(factor: Float?) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let (delivered, _, _) = try solve(model, factor: factor)
      // v waits for o, which it may take up factors of; and up for down.
      #expect(
        delivered.map(names) == [
          ["q_proj", "k_proj"], ["v_proj", "o_proj"], ["gate_proj"], ["up_proj", "down_proj"],
        ])
      #expect(
        delivered.joined().map(\.solution.name) == model.declaration.linears(block: 0).map(\.name))
      #expect(delivered.joined().allSatisfy { $0.hasScaledInput == (factor != nil) })
    }
  }

  @Test func `of a mixture keep the order of the computation behind the first that waits`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.mixture())
      let (delivered, _, _) = try solve(model, factor: 2)
      #expect(delivered.map(\.count) == [2, 2, 0, 1, 11])
      #expect(names(delivered[3]) == ["experts.0.gate_proj"])
      #expect(
        delivered.joined().map(\.solution.name) == model.declaration.linears(block: 0).map(\.name))
    }
  }

  @Test func `have their rows divided by the factors that they take up, and so has the block`()
    throws
  {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let (delivered, solved, block) = try solve(model, factor: 2)
      let found = Dictionary(
        uniqueKeysWithValues: delivered.joined().map { ($0.solution.name, $0.solution) })
      for solution in solved.flatMap(\.linears) {
        let stored = try #require(found[solution.name])
        let takesUp = ["v_proj", "up_proj"].contains(where: solution.name.hasSuffix)
        let scales = solution.quantized.grid.scales.elements.map { takesUp ? $0 / 2 : $0 }
        #expect(stored.quantized.grid.scales.elements == scales, "\(solution.name)")
        #expect(stored.quantized.codes == solution.quantized.codes, "\(solution.name)")
        #expect(stored.error == solution.error)
        #expect(block.weights.linear(solution.name).weight == stored.linear.dequantized())
      }
      for norm in block.program.norms where norm.name.hasSuffix("layernorm") {
        let before = try #require(try model.block(0).weights.norms[norm.name]).gain
        #expect(block.weights.norms[norm.name]?.gain == before.map { $0 / 2 })
      }
    }
  }
}

/// The same factor for every channel.
private struct ConstantFactors: Transform {
  let factor: Float
  var mustImprove: Bool { false }

  func factors(
    for stage: StageProblem, _ scaling: InputScaling, _ trial: ScaleTrial
  ) throws(SolverError) -> [Float]? {
    [Float](repeating: factor, count: stage.linears[0].weights.columns)
  }
}
