// What takes up factors is stored in few bits: factors are chosen so that it is stored exactly.

import Checkpoint
import LinearAlgebra
import TestSupport
import Testing
import Transformer

@Suite struct `What takes up factors` {
  @Test(arguments: TinyModel.Family.allCases, FloatFormat.allCases)
  func `is stored as it is used`(family: TinyModel.Family, format: FloatFormat) throws {
    try TemporaryFolder.with { folder in
      let model = try openTiny(family, format, in: folder)
      for layer in 0..<2 {
        var stored: [String] = []
        for (half, mappings) in [[Mapping.normToQKV, .valueToOutput], [.normToGateUp, .upToDown]]
          .enumerated()
        {
          var sublayer = try model.block(layer).sublayers[half]
          let before = sublayer
          for mapping in mappings { sublayer.fold(mapping, nil, seed: 7) }
          let tensors = sublayer.foldingTensors
          stored += tensors.map(\.name)
          // Safety: a byte has no padding whose bits would be unknown.
          let values = tensors.map { unsafe format.decode($0.bytes.span.bytes) }
          #expect(values[0] == sublayer.norm.gain && values[0] != before.norm.gain)
          if let bias = sublayer.inputLinears[sublayer.producer].bias {
            #expect(values[1] == bias.values)
            #expect(values[1] != before.inputLinears[sublayer.producer].bias?.values)
          }
        }
        #expect(Set(stored) == Set(model.foldingTensorNames(layer)))
      }
    }
  }

  @Test(arguments: FloatFormat.allCases)
  func `takes factors near those that were asked for`(format: FloatFormat) throws {
    try TemporaryFolder.with { folder in
      let sublayer = try openTiny(.qwen2, format, in: folder).block(0).sublayers[0]
      let wanted = randomFactors(32, sharing: sublayer.innerSharing, seed: 5)
      // Half of the distance of two neighbours, and a rounding of the quotient.
      let share: Float =
        switch format {
        case .float32: 0x1p-23
        case .float16: 0x1p-11 * 1.01
        case .bfloat16: 0x1p-8 * 1.01
        }
      for found in [sublayer.storableInputFactors(wanted), sublayer.storableInnerFactors(wanted)] {
        for (a, b) in zip(found, wanted) { #expect(abs(a / b - 1) <= share) }
      }
      let shared = sublayer.storableInnerFactors(wanted)
      let sharing = try #require(sublayer.innerSharing)
      #expect(shared.indices.allSatisfy { shared[$0] == shared[sharing[$0]] })
      #expect(Set(sharing).count == 16)
    }
  }

  @Test func `is spared where it is zero, or no factor can divide it`() throws {
    try TemporaryFolder.with { folder in
      var tiny = TinyModel(.float16)
      tiny.replace("model.layers.0.input_layernorm.weight") {
        var gains = [Float](repeating: 1, count: 32)
        gains.replaceSubrange(0..<3, with: [0, 0x1p-24, 60000])
        return .init($0.name, $0.type, $0.shape, FloatFormat.float16.encode(gains))
      }
      try tiny.write("model", in: folder)
      let model = try LanguageModel(ModelFolder(path: folder.path("model")))
      var sublayer = try model.block(0).sublayers[0]
      var wanted = [Float](repeating: 2, count: 32)
      wanted.replaceSubrange(0..<3, with: [3, 100, 1e-3])
      let found = sublayer.storableInputFactors(wanted)
      // 2⁻²⁴ / 100 is 0 in float16, and 60000 · 1000 is infinite.
      #expect(found[0] == 3 && found[1] == 1 && found[2] == 1 && found[3] == 2)
      sublayer.divideInput(by: found)
      #expect(Array(sublayer.norm.gain.prefix(4)) == [0, 0x1p-24, 60000, 0.5])
    }
  }
}
