// The hidden states of all windows on their way through a block: in what order windows are seen, and
// that neither bundles nor a small memory change what is computed.

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

extension CalibrationSet {
  /// 110 windows of 37 tokens to learn from and 10 to judge: three bundles, none of whose edges is a
  /// multiple of the rows that a product takes at a time.
  fileprivate static let uneven = CalibrationSet(
    calibration: (0..<110).map { TinyModel.tokens(37, seed: $0) },
    heldOut: (110..<120).map { TinyModel.tokens(37, seed: $0) }, length: 37)
}

/// Windows of these lengths, in random states.
private func windows(_ lengths: [Int]) -> [Matrix] {
  lengths.enumerated().map { .gaussian($1, TinyModel.hiddenSize, seed: UInt64($0)) }
}

/// The statistics of the rows of a matrix.
private func statistics(_ x: Matrix) -> InputStatistics {
  var result = InputStatistics(channels: x.columns, collecting: [])
  result.add(x)
  return result
}

/// ‖A − B‖² / ‖B‖².
private func distance(_ a: Matrix, _ b: Matrix) throws -> Double {
  let both = try pairs(a.elements, b.elements)
  let lost = both.reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
  return lost / max(1e-30, both.reduce(0) { $0 + Double($1.1) * Double($1.1) })
}

@Suite struct `A stream of hidden states` {
  @Test(arguments: [
    [37], [1], [2048], [2049], [5000, 1], [1000, 1000, 48, 1], [Int](repeating: 37, count: 120),
    [Int](repeating: 1, count: 4097),
  ])
  func `shows every window once and in order, with its own inputs`(lengths: [Int]) throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open().block(0)
      let windows = windows(lengths)
      var states = windows.map { block.program.enter($0) }
      var stream = Stream(windows)
      try stream.enter(block)
      for stage in block.program.stages.indices {
        var seen: [Int] = []
        var worst = 0.0
        var failure: (any Error)?
        try stream.visit(stage, of: block) { window, inputs in
          seen.append(window)
          do {
            worst = max(worst, try distance(inputs[0], block.input(of: stage, states[window])))
          } catch { failure = error }
        }
        if let failure { throw failure }
        #expect(seen == Array(windows.indices))
        // A window's rows in a longer product are rounded differently.
        #expect(worst < 1e-9, "stage \(stage)")
        for i in states.indices {
          var state = [states[i]]
          block.advance(&state, past: stage)
          states[i] = state[0]
        }
      }
      try stream.leave(block)
      for (a, b) in try pairs(try stream.windows, states) {
        #expect(try distance(a, b.hidden) < 1e-9)
      }
    }
  }

  @Test func `counts first positions four times, but not inside an MLP`() throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open().block(0)
      let windows = windows([37, 40, 19, 1, 1, 1])
      var stream = Stream(windows)
      try stream.enter(block)
      for (stage, declared) in block.program.stages.enumerated() {
        var inputs: [Matrix] = []
        try stream.visit(stage, of: block) { inputs.append($1[0]) }
        let measured = try stream.measure(
          of: stage, block, WindowRoles(calibration: 2, heldOut: 1), collecting: [])[0]
        let first = Matrix(stacking: Array(inputs[3...]))
        #expect(measured.first == first)
        var expected = statistics(Matrix(stacking: Array(inputs[..<2])))
        let counted = declared.slots[0].readsActivations ? 0 : 4
        for _ in 0..<counted { expected.merge(statistics(first)) }
        let calibration = try #require(measured.calibration)
        #expect(calibration.tokenCount == 77)
        // Means divide by all weights, so those have to be right as well.
        for (a, b) in try pairs(calibration.meanSquares, expected.meanSquares) {
          #expect(abs(a - b) <= 1e-5 * b, "stage \(stage)")
        }
        #expect(measured.heldOut?.tokenCount == 19)
      }
    }
  }

  /// Weights, inputs, and the queries, keys and probabilities of attention are rounded to eight bits.
  @Test(.enabled(if: ProductEngine.bfloat16.problem == nil), arguments: [1, 100, 300])
  func `stays near where products are computed in bfloat16`(length: Int) throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open().block(0)
      var rounded = block
      rounded.weights.engine = .bfloat16
      let windows = windows([length])
      var (exact, near) = (Stream(windows), Stream(windows))
      try exact.pass(block)
      try near.pass(rounded)
      let change = try distance(try exact.windows[0], windows[0])
      let error = try distance(try near.windows[0], try exact.windows[0])
      #expect(error > 0 && error < 1e-4 * change, "\(error) of \(change)")
    }
  }

  @Test(arguments: [0, 1, 260_480, 260_481, 520_961, 1_300_000, Int.max])
  func `gives the same with any memory for what lies between stages`(budget: Int) throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open(.mixture()).block(1)
      func walk(_ budget: Int) throws -> [[Matrix]] {
        var stream = Stream(
          windows([Int](repeating: 37, count: 120)), heldBudget: budget)
        var seen: [[Matrix]] = []
        for _ in 0..<2 {
          try stream.enter(block)
          for stage in block.program.stages.indices {
            try stream.visit(stage, of: block) { seen.append($1) }
          }
          try stream.leave(block)
          seen.append(try stream.windows)
        }
        return seen
      }
      let (little, much) = (try walk(budget), try walk(.max))
      #expect(little == much)
    }
  }

  @Test func `passes a block as it does stage by stage`() throws {
    try TemporaryFolder.with { folder in
      for model in [try folder.open(), try folder.open(.mixture(), as: "mixture")] {
        let block = try model.block(0)
        var (visited, passed) = (Stream(windows([30, 40])), Stream(windows([30, 40])))
        try visited.enter(block)
        for stage in block.program.stages.indices {
          try visited.visit(stage, of: block) { _, _ in }
        }
        try visited.leave(block)
        try passed.pass(block)
        let (one, other) = (try visited.windows, try passed.windows)
        #expect(one == other)
      }
    }
  }

  @Test func `without windows stays empty`() throws {
    try TemporaryFolder.with { folder in
      let block = try folder.open().block(0)
      var stream = Stream([])
      try stream.pass(block)
      try stream.enter(block)
      try stream.visit(0, of: block) { _, _ in Issue.record("there is no window") }
      try stream.leave(block)
      let left = try stream.windows
      #expect(stream.isEmpty && left.isEmpty)
    }
  }
}

@Suite struct `A run in little memory` {
  /// The files of a run of the tiny model, with so many bytes beyond what it needs at least, or any number; and whether
  /// its hidden states had to wait in a file.
  private func contents(
    _ settings: QuantizationSettings, of model: LanguageModel, spare: Int?,
    in folder: TemporaryFolder, _ output: String = "out"
  ) throws -> (files: [String: [UInt8]], isAway: Bool) {
    func run(_ memory: MemoryBudget) throws -> QuantizationRun {
      try QuantizationRun(
        model: model, settings: settings, calibration: .uneven, output: folder.path(output),
        memory: memory)
    }
    let least = try run(.unlimited).memory.least
    let run = try run(spare.map { .bytes(least + $0) } ?? .unlimited)
    _ = try run.run()
    defer { try? folder.remove(output) }
    return (try folder.contents(of: output), run.memory.putsStatesAway)
  }

  /// A stream of 4440 rows takes 568 KB, and attention's context as much; bundles of 2035 rows fit one by one.
  @Test(arguments: [0, 1, 500_000, 800_000, 1_100_000, 1_600_000, 3_000_000])
  func `writes the same bytes by GPTQ, whatever waits in a file or is computed twice`(
    spare: Int
  ) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let much = try contents(.bits(3), of: model, spare: nil, in: folder)
      let little = try contents(.bits(3), of: model, spare: spare, in: folder)
      #expect(much.files.count == 4 && !much.isAway)
      #expect(little.files == much.files)
      #expect(little.isAway == (spare < 3_000_000))
      let other = try folder.open(TinyModel(seed: 2), as: "other")
      #expect(
        try contents(.bits(3), of: other, spare: spare, in: folder).files != much.files)
    }
  }

  @Test func `writes the same bytes beside a full-precision stream`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let settings = try QuantizationSettings(
        scheme: Scheme(bits: 3, symmetric: true, granularity: .group(16)),
        correction: TargetCorrection(.fixed(0.5)))
      let much = try contents(settings, of: model, spare: nil, in: folder)
      let little = try contents(settings, of: model, spare: 0, in: folder)
      #expect(little.isAway && little.files == much.files)
    }
  }

  @Test func `writes the same bytes of a mixture by GPTQ`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.mixture())
      let much = try contents(.bits(3), of: model, spare: nil, in: folder)
      #expect(try contents(.bits(3), of: model, spare: 0, in: folder).files == much.files)
    }
  }

  @Test func `leaves no file behind, and says when even the least is too much`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      _ = try contents(.bits(3), of: model, spare: 0, in: folder, "deep/out")
      #expect(try folder.names(in: "deep") == [])
      #expect {
        _ = try QuantizationRun(
          model: model, settings: .bits(3), calibration: .uneven, output: folder.path("out"),
          memory: .bytes(1_000_000))
      } throws: {
        "\($0)".contains("a memory budget of 1 MB is too small: the run needs about 30")
      }
      // What happens to be available may be too little and do all the same.
      let run = try QuantizationRun(
        model: model, settings: .bits(3), calibration: .uneven, output: folder.path("out"),
        memory: .available(0))
      #expect(try run.run().linears.count == 14)
    }
  }

  // Where v or up has taken up factors, what is computed again comes from rows that are divided
  // already, and what was kept is divided afterwards: the same but for rounding. Before the first
  // such stage nothing differs.
  @Test func `writes nearly the same where producers take up factors`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      func quantize(_ name: String, _ memory: MemoryBudget) throws -> LanguageModel {
        let run = try QuantizationRun(
          model: model, settings: .bits(4, .awqGPTQ), calibration: .uneven,
          output: folder.path(name), memory: memory)
        let report = try run.run()
        #expect(report.linears.contains { $0.name.hasSuffix(".o_proj") && $0.hasScaledInput })
        return try LanguageModel(ModelFolder(path: folder.path(name)))
      }
      let much = try quantize("much", .unlimited)
      let little = try quantize("little", .available(0))
      for (i, linear) in model.linears.enumerated() {
        let a = try #require(try much.quantizedLinear(linear)).weight
        let b = try #require(try little.quantizedLinear(linear)).weight
        if i < 4 {
          #expect(a == b, "\(linear.name)")
        } else {
          #expect(try difference(a.codes, b.codes) < 0.01, "\(linear.name)")
          for (a, b) in try pairs(a.grid.scales.elements, b.grid.scales.elements) {
            #expect(abs(a / b - 1) < 1e-3, "\(linear.name)")
          }
        }
      }
    }
  }
}

extension Pipeline.Stream {
  /// A visit without a reference.
  fileprivate mutating func visit(
    _ stage: Int, of block: DecoderBlock, _ use: (_ window: Int, _ inputs: [Matrix]) -> Void
  ) throws {
    var alone: ReferenceStream?
    try visit(stage, of: block, beside: &alone) { window, inputs, _ in use(window, inputs) }
  }
}
