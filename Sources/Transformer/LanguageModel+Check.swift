internal import Checkpoint
internal import Formats

extension LanguageModel {
  /// Checks that every tensor is there and of the right type and shape, so that none is found
  /// missing in the middle of the work.
  ///
  /// Quantized Linears are checked when they are read.
  func checkTensors() throws(CheckpointError) {
    let (vocabulary, hidden) = (configuration.vocabularySize, configuration.hiddenSize)
    let head = configuration.headDimension
    try check("model.embed_tokens", [vocabulary, hidden])
    for layer in 0..<configuration.layerCount {
      let prefix = "model.layers.\(layer)"
      try check("\(prefix).input_layernorm", [hidden])
      let linears = configuration.linears(layer: layer)
      for (linear, hasBias) in zip(linears, configuration.traits.linearBiases) {
        if !isQuantized(linear) {
          try check(linear.name, [linear.rows, linear.columns])
        }
        if hasBias { _ = try folder.floatTensor("\(linear.name).bias", dimensions: [linear.rows]) }
      }
      if configuration.traits.queryKeyNorm {
        try check("\(prefix).self_attn.q_norm", [head])
        try check("\(prefix).self_attn.k_norm", [head])
      }
      try check("\(prefix).post_attention_layernorm", [hidden])
    }
    try check("model.norm", [hidden])
    if !configuration.hasTiedEmbeddings { try check("lm_head", [vocabulary, hidden]) }
  }

  private func check(_ module: String, _ dimensions: [Int]) throws(CheckpointError) {
    _ = try folder.floatTensor("\(module).weight", dimensions: dimensions)
  }
}
