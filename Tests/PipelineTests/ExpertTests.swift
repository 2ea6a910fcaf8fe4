// What experts of a mixture learn from: their own tokens, all of them, or all where their own are few.

import Checkpoint
import Formats
import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

@testable import Pipeline

private let windows = (0..<16).map { Matrix.gaussian(32, TinyModel.hiddenSize, seed: $0) }
private let roles = WindowRoles(calibration: 16)

/// The stage of a block whose Linears have names that end like this.
private func stage(_ ending: String, of block: DecoderBlock) throws -> Int {
  try #require(
    block.program.stages.firstIndex { $0.slots.contains { $0.name.hasSuffix(ending) } })
}

/// The statistics of a mixture's router and of its experts' gates, without and with the prior.
private func measured(
  _ block: DecoderBlock, experts: ExpertTokens = .routed
) throws -> (all: CalibratedInput, own: [CalibratedInput], completed: [CalibratedInput]) {
  var stream = Stream(windows, experts: experts)
  try stream.enter(block)
  var prior = ExpertPrior(block.program, collecting: [])
  let (router, gates) = (try stage("mlp.gate", of: block), try stage("0.gate_proj", of: block))
  for stage in 0..<gates { try prior.learn(from: stage, of: block, &stream, roles) }
  let own = try stream.measure(of: gates, block, roles, collecting: [])
  var again = Stream(windows)
  try again.enter(block)
  return (
    try again.measure(of: router, block, roles, collecting: [])[0], own,
    try prior.completing(own, of: gates, block, roles)
  )
}

@Suite struct `An expert with few tokens` {
  @Test func `leans on all tokens for those that it lacks`() throws {
    try TemporaryFolder.with { folder in
      let (all, own, completed) = try measured(try folder.open(.mixture()).block(0))
      let pool = try #require(all.calibration)
      let n = pool.channels
      #expect(pool.tokenCount == 16 * 32)
      #expect(own.map { $0.calibration?.tokenCount ?? -1 }.contains { $0 < 4 * n })
      #expect(own.map { $0.calibration?.tokenCount ?? -1 }.contains { $0 > 4 * n })
      for (own, found) in zip(own, completed) {
        let (own, found) = (try #require(own.calibration), try #require(found.calibration))
        #expect(found.tokenCount == own.tokenCount)
        let lacking = Double(max(0, 4 * n - own.tokenCount))
        let expected = (0..<n * n).map { element in
          let (i, j) = (min(element / n, element % n), max(element / n, element % n))
          let sum = own.upper(i, j) * Double(own.tokenCount) + pool.upper(i, j) * lacking
          return sum / (Double(own.tokenCount) + lacking)
        }
        let block = found.block(0..<n).elements
        for (a, b) in try pairs(block, expected) { #expect(abs(Double(a) - b) < 1e-4) }
      }
    }
  }

  @Test func `leans on nothing where the router has read no tokens`() throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open(.mixture()).block(0)
      var prior = ExpertPrior(block.program, collecting: [])
      for (index, stage) in block.program.stages.enumerated() {
        let inputs = stage.groups.map { group in
          CalibratedInput(
            calibration: InputStatistics(channels: group[0].shape.columns, collecting: []))
        }
        // A prior that has seen nothing has nothing to say.
        for input in try prior.completing(inputs, of: index, block, roles) {
          #expect(input.calibration?.trace == 0)
        }
      }
    }
  }
}

@Suite struct `The range of an expert's inputs` {
  @Test func `is that of all tokens where it has few`() throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open(.mixture()).block(0)
      var stream = Stream(windows)
      try stream.enter(block)
      var prior = ExpertPrior(block.program, collecting: [.ranges, .sample])
      let gates = try stage("0.gate_proj", of: block)
      for stage in 0..<gates { try prior.learn(from: stage, of: block, &stream, roles) }
      let own = try stream.measure(of: gates, block, roles, collecting: .ranges)
      let completed = try prior.completing(own, of: gates, block, roles)
      var again = Stream(windows)
      try again.enter(block)
      let all = try again.measure(
        of: try stage("mlp.gate", of: block), block, roles, collecting: .ranges)
      let widest = try #require(all[0].calibration?.ranges?.extent)
      for (own, found) in zip(own, completed) {
        let (own, found) = (try #require(own.calibration), try #require(found.calibration))
        let isStarved = own.tokenCount < 4 * own.channels
        #expect(found.ranges?.extent == (isStarved ? widest : own.ranges?.extent))
      }
    }
  }

  @Test func `is that of all tokens inside an expert without any`() throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open(.mixture()).block(0)
      var (routed, all) = (Stream(windows), Stream(windows, experts: .all))
      try routed.enter(block)
      try all.enter(block)
      var prior = ExpertPrior(block.program, collecting: .ranges)
      let down = try stage("0.down_proj", of: block)
      for stage in 0..<down { try prior.learn(from: stage, of: block, &routed, roles) }
      let own = try routed.measure(of: down, block, roles, collecting: .ranges)
      let shown = try all.measure(of: down, block, roles, collecting: .ranges)
      let completed = try prior.completing(own, of: down, block, roles)
      let empty = try #require(own.indices.first { own[$0].calibration?.tokenCount == 0 })
      let (found, expected) = (completed[empty].calibration, shown[empty].calibration)
      #expect(found?.tokenCount == 0 && expected?.tokenCount == 16 * 32)
      #expect(found?.ranges?.extent == expected?.ranges?.extent)
      for (a, b) in try pairs(
        try #require(found).meanSquares, try #require(expected).meanSquares)
      {
        #expect(abs(a - b) <= 1e-5 * b)
      }
    }
  }
}

@Suite struct `Experts that read all tokens` {
  @Test func `leave the model's outputs as they are`() throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open(.mixture()).block(0)
      var (routed, all) = (Stream(windows), Stream(windows, experts: .all))
      try routed.pass(block)
      try all.pass(block)
      for (a, b) in try pairs(routed.windows, all.windows) {
        for (a, b) in try pairs(a.elements, b.elements) { #expect(abs(a - b) < 1e-5) }
      }
    }
  }

  @Test func `learn from every one of them`() throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open(.mixture()).block(0)
      let (all, own, completed) = try measured(block, experts: .all)
      for input in own + completed {
        #expect(input.calibration?.tokenCount == all.calibration?.tokenCount)
        #expect(input.calibration?.meanSquares == all.calibration?.meanSquares)
      }
      var stream = Stream(windows, experts: .all)
      try stream.enter(block)
      let down = try stream.measure(
        of: try stage("0.down_proj", of: block), block, roles, collecting: [])
      #expect(down.allSatisfy { $0.calibration?.tokenCount == 16 * 32 })
    }
  }

  @Test func `never add what they were not chosen for`() throws {
    try TemporaryFolder.with { folder in
      var block = try folder.open(.mixture()).block(0)
      // The last expert is never chosen, and answers with infinities.
      for name in block.weights.linears.keys where name.contains("experts.3.down_proj") {
        let (rows, columns) = (TinyModel.hiddenSize, TinyModel.expertSize)
        block.weights.linears[name]?.weight = Matrix(rows: rows, columns: columns) { _, _ in
          .infinity
        }
      }
      var stream = Stream(windows, experts: .all)
      try stream.pass(block)
      let passed = try stream.windows
      #expect(passed.allSatisfy { $0.elements.allSatisfy(\.isFinite) })
    }
  }
}

@Suite struct `A stage in batches` {
  @Test(arguments: [0, 40_000, 1 << 40], [Method.gptq, Method(transform: .awq, rounding: .gptq)])
  func `gives the same whatever fits in memory`(budget: Int, method: Method) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.mixture())
      func solved(_ budget: Int) throws -> [[UInt8]] {
        var quantizer = BlockQuantizer(
          recipe: try QuantizationSettings.bits(4, method).recipe(scales: .float32),
          roles: roles)
        quantizer.statisticsBudget = budget
        var (block, stream) = (try model.block(0), Stream(windows))
        var original: Stream? = stream
        var codes: [[UInt8]] = []
        try quantizer.solve(&block, &stream, beside: &original) { solved in
          codes.append(solved.solution.quantized.codes)
        }
        return codes
      }
      #expect(try solved(budget) == solved(1 << 30))
    }
  }

  @Test func `holds as many experts as fit, and scaled ones together`() throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open(.mixture()).block(0)
      let gates = block.program.stages[try stage("0.gate_proj", of: block)]
      let one = 16 * TinyModel.hiddenSize * TinyModel.hiddenSize
      func groups(_ budget: Int, scalesInputs: Bool = false) -> [[[Int]]] {
        gates.batches(scalesInputs: scalesInputs, budget: budget)
      }
      #expect(groups(0) == [[[0]], [[1]], [[2]], [[3]]])
      #expect(groups(2 * one) == [[[0], [1]], [[2], [3]]])
      #expect(groups(3 * one) == [[[0], [1], [2]], [[3]]])
      #expect(groups(4 * one) == [[[0], [1], [2], [3]]])
      #expect(groups(0, scalesInputs: true) == [[[0, 1, 2, 3]]])
      let downs = block.program.stages[try stage("0.down_proj", of: block)]
      #expect(downs.batches(scalesInputs: true, budget: 0) == [[[0]], [[1]], [[2]], [[3]]])
      let router = block.program.stages[try stage("mlp.gate", of: block)]
      #expect(router.batches(scalesInputs: false, budget: one).isEmpty)
      #expect(router.batches(scalesInputs: true, budget: one).isEmpty)
    }
  }
}
