#!/usr/bin/env python3
"""Writes fixtures for the tests of formats: quantized Linears and the weights they represent.

Usage: make-format-goldens.py [FOLDER]        (default: Tests/FormatsTests/Fixtures; needs numpy)

Each fixture is a folder with config.json and model.safetensors. The latter holds the tensors of a
Linear `p` and, as `golden`, the weights that they represent, float32 [out, in]. The script shares
neither code nor assumptions about the layout with the library: it makes words bit by bit from the
definitions of AutoAWQ (gemm), compressed-tensors (int-quantized) and mlx (affine). The committed fixtures were
made with numpy 2.4.
"""
import json, pathlib, struct, sys
import numpy as np

OUT, IN = 16, 64
AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)        # nibble p of a word holds the word's column AWQ_ORDER[p]


def bfloat16(values):
    """Returns the bits of values that bfloat16 represents exactly."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    assert not (bits & 0xffff).any()
    return (bits >> 16).astype(np.uint16)


def save(folder, config, tensors):
    """Writes a folder; `tensors` maps a name to a safetensors type and the array to store."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'config.json').write_text(json.dumps({'quantization_config': config}, indent=2) + '\n')
    header, data = {}, b''
    for name, (kind, array) in tensors.items():
        stored = np.ascontiguousarray(array).tobytes()
        header[name] = {'dtype': kind, 'shape': list(np.shape(array)), 'data_offsets': [len(data), len(data) + len(stored)]}
        data += stored
    text = json.dumps(header).encode()
    (folder / 'model.safetensors').write_bytes(struct.pack('<Q', len(text)) + text + data)


def awq_words(matrix):
    """Packs values below 16, [lines, columns], into int32 words, [lines, columns/8]."""
    words = np.zeros((len(matrix), matrix.shape[1] // 8), np.uint32)
    for line, values in enumerate(matrix):
        for word in range(words.shape[1]):
            for nibble, column in enumerate(AWQ_ORDER):
                words[line, word] |= np.uint32(int(values[8 * word + column]) << (4 * nibble))
    return words.view(np.int32)


def awq(random, folder, config, group):
    """Writes a fixture with codes [in, out], and zero points and scales [groups, out]."""
    groups = IN // group
    codes, zeros = random.integers(0, 16, (IN, OUT)), random.integers(0, 16, (groups, OUT))
    zeros[0, :2] = 0, 15
    scales = random.uniform(0.01, 0.1, (groups, OUT)).astype(np.float16)
    wide = [np.repeat(part, group, 0) for part in (scales.astype(np.float32), zeros)]
    golden = (wide[0] * (codes - wide[1]).astype(np.float32)).T
    assert awq_words(np.arange(8)[None])[0, 0] == 0x75316420
    save(folder, {'quant_method': 'awq', **config}, {
        'p.qweight': ('I32', awq_words(codes)), 'p.qzeros': ('I32', awq_words(zeros)), 'p.scales': ('F16', scales),
        'golden': ('F32', golden)})


def int8(random, folder, per_tensor, inputs, extra):
    """Writes a fixture with signed codes [out, in], and one scale for each row or for all rows."""
    codes = random.integers(-128, 128, (OUT, IN))
    codes[0, :2] = -128, 127
    scales = random.integers(1, 256, (1,) if per_tensor else (OUT, 1)).astype(np.float32) / 4096       # 8 significant bits
    config = {
        'quant_method': 'compressed-tensors', 'format': 'int-quantized', 'quantization_status': 'compressed', 'ignore': ['lm_head'],
        'config_groups': {'group_0': {
            'targets': ['Linear'], 'output_activations': None, 'input_activations': {'num_bits': 8, 'type': 'int', **inputs},
            'weights': {'num_bits': 8, 'type': 'int', 'symmetric': True, 'dynamic': False,
                        'strategy': 'tensor' if per_tensor else 'channel'}}}}
    stored = ('F32', scales) if per_tensor else ('BF16', bfloat16(scales))
    save(folder, config, {
        **extra, 'p.weight': ('I8', codes.astype(np.int8)), 'p.weight_scale': stored,
        'golden': ('F32', scales * codes.astype(np.float32))})


def mlx(random, folder, config, bits, group):
    """Writes a fixture with codes [out, in], and scales of both signs and offsets [out, groups]."""
    codes = random.integers(0, 2 ** bits, (OUT, IN))
    shape = (OUT, IN // group)
    scales = (random.uniform(0.01, 0.1, shape) * random.choice([-1, 1], shape)).astype(np.float16)
    offsets = random.uniform(-0.5, 0.5, shape).astype(np.float16)
    # Bit k of a code stands behind bit k - 1 in one stream for each row, which is cut into words.
    stream = (codes[:, :, None] >> np.arange(bits) & 1).astype(np.uint32).reshape(OUT, -1, 32)
    words = (stream << np.arange(32, dtype=np.uint32)).sum(-1, dtype=np.uint32)
    wide = [np.repeat(part, group, 1).astype(np.float32) for part in (scales, offsets)]
    save(folder, config, {
        'p.weight': ('U32', words), 'p.scales': ('F16', scales), 'p.biases': ('F16', offsets),
        'golden': ('F32', wide[0] * codes.astype(np.float32) + wide[1])})


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / 'Tests/FormatsTests/Fixtures'
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    random = np.random.default_rng(20)
    autoawq = {'bits': 4, 'group_size': 32, 'zero_point': True, 'version': 'gemm', 'modules_to_not_convert': None}
    awq(random, root / 'awq', autoawq, 32)
    awq(random, root / 'awq-rows', {'w_bit': 4, 'q_group_size': -1, 'zero_point': True, 'version': 'GEMM'}, IN)
    int8(random, root / 'int8-dynamic', False, {'symmetric': True, 'strategy': 'token', 'dynamic': True}, {})
    int8(random, root / 'int8-static', True, {'symmetric': False, 'strategy': 'tensor', 'dynamic': False},
         {'p.input_scale': ('F32', np.array([0.0375], np.float32)), 'p.input_zero_point': ('I8', np.array([-5], np.int8))})
    mlx(random, root / 'mlx', {'group_size': 32, 'bits': 4}, 4, 32)
    mlx(random, root / 'mlx-module', {'group_size': 32, 'bits': 8, 'mode': 'affine', 'p': {'group_size': 64, 'bits': 3}}, 3, 64)


if __name__ == '__main__':
    main()
