/// Fixture, member, value, and message.
let hostileConfigurations = #"""
  afmoe | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  afmoe | global_attn_every_n_layers | -1 | global_attn_every_n_layers: expected a positive integer of at most 2147483647, found -1
  afmoe | layer_types | 7 | layer_types: expected an array, found the number 7
  afmoe | moe_intermediate_size | -1 | moe_intermediate_size: expected a positive integer of at most 16777216, found -1
  afmoe | mup_enabled | 1 | mup_enabled: expected a boolean, found the number 1
  afmoe | num_dense_layers | 1e40 | num_dense_layers: expected an integer, found the number 1e40
  afmoe | num_dense_layers | -1 | num_dense_layers: expected an integer from 0 to 2147483647, found -1
  afmoe | num_experts | -1 | num_experts: expected a positive integer of at most 65536, found -1
  afmoe | num_experts_per_tok | -1 | num_experts_per_tok: expected a positive integer of at most 8, found -1
  afmoe | num_shared_experts | -1 | num_shared_experts: expected a number of experts of at most 65536, found -1
  afmoe | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  afmoe | route_scale | 1e40 | route_scale: expected a number from 10^-15 to 10^15, found 1e+40
  afmoe | route_scale | 0 | route_scale: expected a number from 10^-15 to 10^15, found 0.0
  afmoe | sliding_window | -1 | sliding_window: expected a positive integer of at most 2147483647, found -1
  afmoe | sliding_window | null | sliding_window: expected a number of tokens, since layer_types has sliding_attention, found nothing
  apertus | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  apertus | partial_rotary_factor | 0.5 | partial_rotary_factor: expected 1.0, the share of each head that turns in this architecture, found 0.5
  apertus | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  arcee | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  arcee | mlp_bias | 1 | mlp_bias: expected a boolean, found the number 1
  arcee | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  bloom | apply_residual_connection_post_layernorm | 1 | apply_residual_connection_post_layernorm: expected a boolean, found the number 1
  bloom | hidden_size | -1 | hidden_size: expected a positive integer of at most 16777216, found -1
  bloom | layer_norm_epsilon | -1 | layer_norm_epsilon: expected a number from 0.0 to 1.0, found -1.0
  bloom | model_type | 7 | model_type: expected a string, found the number 7
  bloom | n_head | -1 | n_head: expected a positive integer of at most 65536, found -1
  bloom | n_layer | -1 | n_layer: expected a positive integer of at most 65536, found -1
  bloom | tie_word_embeddings | 1 | tie_word_embeddings: expected a boolean, found the number 1
  bloom | vocab_size | -1 | vocab_size: expected a positive integer of at most 2147483647, found -1
  cohere-norms | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  cohere-norms | layer_norm_eps | -1 | layer_norm_eps: expected a number from 0.0 to 1.0, found -1.0
  cohere-norms | logit_scale | 1e40 | logit_scale: expected a number from 10^-15 to 10^15, found 1e+40
  cohere-norms | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  cohere-norms | use_qk_norm | 1 | use_qk_norm: expected a boolean, found the number 1
  cohere2 | logit_scale | -1 | logit_scale: expected a number from 10^-15 to 10^15, found -1.0
  cohere2 | partial_rotary_factor | 0.5 | partial_rotary_factor: expected 1.0, the share of each head that turns in this architecture, found 0.5
  cohere2 | sliding_window_pattern | -1 | sliding_window_pattern: expected a positive integer of at most 2147483647, found -1
  dots1 | max_window_layers | -1 | max_window_layers: expected an integer from 0 to 2147483647, found -1
  ernie4-5-biases | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  ernie4-5-biases | use_bias | 1 | use_bias: expected a boolean, found the number 1
  ernie4-5-moe | moe_intermediate_size | -1 | moe_intermediate_size: expected a positive integer of at most 16777216, found -1
  ernie4-5-moe | moe_k | -1 | moe_k: expected a positive integer of at most 8, found -1
  ernie4-5-moe | moe_layer_end_index | 1e40 | moe_layer_end_index: expected an integer, found the number 1e40
  ernie4-5-moe | moe_layer_end_index | -2 | moe_layer_end_index: expected an integer from 0 to 2147483647, found -2
  ernie4-5-moe | moe_layer_interval | -1 | moe_layer_interval: expected a positive integer of at most 2147483647, found -1
  ernie4-5-moe | moe_layer_start_index | 1e40 | moe_layer_start_index: expected an integer, found the number 1e40
  ernie4-5-moe | moe_layer_start_index | -1 | moe_layer_start_index: expected an integer from 0 to 2147483647, found -1
  ernie4-5-moe | moe_num_experts | -1 | moe_num_experts: expected a positive integer of at most 65536, found -1
  ernie4-5-moe | moe_num_shared_experts | -1 | moe_num_shared_experts: expected a number of experts of at most 65536, found -1
  ernie4-5-moe | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  ernie4-5-moe | use_bias | 1 | use_bias: expected a boolean, found the number 1
  exaone4 | layer_types | 7 | layer_types: expected an array, found the number 7
  exaone4 | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  exaone4 | sliding_window | -1 | sliding_window: expected a positive integer of at most 2147483647, found -1
  exaone4 | sliding_window_pattern | 1e40 | sliding_window_pattern: expected an integer, found the number 1e40
  falcon-alibi | activation | 7 | activation: expected a string, found the number 7
  falcon-alibi | alibi | 1 | alibi: expected a boolean, found the number 1
  falcon-alibi | bias | 1 | bias: expected a boolean, found the number 1
  falcon-alibi | ffn_hidden_size | -1 | ffn_hidden_size: expected a positive integer of at most 16777216, found -1
  falcon-alibi | layer_norm_epsilon | -1 | layer_norm_epsilon: expected a number from 0.0 to 1.0, found -1.0
  falcon-alibi | multi_query | 1 | multi_query: expected a boolean, found the number 1
  falcon-alibi | new_decoder_architecture | 1 | new_decoder_architecture: expected a boolean, found the number 1
  falcon-alibi | parallel_attn | 1 | parallel_attn: expected a boolean, found the number 1
  falcon-alibi | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  gemma2 | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  gemma2 | attn_logit_softcapping | -1 | attn_logit_softcapping: expected a positive number of at most 10^15, found -1.0
  gemma2 | final_logit_softcapping | -1 | final_logit_softcapping: expected a positive number of at most 10^15, found -1.0
  gemma2 | hidden_activation | 7 | hidden_activation: expected a string, found the number 7
  gemma2 | layer_types | 7 | layer_types: expected an array, found the number 7
  gemma2 | query_pre_attn_scalar | -1 | query_pre_attn_scalar: expected a number from 10^-15 to 10^15, found -1.0
  gemma2 | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  gemma2 | sliding_window | -1 | sliding_window: expected a positive integer of at most 2147483647, found -1
  gemma2 | sliding_window | null | sliding_window: expected a number of tokens, since layer_types has sliding_attention, found nothing
  gemma2 | use_bidirectional_attention | true | use_bidirectional_attention: expected false, since models whose tokens see later ones are not supported, found true
  gemma3 | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  gemma3 | final_logit_softcapping | -1 | final_logit_softcapping: expected a positive number of at most 10^15, found -1.0
  gemma3 | hidden_activation | 7 | hidden_activation: expected a string, found the number 7
  gemma3 | layer_types | 7 | layer_types: expected an array, found the number 7
  gemma3 | query_pre_attn_scalar | -1 | query_pre_attn_scalar: expected a number from 10^-15 to 10^15, found -1.0
  gemma3 | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  gemma3 | sliding_window | -1 | sliding_window: expected a positive integer of at most 2147483647, found -1
  gemma3 | use_bidirectional_attention | true | use_bidirectional_attention: expected false, since models whose tokens see later ones are not supported, found true
  glm4 | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  glm4 | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  glm4-moe | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  glm4-moe | first_k_dense_replace | 1e40 | first_k_dense_replace: expected an integer, found the number 1e40
  glm4-moe | first_k_dense_replace | -1 | first_k_dense_replace: expected an integer from 0 to 2147483647, found -1
  glm4-moe | moe_intermediate_size | -1 | moe_intermediate_size: expected a positive integer of at most 16777216, found -1
  glm4-moe | n_group | -1 | n_group: expected a positive integer of at most 8, found -1
  glm4-moe | n_routed_experts | -1 | n_routed_experts: expected a positive integer of at most 65536, found -1
  glm4-moe | n_shared_experts | -1 | n_shared_experts: expected a number of experts of at most 65536, found -1
  glm4-moe | norm_topk_prob | 1 | norm_topk_prob: expected a boolean, found the number 1
  glm4-moe | num_experts_per_tok | -1 | num_experts_per_tok: expected a positive integer of at most 8, found -1
  glm4-moe | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  glm4-moe | routed_scaling_factor | 1e40 | routed_scaling_factor: expected a number from 10^-15 to 10^15, found 1e+40
  glm4-moe | routed_scaling_factor | -1 | routed_scaling_factor: expected a number from 10^-15 to 10^15, found -1.0
  glm4-moe | topk_group | -1 | topk_group: expected a positive integer of at most 2, found -1
  glm4-moe | use_qk_norm | 1 | use_qk_norm: expected a boolean, found the number 1
  gpt-neox | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  gpt-neox | layer_norm_eps | -1 | layer_norm_eps: expected a number from 0.0 to 1.0, found -1.0
  gpt-neox | partial_rotary_factor | 0.5 | partial_rotary_factor: expected 0.25, the share of each head that turns in this architecture, found 0.5
  gpt-neox | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  gpt-neox | rope_theta | 5e5 | rope_theta: expected 100.0, the base of this architecture, found 500000.0
  gpt-neox | use_parallel_residual | 1 | use_parallel_residual: expected a boolean, found the number 1
  gpt2 | activation_function | 7 | activation_function: expected a string, found the number 7
  gpt2 | add_cross_attention | 1 | add_cross_attention: expected a boolean, found the number 1
  gpt2 | layer_norm_epsilon | -1 | layer_norm_epsilon: expected a number from 0.0 to 1.0, found -1.0
  gpt2 | model_type | 7 | model_type: expected a string, found the number 7
  gpt2 | n_embd | -1 | n_embd: expected a positive integer of at most 16777216, found -1
  gpt2 | n_head | -1 | n_head: expected a positive integer of at most 65536, found -1
  gpt2 | n_inner | -1 | n_inner: expected a positive integer of at most 16777216, found -1
  gpt2 | n_layer | -1 | n_layer: expected a positive integer of at most 65536, found -1
  gpt2 | n_positions | -1 | n_positions: expected a positive integer of at most 2147483647, found -1
  gpt2 | scale_attn_by_inverse_layer_idx | 1 | scale_attn_by_inverse_layer_idx: expected a boolean, found the number 1
  gpt2 | scale_attn_weights | 1 | scale_attn_weights: expected a boolean, found the number 1
  gpt2 | tie_word_embeddings | 1 | tie_word_embeddings: expected a boolean, found the number 1
  gpt2 | vocab_size | -1 | vocab_size: expected a positive integer of at most 2147483647, found -1
  gptj | activation_function | 7 | activation_function: expected a string, found the number 7
  gptj | layer_norm_epsilon | -1 | layer_norm_epsilon: expected a number from 0.0 to 1.0, found -1.0
  gptj | n_embd | -1 | n_embd: expected a positive integer of at most 16777216, found -1
  gptj | n_head | -1 | n_head: expected a positive integer of at most 65536, found -1
  gptj | n_inner | -1 | n_inner: expected a positive integer of at most 16777216, found -1
  gptj | n_layer | -1 | n_layer: expected a positive integer of at most 65536, found -1
  gptj | n_positions | -1 | n_positions: expected a positive integer of at most 2147483647, found -1
  gptj | rope_theta | 5e5 | rope_theta: expected nothing, since gptj is computed without it, found 5e5
  gptj | rotary_dim | -1 | rotary_dim: expected a positive integer of at most 8, found -1
  granite | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  granite | attention_multiplier | 1e40 | attention_multiplier: expected a number from 10^-15 to 10^15, found 1e+40
  granite | attention_multiplier | 0 | attention_multiplier: expected a number from 10^-15 to 10^15, found 0.0
  granite | embedding_multiplier | 1e40 | embedding_multiplier: expected a number from 10^-15 to 10^15, found 1e+40
  granite | embedding_multiplier | -1 | embedding_multiplier: expected a number from 10^-15 to 10^15, found -1.0
  granite | logits_scaling | -1 | logits_scaling: expected a number from 10^-15 to 10^15, found -1.0
  granite | logits_scaling | 0 | logits_scaling: expected a number from 10^-15 to 10^15, found 0.0
  granite | logits_scaling | 1e-40 | logits_scaling: expected a number from 10^-15 to 10^15, found 1e-40
  granite | mlp_bias | 1 | mlp_bias: expected a boolean, found the number 1
  granite | residual_multiplier | 1e40 | residual_multiplier: expected a number from 10^-15 to 10^15, found 1e+40
  granite | residual_multiplier | -0.5 | residual_multiplier: expected a number from 10^-15 to 10^15, found -0.5
  granite | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  hunyuan-v1-dense | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  hunyuan-v1-dense | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  llama | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  llama | attention_bias | "yes" | attention_bias: expected a boolean, found a string
  llama | head_dim | -1 | head_dim: expected a positive integer of at most 65536, found -1
  llama | head_dim | 0 | head_dim: expected a positive integer of at most 65536, found 0
  llama | head_dim | 1e40 | head_dim: expected an integer, found the number 1e40
  llama | head_dim | [] | head_dim: expected an integer, found an array
  llama | hidden_act | 7 | hidden_act: expected a string, found the number 7
  llama | hidden_act | "odd" | hidden_act: expected silu, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, quick_gelu, relu or relu2, found odd
  llama | hidden_size | -1 | hidden_size: expected a positive integer of at most 16777216, found -1
  llama | hidden_size | 0 | hidden_size: expected a positive integer of at most 16777216, found 0
  llama | hidden_size | 1e40 | hidden_size: expected an integer, found the number 1e40
  llama | hidden_size | [] | hidden_size: expected an integer, found an array
  llama | intermediate_size | -1 | intermediate_size: expected a positive integer of at most 16777216, found -1
  llama | intermediate_size | 0 | intermediate_size: expected a positive integer of at most 16777216, found 0
  llama | intermediate_size | 1e40 | intermediate_size: expected an integer, found the number 1e40
  llama | intermediate_size | [] | intermediate_size: expected an integer, found an array
  llama | is_causal | false | is_causal: expected true, since models whose tokens see later ones are not supported, found false
  llama | max_position_embeddings | -1 | max_position_embeddings: expected a positive integer of at most 2147483647, found -1
  llama | max_position_embeddings | 0 | max_position_embeddings: expected a positive integer of at most 2147483647, found 0
  llama | max_position_embeddings | 1e40 | max_position_embeddings: expected an integer, found the number 1e40
  llama | max_position_embeddings | [] | max_position_embeddings: expected an integer, found an array
  llama | mlp_bias | 1 | mlp_bias: expected a boolean, found the number 1
  llama | mlp_bias | "yes" | mlp_bias: expected a boolean, found a string
  llama | model_type | 7 | model_type: expected a string, found the number 7
  llama | model_type | "odd" | the architecture "odd" is not supported
  llama | num_attention_heads | -1 | num_attention_heads: expected a positive integer of at most 65536, found -1
  llama | num_attention_heads | 0 | num_attention_heads: expected a positive integer of at most 65536, found 0
  llama | num_attention_heads | 1e40 | num_attention_heads: expected an integer, found the number 1e40
  llama | num_attention_heads | [] | num_attention_heads: expected an integer, found an array
  llama | num_hidden_layers | -1 | num_hidden_layers: expected a positive integer of at most 65536, found -1
  llama | num_hidden_layers | 0 | num_hidden_layers: expected a positive integer of at most 65536, found 0
  llama | num_hidden_layers | 1e40 | num_hidden_layers: expected an integer, found the number 1e40
  llama | num_hidden_layers | [] | num_hidden_layers: expected an integer, found an array
  llama | num_key_value_heads | -1 | num_key_value_heads: expected a positive integer of at most 2147483647, found -1
  llama | num_key_value_heads | 0 | num_key_value_heads: expected a positive integer of at most 2147483647, found 0
  llama | num_key_value_heads | 1e40 | num_key_value_heads: expected an integer, found the number 1e40
  llama | num_key_value_heads | [] | num_key_value_heads: expected an integer, found an array
  llama | partial_rotary_factor | 0.5 | partial_rotary_factor: expected 1.0, the share of each head that turns in this architecture, found 0.5
  llama | rms_norm_eps | -1 | rms_norm_eps: expected a number from 0.0 to 1.0, found -1.0
  llama | rms_norm_eps | 1e40 | rms_norm_eps: expected a number from 0.0 to 1.0, found 1e+40
  llama | rms_norm_eps | [] | rms_norm_eps: expected a number, found an array
  llama | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  llama | rope_parameters | {"rope_theta":0,"rope_type":"default"} | rope_parameters.rope_theta: expected a number from 1.0 to 1000000000000000.0, found 0.0
  llama | rope_parameters | {"rope_theta":1e4,"rope_type":"odd"} | rope_parameters.rope_type: expected default, linear, llama3, yarn, longrope or dynamic, found odd
  llama | rope_parameters | {"rope_theta":1e4,"partial_rotary_factor":0.5} | rope_parameters.partial_rotary_factor: expected 1.0, the share of each head that turns in this architecture, found 0.5
  llama | tie_word_embeddings | 1 | tie_word_embeddings: expected a boolean, found the number 1
  llama | tie_word_embeddings | "yes" | tie_word_embeddings: expected a boolean, found a string
  llama | vocab_size | -1 | vocab_size: expected a positive integer of at most 2147483647, found -1
  llama | vocab_size | 0 | vocab_size: expected a positive integer of at most 2147483647, found 0
  llama | vocab_size | 1e40 | vocab_size: expected an integer, found the number 1e40
  llama | vocab_size | [] | vocab_size: expected an integer, found an array
  ministral3 | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  ministral3 | sliding_window | -1 | sliding_window: expected a positive integer of at most 2147483647, found -1
  mistral | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  mistral | sliding_window | -1 | sliding_window: expected a positive integer of at most 2147483647, found -1
  mixtral | head_dim | -1 | head_dim: expected a positive integer of at most 65536, found -1
  mixtral | head_dim | 0 | head_dim: expected a positive integer of at most 65536, found 0
  mixtral | head_dim | 1e40 | head_dim: expected an integer, found the number 1e40
  mixtral | head_dim | [] | head_dim: expected an integer, found an array
  mixtral | hidden_act | 7 | hidden_act: expected a string, found the number 7
  mixtral | hidden_act | "odd" | hidden_act: expected silu, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, quick_gelu, relu or relu2, found odd
  mixtral | hidden_size | -1 | hidden_size: expected a positive integer of at most 16777216, found -1
  mixtral | hidden_size | 0 | hidden_size: expected a positive integer of at most 16777216, found 0
  mixtral | hidden_size | 1e40 | hidden_size: expected an integer, found the number 1e40
  mixtral | hidden_size | [] | hidden_size: expected an integer, found an array
  mixtral | intermediate_size | -1 | intermediate_size: expected a positive integer of at most 16777216, found -1
  mixtral | intermediate_size | 0 | intermediate_size: expected a positive integer of at most 16777216, found 0
  mixtral | intermediate_size | 1e40 | intermediate_size: expected an integer, found the number 1e40
  mixtral | intermediate_size | [] | intermediate_size: expected an integer, found an array
  mixtral | max_position_embeddings | -1 | max_position_embeddings: expected a positive integer of at most 2147483647, found -1
  mixtral | max_position_embeddings | 0 | max_position_embeddings: expected a positive integer of at most 2147483647, found 0
  mixtral | max_position_embeddings | 1e40 | max_position_embeddings: expected an integer, found the number 1e40
  mixtral | max_position_embeddings | [] | max_position_embeddings: expected an integer, found an array
  mixtral | model_type | 7 | model_type: expected a string, found the number 7
  mixtral | model_type | "odd" | the architecture "odd" is not supported
  mixtral | num_attention_heads | -1 | num_attention_heads: expected a positive integer of at most 65536, found -1
  mixtral | num_attention_heads | 0 | num_attention_heads: expected a positive integer of at most 65536, found 0
  mixtral | num_attention_heads | 1e40 | num_attention_heads: expected an integer, found the number 1e40
  mixtral | num_attention_heads | [] | num_attention_heads: expected an integer, found an array
  mixtral | num_experts_per_tok | -1 | num_experts_per_tok: expected a positive integer of at most 8, found -1
  mixtral | num_experts_per_tok | 0 | num_experts_per_tok: expected a positive integer of at most 8, found 0
  mixtral | num_experts_per_tok | 1e40 | num_experts_per_tok: expected an integer, found the number 1e40
  mixtral | num_experts_per_tok | [] | num_experts_per_tok: expected the same positive integer for all blocks, found []
  mixtral | num_hidden_layers | -1 | num_hidden_layers: expected a positive integer of at most 65536, found -1
  mixtral | num_hidden_layers | 0 | num_hidden_layers: expected a positive integer of at most 65536, found 0
  mixtral | num_hidden_layers | 1e40 | num_hidden_layers: expected an integer, found the number 1e40
  mixtral | num_hidden_layers | [] | num_hidden_layers: expected an integer, found an array
  mixtral | num_key_value_heads | -1 | num_key_value_heads: expected a positive integer of at most 2147483647, found -1
  mixtral | num_key_value_heads | 0 | num_key_value_heads: expected a positive integer of at most 2147483647, found 0
  mixtral | num_key_value_heads | 1e40 | num_key_value_heads: expected an integer, found the number 1e40
  mixtral | num_key_value_heads | [] | num_key_value_heads: expected an integer, found an array
  mixtral | num_local_experts | -1 | num_local_experts: expected a positive integer of at most 65536, found -1
  mixtral | num_local_experts | 0 | num_local_experts: expected a positive integer of at most 65536, found 0
  mixtral | num_local_experts | 1e40 | num_local_experts: expected an integer, found the number 1e40
  mixtral | num_local_experts | [] | num_local_experts: expected an integer, found an array
  mixtral | rms_norm_eps | -1 | rms_norm_eps: expected a number from 0.0 to 1.0, found -1.0
  mixtral | rms_norm_eps | 1e40 | rms_norm_eps: expected a number from 0.0 to 1.0, found 1e+40
  mixtral | rms_norm_eps | [] | rms_norm_eps: expected a number, found an array
  mixtral | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  mixtral | rope_parameters | {"rope_theta":0,"rope_type":"default"} | rope_parameters.rope_theta: expected a number from 1.0 to 1000000000000000.0, found 0.0
  mixtral | rope_parameters | {"rope_theta":1e4,"rope_type":"odd"} | rope_parameters.rope_type: expected default, linear, llama3, yarn, longrope or dynamic, found odd
  mixtral | sliding_window | -1 | sliding_window: expected a positive integer of at most 2147483647, found -1
  mixtral | sliding_window | "odd" | sliding_window: expected an integer, found a string
  mixtral | tie_word_embeddings | 1 | tie_word_embeddings: expected a boolean, found the number 1
  mixtral | tie_word_embeddings | "yes" | tie_word_embeddings: expected a boolean, found a string
  mixtral | vocab_size | -1 | vocab_size: expected a positive integer of at most 2147483647, found -1
  mixtral | vocab_size | 0 | vocab_size: expected a positive integer of at most 2147483647, found 0
  mixtral | vocab_size | 1e40 | vocab_size: expected an integer, found the number 1e40
  mixtral | vocab_size | [] | vocab_size: expected an integer, found an array
  nemotron | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  nemotron | mlp_bias | 1 | mlp_bias: expected a boolean, found the number 1
  nemotron | norm_eps | -1 | norm_eps: expected a number from 0.0 to 1.0, found -1.0
  nemotron | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  olmo | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  olmo | clip_qkv | -1 | clip_qkv: expected a positive number of at most 10^15, found -1.0
  olmo | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  olmo2 | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  olmo2 | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  olmo3 | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  olmo3 | layer_types | 7 | layer_types: expected an array, found the number 7
  olmo3 | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  olmo3 | sliding_window | -1 | sliding_window: expected a positive integer of at most 2147483647, found -1
  olmoe | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  olmoe | clip_qkv | -1 | clip_qkv: expected a positive number of at most 10^15, found -1.0
  olmoe | norm_topk_prob | 1 | norm_topk_prob: expected a boolean, found the number 1
  olmoe | num_experts | -1 | num_experts: expected a positive integer of at most 65536, found -1
  olmoe | num_experts_per_tok | -1 | num_experts_per_tok: expected a positive integer of at most 8, found -1
  olmoe | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  opt | _remove_final_layer_norm | 1 | _remove_final_layer_norm: expected a boolean, found the number 1
  opt | activation_function | 7 | activation_function: expected a string, found the number 7
  opt | do_layer_norm_before | 1 | do_layer_norm_before: expected a boolean, found the number 1
  opt | enable_bias | 1 | enable_bias: expected a boolean, found the number 1
  opt | ffn_dim | -1 | ffn_dim: expected a positive integer of at most 16777216, found -1
  opt | layer_norm_elementwise_affine | 1 | layer_norm_elementwise_affine: expected a boolean, found the number 1
  opt | word_embed_proj_dim | -1 | word_embed_proj_dim: expected the hidden size, since projected embeddings are not supported, found -1
  phi | layer_norm_eps | -1 | layer_norm_eps: expected a number from 0.0 to 1.0, found -1.0
  phi | qk_layernorm | 1 | qk_layernorm: expected a boolean, found the number 1
  phi | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  phi | rotary_pct | 0.25 | rotary_pct: expected 0.5, the share of each head that turns in this architecture, found 0.25
  phi3-longrope | original_max_position_embeddings | -1 | original_max_position_embeddings: expected a positive number of at most 10^15, found -1.0
  phi3-longrope | original_max_position_embeddings | 0 | original_max_position_embeddings: expected a positive number of at most 10^15, found 0.0
  phi3-longrope | original_max_position_embeddings | 1e40 | original_max_position_embeddings: expected a positive number of at most 10^15, found 1e+40
  phi3-longrope | original_max_position_embeddings | [] | original_max_position_embeddings: expected a number, found an array
  phi3-longrope | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  phi3-longrope | rope_parameters | {"rope_theta":0,"rope_type":"default"} | rope_parameters.rope_theta: expected a number from 1.0 to 1000000000000000.0, found 0.0
  phi3-longrope | rope_parameters | {"rope_theta":1e4,"rope_type":"odd"} | rope_parameters.rope_type: expected default, linear, llama3, yarn, longrope or dynamic, found odd
  phi3-longrope | sliding_window | -1 | sliding_window: expected a positive integer of at most 2147483647, found -1
  phi3-longrope | sliding_window | "odd" | sliding_window: expected an integer, found a string
  qwen2 | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  qwen2 | use_sliding_window | 1 | use_sliding_window: expected a boolean, found the number 1
  qwen2-moe | decoder_sparse_step | -1 | decoder_sparse_step: expected a positive integer of at most 2147483647, found -1
  qwen2-moe | layer_types | ["sliding_attention","full_attention"] | layer_types: expected full_attention for each layer, since use_sliding_window is not set, found sliding_attention
  qwen2-moe | mlp_only_layers | 7 | mlp_only_layers: expected an array, found the number 7
  qwen2-moe | moe_intermediate_size | -1 | moe_intermediate_size: expected a positive integer of at most 16777216, found -1
  qwen2-moe | norm_topk_prob | 1 | norm_topk_prob: expected a boolean, found the number 1
  qwen2-moe | num_experts | -1 | num_experts: expected a positive integer of at most 65536, found -1
  qwen2-moe | num_experts_per_tok | -1 | num_experts_per_tok: expected a positive integer of at most 8, found -1
  qwen2-moe | qkv_bias | 1 | qkv_bias: expected a boolean, found the number 1
  qwen2-moe | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  qwen2-moe | shared_expert_intermediate_size | -1 | shared_expert_intermediate_size: expected a positive integer of at most 2147483647, found -1
  qwen2-moe | use_sliding_window | 1 | use_sliding_window: expected a boolean, found the number 1
  qwen3 | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  qwen3 | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  qwen3 | use_sliding_window | 1 | use_sliding_window: expected a boolean, found the number 1
  qwen3-moe | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  qwen3-moe | decoder_sparse_step | -1 | decoder_sparse_step: expected a positive integer of at most 2147483647, found -1
  qwen3-moe | mlp_only_layers | 7 | mlp_only_layers: expected an array, found the number 7
  qwen3-moe | moe_intermediate_size | -1 | moe_intermediate_size: expected a positive integer of at most 16777216, found -1
  qwen3-moe | norm_topk_prob | 1 | norm_topk_prob: expected a boolean, found the number 1
  qwen3-moe | num_experts_per_tok | -1 | num_experts_per_tok: expected a positive integer of at most 8, found -1
  qwen3-moe | num_local_experts | -1 | num_local_experts: expected a positive integer of at most 65536, found -1
  qwen3-moe | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  qwen3-moe | use_sliding_window | 1 | use_sliding_window: expected a boolean, found the number 1
  smollm3 | attention_bias | 1 | attention_bias: expected a boolean, found the number 1
  smollm3 | layer_types | ["full_attention","sliding_attention","full_attention","sliding_attention"] | layer_types: expected full_attention for each layer, since use_sliding_window is not set, found sliding_attention
  smollm3 | mlp_bias | 1 | mlp_bias: expected a boolean, found the number 1
  smollm3 | no_rope_layer_interval | -1 | no_rope_layer_interval: expected a positive integer of at most 2147483647, found -1
  smollm3 | no_rope_layers | 7 | no_rope_layers: expected an array, found the number 7
  smollm3 | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  smollm3 | use_sliding_window | 1 | use_sliding_window: expected a boolean, found the number 1
  stablelm | layer_norm_eps | -1 | layer_norm_eps: expected a number from 0.0 to 1.0, found -1.0
  stablelm | qk_layernorm | 1 | qk_layernorm: expected a boolean, found the number 1
  stablelm | rope_parameters | 7 | rope_parameters: expected an object, found the number 7
  stablelm | use_parallel_residual | 1 | use_parallel_residual: expected a boolean, found the number 1
  stablelm | use_qkv_bias | 1 | use_qkv_bias: expected a boolean, found the number 1
  """#
