#!/usr/bin/env python3
"""Writes fixtures for the tests of FP4 and FP8: Linears as the package compressed-tensors stores them.

Usage: make-float-goldens.py [FOLDER]   (default: Tests/FormatsTests/Fixtures; needs compressed-tensors, safetensors)

Each fixture is a folder with config.json and model.safetensors. The latter holds the tensors of a Linear `p` and, as
`golden`, the weights that the package decodes; where inputs are rounded while the model runs, also `x` and what the
package rounds that to, `rounded`. The committed fixtures were made with compressed-tensors 0.19.0.
"""
import json, pathlib, sys
import torch
from compressed_tensors.compressors.mxfp4.base import MXFP4PackedCompressor
from compressed_tensors.compressors.naive_quantized.base import FloatQuantizationCompressor
from compressed_tensors.compressors.nvfp4.base import NVFP4PackedCompressor
from compressed_tensors.quantization import QuantizationScheme, preset_name_to_scheme
from compressed_tensors.quantization.lifecycle.forward import fake_quantize
from compressed_tensors.quantization.utils import compute_dynamic_scales_and_zp, generate_gparam
from safetensors.torch import save_file


def rounded(x, scheme, divisor):
    """What an engine computes with in place of inputs, with scales that are chosen for them."""
    scale, zero = compute_dynamic_scales_and_zp(x, scheme.input_activations, None, divisor)
    return fake_quantize(x, scale, zero, scheme.input_activations, divisor)


def write(folder, scheme, layout, compressor, tensors, x=None):
    stored = compressor.compress(tensors, scheme)
    golden = compressor.decompress(stored, scheme)['weight'].float()
    kept = ('weight', 'weight_packed', 'weight_scale', 'weight_global_scale', 'input_scale', 'input_global_scale')
    stored |= {name: tensors[name] for name in ('input_global_scale',) if name in tensors}
    results = {'golden': golden.contiguous()}
    if x is not None: results |= {'x': x, 'rounded': rounded(x, scheme, tensors.get('input_global_scale')).contiguous()}
    tensors = {f'p.{name}': stored[name].contiguous() for name in kept if name in stored}
    weights = json.loads(scheme.weights.model_dump_json())
    inputs = json.loads(scheme.input_activations.model_dump_json()) if scheme.input_activations else None
    group = {'targets': ['Linear'], 'weights': weights, 'input_activations': inputs, 'output_activations': None,
             'format': layout}
    config = {'quant_method': 'compressed-tensors', 'format': layout, 'quantization_status': 'compressed',
              'config_groups': {'group_0': group}, 'ignore': ['lm_head']}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors | results, folder / 'model.safetensors')
    (folder / 'model.safetensors').chmod(0o644)
    (folder / 'config.json').write_text(json.dumps({'quantization_config': config}, indent=2) + '\n')


def preset(name): return preset_name_to_scheme(name, ['Linear'])


def blocks(height, width):
    """The preset FP8_BLOCK with smaller blocks, which do not fill a small matrix either."""
    scheme = preset('FP8_BLOCK')
    weights = scheme.weights.model_copy(update={'block_structure': [height, width]})
    inputs = scheme.input_activations.model_copy(update={'group_size': 32})
    return QuantizationScheme(targets=['Linear'], weights=weights, input_activations=inputs)


if __name__ == '__main__':
    torch.manual_seed(5)
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else 'Tests/FormatsTests/Fixtures')
    weights = torch.randn(16, 64) * 0.02 * (1 + 3 * torch.rand(16, 1))
    largest = weights.reshape(16, 4, 16).abs().amax(2)
    divisor = 448 * 6 / weights.abs().max()
    scales = (largest / 6 * divisor).to(torch.float8_e4m3fn).float()
    write(folder / 'nvfp4', preset('NVFP4A16'), 'nvfp4-pack-quantized', NVFP4PackedCompressor,
          {'weight': weights, 'weight_scale': scales, 'weight_global_scale': divisor.reshape(1)})
    powers = 2.0 ** torch.floor(torch.log2(weights.reshape(16, 2, 32).abs().amax(2) / 4))
    write(folder / 'mxfp4', preset('MXFP4A16'), 'mxfp4-pack-quantized', MXFP4PackedCompressor,
          {'weight': weights, 'weight_scale': powers})
    rows = (weights.abs().amax(1, keepdim=True) / 448).bfloat16().float()
    write(folder / 'fp8', preset('FP8_DYNAMIC'), 'float-quantized', FloatQuantizationCompressor,
          {'weight': weights, 'weight_scale': rows})
    whole = (weights.abs().max() / 448).reshape(1)
    write(folder / 'fp8-static', preset('FP8'), 'float-quantized', FloatQuantizationCompressor,
          {'weight': weights, 'weight_scale': whole, 'input_scale': torch.tensor([0.0375])})
    # Some tokens are large, some groups small or zero.
    x = torch.randn(6, 64) * 10.0 ** torch.linspace(-3, 2, 6)[:, None]
    x[2, :16], x[3, 16:32], x[4, 32:48] = 0, x[3, 16:32] * 1e-3, 1e-30
    divisor = generate_gparam(x.min(), x.max())
    write(folder / 'nvfp4-inputs', preset('NVFP4'), 'nvfp4-pack-quantized', NVFP4PackedCompressor,
          {'weight': weights, 'weight_scale': scales, 'weight_global_scale': 448 * 6 / weights.abs().max().reshape(1),
           'input_global_scale': divisor}, x)
    write(folder / 'mxfp4-inputs', preset('MXFP4'), 'mxfp4-pack-quantized', MXFP4PackedCompressor,
          {'weight': weights, 'weight_scale': powers}, x)
    weights = torch.randn(20, 64) * 0.02 * (1 + 3 * torch.rand(20, 1))
    largest = [[weights[i:i + 8, j:j + 24].abs().max() for j in range(0, 64, 24)] for i in range(0, 20, 8)]
    write(folder / 'fp8-block', blocks(8, 24), 'float-quantized', FloatQuantizationCompressor,
          {'weight': weights, 'weight_scale': (torch.tensor(largest) / 448).bfloat16().float()}, x)
