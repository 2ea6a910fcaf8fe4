/// Format, place, value, and message.
let hostileStatements = #"""
  gptq | bits | 0 | out/config.json: quantization_config: expected 2 to 8 bits, found 0 bits
  gptq | bits | 1 | out/config.json: quantization_config: expected 2 to 8 bits, found 1 bits
  gptq | bits | 5 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.qweight: has shape [8, 16]; config.json calls for [10, 16]
  gptq | bits | 9 | out/config.json: quantization_config: expected 2 to 8 bits, found 9 bits
  gptq | bits | -4 | out/config.json: quantization_config: expected 2 to 8 bits, found -4 bits
  gptq | bits | 1e40 | out/config.json: bits: expected an integer, found the number 1e40
  gptq | bits | 4.5 | out/config.json: bits: expected an integer, found the number 4.5
  gptq | bits | "4" | out/config.json: bits: expected an integer, found a string
  gptq | bits | null | out/config.json: bits: expected an integer, found null
  gptq | bits | [] | out/config.json: bits: expected an integer, found an array
  gptq | group_size | 0 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.scales: has shape [4, 16] for 64 columns, that is 4 groups, where config.json calls for groups of 0
  gptq | group_size | -2 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.scales: has shape [4, 16] for 64 columns, that is 4 groups, where config.json calls for groups of -2
  gptq | group_size | 7 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.scales: has shape [4, 16] for 64 columns, that is 4 groups, where config.json calls for groups of 7
  gptq | group_size | 1e40 | out/config.json: group_size: expected an integer, found the number 1e40
  gptq | group_size | "16" | out/config.json: group_size: expected an integer, found a string
  gptq | group_size | null | out/config.json: group_size: expected an integer, found null
  gptq | group_size | 48 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.scales: has shape [4, 16] for 64 columns, that is 4 groups, where config.json calls for groups of 48
  gptq | sym | 1 | out/config.json: sym: expected a boolean, found the number 1
  gptq | sym | "true" | out/config.json: sym: expected a boolean, found a string
  gptq | sym | null | out/config.json: sym: expected a boolean, found null
  gptq | sym | [] | out/config.json: sym: expected a boolean, found an array
  gptq | checkpoint_format | "marlin" | out/config.json: checkpoint_format: expected gptq or gptq_v2, found "marlin"
  gptq | checkpoint_format | 7 | out/config.json: checkpoint_format: expected gptq or gptq_v2, found 7
  gptq | checkpoint_format | "gptq_v3" | out/config.json: checkpoint_format: expected gptq or gptq_v2, found "gptq_v3"
  gptq | dynamic | 7 | out/config.json: dynamic: expected an object, found the number 7
  gptq | dynamic | [] | out/config.json: dynamic: expected an object, found an array
  gptq | dynamic | "x" | out/config.json: dynamic: expected an object, found a string
  gptq | dynamic | {"(":{"bits":4}} | out/config.json: dynamic.(: expected a regular expression that can be searched for, found "("
  gptq | dynamic | {".*":7} | out/config.json: dynamic..*: expected an object, found the number 7
  gptq | dynamic | {".*":{"bits":"4"}} | out/config.json: dynamic..*.bits: expected an integer, found a string
  gptq | dynamic | {".*":{"group_size":0}} | out/model.safetensors: tensor model.layers.0.mlp.up_proj.scales: has shape [4, 16] for 64 columns, that is 4 groups, where config.json calls for groups of 0
  gptq | dynamic | {"+:.*":{"sym":0}} | out/config.json: dynamic.+:.*.sym: expected a boolean, found the number 0
  awq | bits | 0 | out/config.json: bits: expected 4 bits for AWQ, found 0 bits
  awq | bits | 3 | out/config.json: bits: expected 4 bits for AWQ, found 3 bits
  awq | bits | 8 | out/config.json: bits: expected 4 bits for AWQ, found 8 bits
  awq | bits | 1e40 | out/config.json: bits: expected an integer, found the number 1e40
  awq | bits | "4" | out/config.json: bits: expected an integer, found a string
  awq | bits | null | out/config.json: bits: expected an integer, found null
  awq | bits | [] | out/config.json: bits: expected an integer, found an array
  awq | version | "gemv" | out/config.json: version: expected gemm, the only AWQ layout that is read; save the model as gemm, or start from the original, found gemv
  awq | version | "marlin" | out/config.json: version: expected gemm, the only AWQ layout that is read; save the model as gemm, or start from the original, found marlin
  awq | version | 7 | out/config.json: version: expected a string, found the number 7
  awq | version | [] | out/config.json: version: expected a string, found an array
  awq | group_size | 0 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.scales: has shape [4, 16] for 64 columns, that is 4 groups, where config.json calls for groups of 0
  awq | group_size | -2 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.scales: has shape [4, 16] for 64 columns, that is 4 groups, where config.json calls for groups of -2
  awq | group_size | 7 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.scales: has shape [4, 16] for 64 columns, that is 4 groups, where config.json calls for groups of 7
  awq | group_size | 1e40 | out/config.json: group_size: expected an integer, found the number 1e40
  awq | group_size | "16" | out/config.json: group_size: expected an integer, found a string
  awq | group_size | null | out/config.json: group_size: expected an integer, found null
  compressed-tensors | config_groups | 7 | out/config.json: config_groups: expected an object, found the number 7
  compressed-tensors | config_groups | [] | out/config.json: config_groups: expected an object, found an array
  compressed-tensors | config_groups | {} | out/config.json: config_groups: expected a group with a target for model.layers.0.mlp.up_proj, found 0 groups without one
  compressed-tensors | config_groups | null | out/config.json: config_groups: expected an object, found null
  compressed-tensors | config_groups | "x" | out/config.json: config_groups: expected an object, found a string
  compressed-tensors | config_groups | {"a":7} | out/config.json: config_groups.a: expected an object, found the number 7
  compressed-tensors | config_groups | {"a":{}} | out/config.json: config_groups.a.weights: expected a value, found no such member
  compressed-tensors | config_groups.group_0.format | 7 | out/config.json: config_groups.group_0.format: expected a string, found the number 7
  compressed-tensors | config_groups.group_0.format | "nvfp4-pack-quantized" | out/config.json: config_groups.group_0.weights.type: expected float, found int
  compressed-tensors | config_groups.group_0.format | "mxfp8-quantized" | out/config.json: config_groups.group_0.format: expected pack-quantized, int-quantized, naive-quantized, float-quantized, nvfp4-pack-quantized, mxfp4-pack-quantized, found mxfp8-quantized
  compressed-tensors | config_groups.group_0.format | "float-quantized" | out/config.json: config_groups.group_0.weights.type: expected float, found int
  compressed-tensors | config_groups.group_0.format | [] | out/config.json: config_groups.group_0.format: expected a string, found an array
  compressed-tensors | config_groups.group_0.weights | 7 | out/config.json: config_groups.group_0.weights: expected an object, found the number 7
  compressed-tensors | config_groups.group_0.weights | null | out/config.json: config_groups.group_0.weights: expected an object, found null
  compressed-tensors | config_groups.group_0.weights | {} | out/config.json: config_groups.group_0.weights.num_bits: expected a value, found no such member
  compressed-tensors | config_groups.group_0.weights | [] | out/config.json: config_groups.group_0.weights: expected an object, found an array
  compressed-tensors | config_groups.group_0.weights.num_bits | 0 | out/config.json: quantization_config: expected 2 to 8 bits, found 0 bits
  compressed-tensors | config_groups.group_0.weights.num_bits | 1 | out/config.json: quantization_config: expected 2 to 8 bits, found 1 bits
  compressed-tensors | config_groups.group_0.weights.num_bits | 9 | out/config.json: quantization_config: expected 2 to 8 bits, found 9 bits
  compressed-tensors | config_groups.group_0.weights.num_bits | -4 | out/config.json: quantization_config: expected 2 to 8 bits, found -4 bits
  compressed-tensors | config_groups.group_0.weights.num_bits | 1e40 | out/config.json: config_groups.group_0.weights.num_bits: expected an integer, found the number 1e40
  compressed-tensors | config_groups.group_0.weights.num_bits | "4" | out/config.json: config_groups.group_0.weights.num_bits: expected an integer, found a string
  compressed-tensors | config_groups.group_0.weights.num_bits | null | out/config.json: config_groups.group_0.weights.num_bits: expected an integer, found null
  compressed-tensors | config_groups.group_0.weights.num_bits | 4.5 | out/config.json: config_groups.group_0.weights.num_bits: expected an integer, found the number 4.5
  compressed-tensors | config_groups.group_0.weights.type | "float" | out/config.json: config_groups.group_0.weights.type: expected int, found float
  compressed-tensors | config_groups.group_0.weights.type | 7 | out/config.json: config_groups.group_0.weights.type: expected a string, found the number 7
  compressed-tensors | config_groups.group_0.weights.symmetric | 1 | out/config.json: config_groups.group_0.weights.symmetric: expected a boolean, found the number 1
  compressed-tensors | config_groups.group_0.weights.symmetric | "x" | out/config.json: config_groups.group_0.weights.symmetric: expected a boolean, found a string
  compressed-tensors | config_groups.group_0.weights.symmetric | [] | out/config.json: config_groups.group_0.weights.symmetric: expected a boolean, found an array
  compressed-tensors | config_groups.group_0.weights.strategy | "token" | out/config.json: config_groups.group_0.weights.strategy: expected tensor, channel, group, block, tensor_group, found token
  compressed-tensors | config_groups.group_0.weights.strategy | 7 | out/config.json: config_groups.group_0.weights.strategy: expected a string, found the number 7
  compressed-tensors | config_groups.group_0.weights.strategy | "block" | out/config.json: config_groups.group_0.weights.strategy: expected blocks of float-quantized only, found pack-quantized
  compressed-tensors | config_groups.group_0.weights.strategy | "tensor" | out/model.safetensors: tensor model.layers.0.mlp.up_proj.weight_scale: has shape [16, 4], where config.json calls for 1 elements
  compressed-tensors | config_groups.group_0.weights.strategy | [] | out/config.json: config_groups.group_0.weights.strategy: expected a string, found an array
  compressed-tensors | config_groups.group_0.weights.group_size | 0 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.weight_scale: has shape [16, 4] for 64 columns, that is 4 groups, where config.json calls for groups of 0
  compressed-tensors | config_groups.group_0.weights.group_size | 7 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.weight_scale: has shape [16, 4] for 64 columns, that is 4 groups, where config.json calls for groups of 7
  compressed-tensors | config_groups.group_0.weights.group_size | -3 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.weight_scale: has shape [16, 4] for 64 columns, that is 4 groups, where config.json calls for groups of -3
  compressed-tensors | config_groups.group_0.weights.group_size | 1e40 | out/config.json: config_groups.group_0.weights.group_size: expected an integer, found the number 1e40
  compressed-tensors | config_groups.group_0.weights.group_size | "16" | out/config.json: config_groups.group_0.weights.group_size: expected an integer, found a string
  compressed-tensors | config_groups.group_0.weights.group_size | 48 | out/model.safetensors: tensor model.layers.0.mlp.up_proj.weight_scale: has shape [16, 4] for 64 columns, that is 4 groups, where config.json calls for groups of 48
  compressed-tensors | config_groups.group_0.input_activations | 7 | out/config.json: config_groups.group_0.input_activations: expected an object, found the number 7
  compressed-tensors | config_groups.group_0.input_activations | {} | out/config.json: config_groups.group_0.input_activations.num_bits: expected a value, found no such member
  compressed-tensors | config_groups.group_0.input_activations | {"num_bits":4} | out/config.json: config_groups.group_0.input_activations: expected 8 bits, or floats of 4 bits, found 4 bits
  compressed-tensors | config_groups.group_0.input_activations | {"num_bits":8,"type":"half"} | out/config.json: config_groups.group_0.input_activations.type: expected int or float, found half
  compressed-tensors | config_groups.group_0.input_activations | {"num_bits":8,"dynamic":true,"strategy":"tensor"} | out/config.json: config_groups.group_0.input_activations: expected dynamic scales for each token or for groups of it, or one static scale, found the strategy tensor, dynamic
  compressed-tensors | config_groups.group_0.input_activations | {"num_bits":8,"dynamic":"local"} | out/config.json: config_groups.group_0.input_activations: expected dynamic scales for each token or for groups of it, or one static scale, found the strategy token, local
  compressed-tensors | config_groups.group_0.input_activations | {"num_bits":8,"dynamic":"often"} | out/config.json: config_groups.group_0.input_activations.dynamic: expected a boolean, found a string
  compressed-tensors | config_groups.group_0.input_activations | {"num_bits":8,"dynamic":true,"group_size":9223372036854775807} | out/config.json: config_groups.group_0.input_activations: expected a size of groups, found the strategy group of 9223372036854775807, dynamic
  compressed-tensors | config_groups.group_0.input_activations | {"num_bits":4,"type":"float","dynamic":true,"group_size":16} | out/config.json: config_groups.group_0.input_activations: expected 4-bit floats in local groups of 16, or in dynamic ones of 32, found the strategy group of 16, dynamic
  compressed-tensors | config_groups.group_0.input_activations | {"num_bits":8,"strategy":7} | out/config.json: config_groups.group_0.input_activations.strategy: expected a string, found the number 7
  compressed-tensors | config_groups.group_0.input_activations | {"num_bits":8,"symmetric":3} | out/config.json: config_groups.group_0.input_activations.symmetric: expected a boolean, found the number 3
  compressed-tensors | config_groups.group_0.output_activations | {"num_bits":8} | out/config.json: output_activations: expected nothing but Linears quantized, found a setting
  compressed-tensors | config_groups.group_0.output_activations | 7 | out/config.json: output_activations: expected nothing but Linears quantized, found a setting
  compressed-tensors | kv_cache_scheme | {"num_bits":4} | out/config.json: kv_cache_scheme: expected 8 bits, or floats of 4 bits, found 4 bits
  compressed-tensors | kv_cache_scheme | 7 | out/config.json: kv_cache_scheme: expected an object, found the number 7
  compressed-tensors | transform_config | {"a":{}} | out/config.json: transform_config: expected nothing but Linears quantized, found a setting
  compressed-tensors | transform_config | 7 | out/config.json: transform_config: expected nothing but Linears quantized, found a setting
  """#
