#!/usr/bin/env python3
"""Writes fixtures for the tests of the bitsandbytes format: Linears as that package stores them.

Usage: make-bitsandbytes-goldens.py [FOLDER]   (default: Tests/FormatsTests/Fixtures; needs bitsandbytes, safetensors)

Each fixture is a folder with config.json and model.safetensors. The latter holds the tensors of a Linear `p` and, as
`golden`, the first two and the last two rows of the weights that bitsandbytes decodes. The committed fixtures were made
with bitsandbytes 0.50.2 on a CPU.
"""
import json, pathlib, sys
import bitsandbytes.functional as bnb
import torch
from safetensors.torch import save_file


def write(folder, kind, is_nested, rows, columns):
    weights = torch.randn(rows, columns) * 0.02 * (1 + 3 * torch.rand(rows, 1))
    codes, state = bnb.quantize_4bit(weights, blocksize=64, compress_statistics=is_nested, quant_type=kind)
    decoded = bnb.dequantize_4bit(codes, state).reshape(rows, columns)
    tensors = {'p.weight': codes, 'golden': decoded[[0, 1, rows - 2, rows - 1]].contiguous()}
    for name, value in state.as_dict(packed=True).items():
        tensors[f'p.weight.{name}'] = value.contiguous()
    config = {
        'quant_method': 'bitsandbytes', 'load_in_4bit': True, 'load_in_8bit': False, 'bnb_4bit_quant_type': kind,
        'bnb_4bit_use_double_quant': is_nested, 'bnb_4bit_compute_dtype': 'float32'}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / 'model.safetensors')
    (folder / 'model.safetensors').chmod(0o644)
    (folder / 'config.json').write_text(json.dumps({'quantization_config': config}, indent=2) + '\n')


if __name__ == '__main__':
    torch.manual_seed(5)
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else 'Tests/FormatsTests/Fixtures')
    write(folder / 'nf4-double', 'nf4', True, 96, 192)
    write(folder / 'fp4', 'fp4', False, 6, 128)
