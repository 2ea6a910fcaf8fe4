/// The names of a decoder's tensors; those of Llama by default.
public struct TensorNames: Sendable {
  /// What all names begin with but that of the head.
  public var root = "model."
  /// The token embedding.
  public var embedding = "embed_tokens"
  /// The norm behind the embedding; nil for none.
  public var embeddingNorm: String?
  /// The list of the blocks.
  public var layers = "layers"
  /// The norm behind the last block.
  public var finalNorm = "norm"
  /// The head.
  public var head = "lm_head"
  /// The attention of a block.
  public var attention = "self_attn"
  /// The Linear that makes queries.
  public var query = "q_proj"
  /// The Linear that makes keys.
  public var key = "k_proj"
  /// The Linear that makes values.
  public var value = "v_proj"
  /// The Linear that makes all three, where there is only one.
  public var fused = "qkv_proj"
  /// The Linear that writes the attention's output.
  public var output = "o_proj"
  /// The Linear whose sigmoid multiplies the context.
  public var outputGate = "gate_proj"
  /// The norm of queries.
  public var queryNorm = "q_norm"
  /// The norm of keys.
  public var keyNorm = "k_norm"
  /// The MLP of a block; empty where its Linears belong to the block itself.
  public var mlp = "mlp"
  /// The Linears of the MLP.
  public var parts = MLPNames()
  /// The norm in front of attention; nil for none.
  public var attentionNorm: String? = "input_layernorm"
  /// The norm behind attention.
  public var attentionPostNorm: String?
  /// The norm in front of the MLP; the one of attention for a parallel block with a single norm.
  public var mlpNorm: String? = "post_attention_layernorm"
  /// The norm behind the MLP.
  public var mlpPostNorm: String?

  /// Llama's names.
  public init() {}

  /// Norms before and behind both sublayers, as Gemma 2 calls them.
  mutating func useFourNorms() {
    attentionPostNorm = "post_attention_layernorm"
    mlpNorm = "pre_feedforward_layernorm"
    mlpPostNorm = "post_feedforward_layernorm"
  }

  /// Norms behind both sublayers only, as OLMo 2 calls them.
  mutating func usePostNorms() {
    useFourNorms()
    (attentionNorm, mlpNorm) = (nil, nil)
  }
}
