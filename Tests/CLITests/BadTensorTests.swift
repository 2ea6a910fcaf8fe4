// Tensors that cannot be quantized: the message must say why, and nothing may remain.

import TestSupport
import Testing

/// The tensor with one element replaced.
private func poisoned(
  _ tensor: RawSafetensors.Tensor, _ value: Float, at element: Int
) -> RawSafetensors.Tensor {
  var data = tensor.data
  data.replaceSubrange(4 * element..<4 * element + 4, with: RawSafetensors.bytes([value]))
  return RawSafetensors.Tensor(tensor.name, tensor.type, tensor.shape, data)
}

private let tensors: [Refusal] = [
  .model(
    "a Linear missing",
    "model: no tensor is named model.layers.1.mlp.up_proj.weight, which config.json "
      + "calls for; fetch the model again, or correct config.json"
  ) {
    $0.replace("model.layers.1.mlp.up_proj.weight") { _ in nil }
  },
  .model(
    "a norm missing",
    "model: no tensor is named model.layers.1.input_layernorm.weight, which config.json "
      + "calls for; fetch the model again, or correct config.json"
  ) {
    $0.replace("model.layers.1.input_layernorm.weight") { _ in nil }
  },
  .model(
    "a NaN in the last norm",
    "model/model.safetensors: tensor model.norm.weight: holds an infinite value or a NaN, the first at "
      + "element 3; the file is damaged, or the training failed"
  ) { $0.replace("model.norm.weight") { poisoned($0, .nan, at: 3) } },
  .model(
    "infinity in an embedding that no text has",
    "model/model.safetensors: tensor model.embed_tokens.weight: holds an infinite value or a NaN, the "
      + "first at element 2047; the file is damaged, or the training failed"
  ) { $0.replace("model.embed_tokens.weight") { poisoned($0, .infinity, at: 2047) } },
  .model(
    "the last norm missing",
    "model: no tensor is named model.norm.weight, which config.json calls for; fetch the "
      + "model again, or correct config.json"
  ) { $0.replace("model.norm.weight") { _ in nil } },
  .model(
    "the embedding missing",
    "model: no tensor is named model.embed_tokens.weight, which config.json calls for; "
      + "fetch the model again, or correct config.json"
  ) { $0.replace("model.embed_tokens.weight") { _ in nil } },
  .model(
    "the head missing",
    "model: no tensor is named lm_head.weight, which config.json calls for; fetch the "
      + "model again, or correct config.json"
  ) { $0.configure("tie_word_embeddings", "false") },
  .model(
    "biases promised",
    "model: no tensor is named model.layers.0.self_attn.q_proj.bias, which config.json "
      + "calls for; fetch the model again, or correct config.json"
  ) { $0.configure("attention_bias", "true") },
  .model(
    "a Linear of another shape",
    "model/model.safetensors: tensor model.layers.0.self_attn.k_proj.weight: has shape "
      + "[32, 16]; config.json calls for [16, 32]"
  ) {
    $0.replace("model.layers.0.self_attn.k_proj.weight") {
      .init($0.name, $0.type, [32, 16], $0.data)
    }
  },
  .model(
    "a norm of another shape",
    "model/model.safetensors: tensor model.layers.1.post_attention_layernorm.weight: has "
      + "shape [4, 8]; config.json calls for [32]"
  ) {
    $0.replace("model.layers.1.post_attention_layernorm.weight") {
      .init($0.name, $0.type, [4, 8], $0.data)
    }
  },
  .model(
    "a Linear of integers",
    "model/model.safetensors: tensor model.layers.0.mlp.up_proj.weight: has type I8; "
      + "F32, F16 or BF16 is needed"
  ) {
    $0.replace("model.layers.0.mlp.up_proj.weight") {
      .init($0.name, "I8", $0.shape, [UInt8](repeating: 1, count: 64 * 32))
    }
  },
  .model(
    "a NaN in the last block",
    "model/model.safetensors: tensor model.layers.1.mlp.down_proj.weight: holds an "
      + "infinite value or a NaN, the first at element 130; the file is damaged, or the "
      + "training failed"
  ) {
    $0.replace("model.layers.1.mlp.down_proj.weight") { poisoned($0, .nan, at: 130) }
  },
  .model(
    "an infinite norm",
    "model/model.safetensors: tensor model.layers.1.input_layernorm.weight: holds an "
      + "infinite value or a NaN, the first at element 0; the file is damaged, or the "
      + "training failed"
  ) {
    $0.replace("model.layers.1.input_layernorm.weight") { poisoned($0, .infinity, at: 0) }
  },
  .model(
    "a NaN in the embedding",
    "model/model.safetensors: tensor model.embed_tokens.weight: holds an infinite value "
      + "or a NaN, the first at element 224; the file is damaged, or the training failed"
  ) {
    $0.replace("model.embed_tokens.weight") { poisoned($0, .nan, at: 32 * 7) }
  },
  .model(
    "a weight beyond all scales",
    "model.layers.0.mlp.up_proj: the scale of row 0, group 0 is beyond the range of float32"
  ) {
    $0.replace("model.layers.0.mlp.up_proj.weight") { poisoned($0, 3e38, at: 5) }
  },
  .model(
    "activations whose squares overflow",
    "model.layers.0.mlp.down_proj: input channel 3 was infinite, NaN or too large "
      + "to square, first at token 0 of the calibration; check the model's weights and the calibration text"
  ) {
    $0.replace("model.layers.0.mlp.up_proj.weight") { poisoned($0, 1e25, at: 32 * 3) }
  },
  .model(
    "activations whose norm overflows",
    "model.layers.0.mlp.gate_proj: input channel 0 and 31 more were infinite, NaN or too large "
      + "to square, first at token 0 of the calibration; check the model's weights and the calibration text"
  ) {
    $0.replace("model.layers.0.self_attn.o_proj.weight") { poisoned($0, 1e25, at: 0) }
  },
]

@Suite struct `A model whose tensors cannot be quantized` {
  @Test(arguments: tensors)
  func `is refused`(case: Refusal) throws { try `case`.check() }
}
