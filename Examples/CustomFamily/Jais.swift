// Jais 2: LayerNorms, biases everywhere, and an MLP without a gate whose activation is a squared ReLU.
//
//   y = down( max(up x, 0)² )
//
// The library has all of this in its options. The MLP is written out here as one that it might lack.

import PTQ

extension Family {
  /// Jais 2.
  static let jais2 = Family("jais2") { config throws(JSONError) in
    var traits = try DecoderTraits(
      config, requiring: ["head_dim"], epsilon: "layer_norm_eps", defaultEpsilon: 1e-5)
    (traits.norm, traits.normBias) = (.layer, true)
    traits.queryKeyValueBias = try config.flag("attention_bias", default: true)
    traits.outputBias = traits.queryKeyValueBias
    let hasBias = try config.flag("mlp_bias", default: true)
    let (hidden, inner) = (traits.sizes.hidden, traits.sizes.intermediate)
    traits.mixture = { _, module in
      SquaredMLP(module, hidden: hidden, inner: inner, hasBias: hasBias)
    }
    return try .decoder(config, traits)
  }
}

/// The MLP `down( max(up x, 0)² )`.
struct SquaredMLP: Mixer {
  private let up: Slot
  private let down: Slot

  init(_ module: String, hidden: Int, inner: Int, hasBias: Bool) {
    up = Slot("\(module).up_proj", rows: inner, columns: hidden, hasBias: hasBias)
    // A factor on up's rows would be squared, so nothing can absorb the factors of down's input.
    down = Slot("\(module).down_proj", rows: hidden, columns: inner, hasBias: hasBias)
  }

  /// `up` reads the norm, which can absorb factors; `down` reads the squares.
  func stages(reading norm: NormDeclaration?) -> [Stage] {
    [Stage([[up.reading(norm)]]), Stage([[down]])]
  }

  var norms: [NormDeclaration] { [] }

  func inputs(of stage: Int, _ x: () -> Matrix, _ held: HeldState) -> [Matrix] {
    stage == 0 ? [x()] : held.matrices
  }

  func advance(
    past stage: Int, _ outputs: consuming [[Matrix]], _ held: inout HeldState,
    _ weights: BlockWeights
  ) {
    let output = outputs[0][0]
    held.matrices = [
      stage == 1
        ? output
        : Matrix(
          rows: output.rows, columns: output.columns,
          elements: output.elements.map { max($0, 0) * max($0, 0) })
    ]
  }
}
