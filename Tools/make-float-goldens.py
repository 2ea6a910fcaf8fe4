#!/usr/bin/env python3
"""Writes fixtures for the tests of FP4 and FP8: Linears as the package compressed-tensors stores them.

Usage: make-float-goldens.py [FOLDER]   (default: Tests/FormatsTests/Fixtures; needs compressed-tensors, safetensors)

Each fixture is a folder with config.json and model.safetensors. The latter holds the tensors of a Linear `p` and, as
`golden`, the weights that the package decodes. The committed fixtures were made with compressed-tensors 0.19.0.
"""
import json, pathlib, sys
import torch
from compressed_tensors.compressors.mxfp4.base import MXFP4PackedCompressor
from compressed_tensors.compressors.naive_quantized.base import FloatQuantizationCompressor
from compressed_tensors.compressors.nvfp4.base import NVFP4PackedCompressor
from compressed_tensors.quantization import QuantizationScheme, preset_name_to_scheme
from safetensors.torch import save_file


def write(folder, preset, layout, compressor, tensors):
    scheme = preset_name_to_scheme(preset, ['Linear'])
    stored = compressor.compress(tensors, scheme)
    golden = compressor.decompress(stored, scheme)['weight'].float()
    kept = ('weight', 'weight_packed', 'weight_scale', 'weight_global_scale', 'input_scale')
    tensors = {f'p.{name}': stored[name].contiguous() for name in kept if name in stored}
    weights = json.loads(scheme.weights.model_dump_json())
    # The inputs of 4-bit floats stay as they are.
    inputs = json.loads(scheme.input_activations.model_dump_json()) if 'weight' in stored else None
    group = {'targets': ['Linear'], 'weights': weights, 'input_activations': inputs, 'output_activations': None,
             'format': layout}
    config = {'quant_method': 'compressed-tensors', 'format': layout, 'quantization_status': 'compressed',
              'config_groups': {'group_0': group}, 'ignore': ['lm_head']}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors | {'golden': golden.contiguous()}, folder / 'model.safetensors')
    (folder / 'model.safetensors').chmod(0o644)
    (folder / 'config.json').write_text(json.dumps({'quantization_config': config}, indent=2) + '\n')


if __name__ == '__main__':
    torch.manual_seed(5)
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else 'Tests/FormatsTests/Fixtures')
    weights = torch.randn(16, 64) * 0.02 * (1 + 3 * torch.rand(16, 1))
    largest = weights.reshape(16, 4, 16).abs().amax(2)
    divisor = 448 * 6 / weights.abs().max()
    scales = (largest / 6 * divisor).to(torch.float8_e4m3fn).float()
    write(folder / 'nvfp4', 'NVFP4A16', 'nvfp4-pack-quantized', NVFP4PackedCompressor,
          {'weight': weights, 'weight_scale': scales, 'weight_global_scale': divisor.reshape(1)})
    powers = 2.0 ** torch.floor(torch.log2(weights.reshape(16, 2, 32).abs().amax(2) / 4))
    write(folder / 'mxfp4', 'MXFP4A16', 'mxfp4-pack-quantized', MXFP4PackedCompressor,
          {'weight': weights, 'weight_scale': powers})
    rows = (weights.abs().amax(1, keepdim=True) / 448).bfloat16().float()
    write(folder / 'fp8', 'FP8_DYNAMIC', 'float-quantized', FloatQuantizationCompressor,
          {'weight': weights, 'weight_scale': rows})
    whole = (weights.abs().max() / 448).reshape(1)
    write(folder / 'fp8-static', 'FP8', 'float-quantized', FloatQuantizationCompressor,
          {'weight': weights, 'weight_scale': whole, 'input_scale': torch.tensor([0.0375])})
