// Configurations that are not supported: the message must say why, and nothing may be written.

import TestSupport
import Testing

private let configurations: [Refusal] = [
  .model(
    "an unknown family",
    #"model/config.json: the architecture "gemma4_text" is not supported: it has inputs for every layer"#
  ) { $0.configure("model_type", #""gemma4_text""#) },
  .model(
    "no family",
    "model/config.json: model_type: expected a value, found no such member"
  ) { $0.configure("model_type", nil) },
  .model(
    "no hidden size",
    "model/config.json: hidden_size: expected a value, found no such member"
  ) { $0.configure("hidden_size", nil) },
  .model(
    "another activation",
    "model/config.json: hidden_act: expected silu, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, "
      + "quick_gelu, relu or relu2, found mish"
  ) { $0.configure("hidden_act", #""mish""#) },
  .model(
    "a multiplier that nobody reads",
    "model/config.json: residual_multiplier: expected nothing, since llama is computed without it, "
      + "found 0.5"
  ) { $0.configure("residual_multiplier", "0.5") },
  .model(
    "an unknown rotation",
    "model/config.json: rope_scaling.rope_type: expected default, linear, llama3, yarn, longrope or "
      + "dynamic, found spiral"
  ) {
    $0.configure("rope_scaling", #"{"rope_type": "spiral"}"#)
  },
  .model(
    "an epsilon that makes roots of negative numbers",
    "model/config.json: rms_norm_eps: expected a number from 0.0 to 1.0, found -1.0"
  ) { $0.configure("rms_norm_eps", "-1") },
  .model(
    "a base whose powers are infinite",
    "model/config.json: rope_theta: expected a number from 1.0 to 1000000000000000.0, found 1e-308"
  ) { $0.configure("rope_theta", "1e-308") },
  .model(
    "an attention factor beyond all numbers",
    "model/config.json: rope_scaling.attention_factor: expected a number from 0.001 to 1000.0, found 1e+300"
  ) {
    $0.configure(
      "rope_scaling",
      #"{"rope_type": "yarn", "factor": 2, "original_max_position_embeddings": 64, "attention_factor": 1e300}"#
    )
  },
  .model(
    "heads that share in unequal parts",
    "model/config.json: num_attention_heads: expected heads of even width, shared in "
      + "equal parts, found 4 heads of 8 over 3"
  ) { $0.configure("num_key_value_heads", "3") },
  .model(
    "more layers than fit in memory",
    "model/config.json: num_hidden_layers: expected a positive integer of at most 65536, "
      + "found 1000000000"
  ) { $0.configure("num_hidden_layers", "1000000000") },
  .model(
    "heads wider than fit in memory",
    "model/config.json: head_dim: expected a positive integer of at most 65536, found "
      + "2000000000"
  ) { $0.configure("head_dim", "2000000000") },
  .model(
    "no context",
    "model/config.json: max_position_embeddings: expected a positive integer of at most "
      + "2147483647, found 0"
  ) { $0.configure("max_position_embeddings", "0") },
  .model(
    "quantized already",
    "model: is quantized already; start from the original model"
  ) {
    $0.configure("quantization_config", #"{"quant_method": "gptq", "bits": 4}"#)
  },
  .model(
    "quantized by something else",
    #"model/config.json: is quantized with quant_method "hqq"; this tool reads "#
      + #"compressed-tensors, gptq, awq, mlx, gguf, bitsandbytes"#
  ) {
    $0.configure("quantization_config", #"{"quant_method": "hqq"}"#)
  },
]

@Suite struct `A model whose config.json is not supported` {
  @Test(arguments: configurations)
  func `is refused`(case: Refusal) throws { try `case`.check() }
}
