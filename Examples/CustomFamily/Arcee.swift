// Arcee (AFM): a Llama whose MLP has no gate, and a squared ReLU as its activation.
//
//   y = down( max(up x, 0)² )
//
// The library has everything except this MLP, so the family is the MLP and a short declaration.

import PTQ

extension Family {
  /// Arcee's models.
  static let arcee = Family("arcee") { config throws(JSONError) in
    let (hidden, inner) = (
      try config.positive("hidden_size"), try config.positive("intermediate_size")
    )
    return try .llamaLike(
      config, requiring: ["num_key_value_heads"],
      LlamaTraits(hiddenAct: "relu2") { _, module in
        SquaredMLP(module, hidden: hidden, inner: inner)
      })
  }
}

/// The MLP `down( max(up x, 0)² )`.
struct SquaredMLP: Mixer {
  private let up: Slot
  private let down: Slot

  init(_ module: String, hidden: Int, inner: Int) {
    up = Slot("\(module).up_proj", rows: inner, columns: hidden)
    // A factor on up's rows would be squared, so nothing can absorb the factors of down's input.
    down = Slot("\(module).down_proj", rows: hidden, columns: inner)
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
