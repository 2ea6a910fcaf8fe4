// Tensors that absorb factors are stored in few bits, so factors are chosen such that the result is
// stored exactly.

import Checkpoint
import Formats
import LinearAlgebra
import TestSupport
import Testing
import Transformer

@Suite struct `What takes up factors` {
  /// Models in every storage format of tensors, with every kind of absorber.
  static let names = [
    "llama", "llama-tied-bf16", "llama-f16", "llama-biases", "qwen2-windows-old", "gemma3",
    "gemma3-old", "gpt-neox", "gpt-neox-old", "qwen3-moe", "qwen3-moe-old",
  ]

  @Test(arguments: names)
  func `is stored exactly as it is used`(name: String) throws {
    let model = try Fixtures.model(name)
    for index in model.declaration.blocks.indices {
      var block = try model.block(index)
      let before = block.denseTensors
      for tensor in before {
        let stored = try #require(model.folder.tensor(tensor.name))
        // Safety: the closure only copies bytes.
        #expect(
          stored.withBytes { unsafe $0.withUnsafeBytes { unsafe [UInt8]($0) } } == tensor.bytes)
      }
      for (i, place) in block.program.places.enumerated() {
        block.fold(place, seed: UInt64(i))
      }
      let after = block.denseTensors
      #expect(after.map(\.name) == block.program.denseTensorNames)
      #expect(after.map(\.name) == before.map(\.name))
      let absorbing = block.program.places.flatMap(block.program.absorbingTensors)
      for (old, new) in zip(before, after) {
        #expect((old.bytes != new.bytes) == absorbing.contains(new.name), "\(new.name)")
      }
      try expectReload(of: block, after, model)
    }
  }

  /// Expects that the stored tensors, read back, are those that the block computes with.
  private func expectReload(
    of block: DecoderBlock, _ tensors: [(name: String, bytes: [UInt8])], _ model: LanguageModel
  ) throws {
    for (name, bytes) in tensors {
      let format = try #require(model.folder.tensor(name)?.shape.type.floatFormat)
      // Safety: a byte has no padding whose bits would be unknown.
      let values = unsafe format.decode(bytes.span.bytes)
      let module = String(name.prefix(upTo: name.lastIndex(of: ".") ?? name.endIndex))
      if let norm = block.weights.norms[module] {
        let expected = name.hasSuffix(".bias") ? norm.bias?.values : norm.gain
        let found =
          norm.declaration.gain == .fromOne ? values.map { 1 + $0 } : values
        #expect(found == expected, "\(name)")
      } else {
        let linear = block.weights.linear(module)
        #expect(
          values == (name.hasSuffix(".bias") ? linear.bias?.values : linear.weight.elements),
          "\(name)")
      }
    }
  }

  @Test(arguments: FloatFormat.allCases)
  func `takes factors close to the requested ones`(format: FloatFormat) throws {
    try TemporaryFolder.with { folder in
      let block = try openTiny(.qwen2, format, in: folder).block(0)
      // Half the distance between neighbouring values, plus the rounding of the quotient.
      let share: Float =
        switch format {
        case .float32: 0x1p-23
        case .float16: 0x1p-11 * 1.01
        case .bfloat16: 0x1p-8 * 1.01
        }
      var sharings: [Int] = []
      for place in block.program.places {
        var rows: [Int]?
        if case .rows(_, let made) = place { rows = made }
        let count = block.program.readers(of: place)[0].shape.columns
        let wanted = randomFactors(count, rows: rows, seed: 5)
        let found = block.storableFactors(wanted, for: place)
        #expect(found.count == wanted.count)
        for (a, b) in zip(found, wanted) { #expect(abs(a / b - 1) <= share) }
        guard let rows else { continue }
        sharings.append(Set(rows).count)
        for (channel, row) in rows.enumerated() {
          #expect(rows.firstIndex(of: row).map { found[$0] } == found[channel])
        }
      }
      // Two query heads share each of v's 16 rows; each of up's 64 makes one channel.
      #expect(sharings == [16, 64])
    }
  }

  @Test func `takes powers of two where a bias or a router must be exact too`() throws {
    for (name, index) in [("gpt-neox", 0), ("qwen3-moe-old", 1)] {
      let block = try Fixtures.model(name).block(0)
      let norms = block.program.places.filter { if case .norm = $0 { true } else { false } }
      let wanted: [Float] = (0..<48).map { 0.3 + Float($0) / 7 }
      let count = block.program.readers(of: norms[index])[0].shape.columns
      let found = block.storableFactors(Array(wanted.prefix(count)), for: norms[index])
      #expect(found.allSatisfy { $0.significand == 1 })
      for (a, b) in zip(found, wanted) { #expect(a / b < 1.4143 && b / a < 1.4143) }
    }
  }

  @Test func `is left alone where it is zero or the division is not possible`() throws {
    try TemporaryFolder.with { folder in
      var tiny = TinyModel(.float16)
      tiny.replace("model.layers.0.input_layernorm.weight") {
        var gains = [Float](repeating: 1, count: 32)
        gains.replaceSubrange(0..<3, with: [0, 0x1p-24, 60000])
        return .init($0.name, $0.type, $0.shape, FloatFormat.float16.encode(gains))
      }
      try tiny.write("model", in: folder)
      let model = try LanguageModel(ModelFolder(path: folder.path("model")))
      var block = try model.block(0)
      let place = Absorber.norm("model.layers.0.input_layernorm")
      var wanted = [Float](repeating: 2, count: 32)
      wanted.replaceSubrange(0..<3, with: [3, 100, 1e-3])
      let found = block.storableFactors(wanted, for: place)
      // 2⁻²⁴ / 100 is 0 in float16, and 60000 · 1000 is infinite.
      #expect(found[0] == 3 && found[1] == 1 && found[2] == 1 && found[3] == 2)
      block.absorb(found, into: place)
      let gain = try #require(block.weights.norms["model.layers.0.input_layernorm"]).gain
      #expect(Array(gain.prefix(4)) == [0, 0x1p-24, 60000, 0.5])
    }
  }
}
