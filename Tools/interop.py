"""Quantizes MODEL in several formats, and compares the scores of TEXT from ptq and each reader.

Called by Tools/interop. A score is the mean natural logarithm of a token's probability, over the
predictions in non-overlapping windows of the text. The exit status is 1 if a reader fails or
differs too much from ptq.
"""
import argparse, json, os, pathlib, signal, subprocess, sys, tempfile
from transformers import AutoTokenizer

WINDOWS, LENGTH, MINUTES = 8, 256, 15
HERE = pathlib.Path(__file__).resolve().parent

# By name: the options of `ptq quantize` in addition to COMMON, and the quantization method and the
# symmetry that config.json must state; None for a GGUF file, which has no config.json.
COMMON = '--samples 32 --length 256'
PACKED = '--method gptq --bits 4 --group-size 64'
FORMATS = {
    'compressed-tensors': (f'{PACKED} --format compressed-tensors --symmetric', ('compressed-tensors', True)),
    'compressed-tensors asymmetric': (f'{PACKED} --format compressed-tensors --asymmetric', ('compressed-tensors', False)),
    'nvfp4': ('--method gptq --type nvfp4', ('compressed-tensors', True)),
    'mxfp4': ('--method gptq --type mxfp4', ('compressed-tensors', True)),
    'head': (f'{PACKED} --head', ('compressed-tensors', True)),
    'ternary': ('--method gptq --bits ternary --group-size 64', ('compressed-tensors', True)),
    'keys and values fp8': (f'{PACKED} --kv-cache fp8', ('compressed-tensors', True)),
    'gptq': (f'{PACKED} --format gptq --symmetric', ('gptq', True)),
    'awq': (f'{PACKED} --format awq --asymmetric', ('awq', False)),
    'mlx': (f'{PACKED} --format mlx', ('mlx', False)),
    'gptq, head': (f'{PACKED} --format gptq --symmetric --head', ('gptq', True)),
    'mlx, head': (f'{PACKED} --format mlx --head', ('mlx', False)),
    'mlx 3 bits': ('--method gptq --bits 3 --group-size 64 --format mlx', ('mlx', False)),
    'nf4+double': ('--method gptq --format bitsandbytes', ('bitsandbytes', True)),
    'fp4': ('--method gptq --format bitsandbytes --type fp4', ('bitsandbytes', False)),
    'gguf Q4_0': ('--method gptq --format gguf --type Q4_0', None),
    'gguf Q3_K_M': ('--method gptq --format gguf --type Q3_K_M', None),
    'gguf MXFP4': ('--method gptq --format gguf --type MXFP4', None),
    'fp8': ('--method gptq --type fp8', ('compressed-tensors', True)),
    'fp8 static': ('--method gptq+static --type fp8', ('compressed-tensors', True)),
    'fp8 by block': ('--method gptq --type fp8-block', ('compressed-tensors', True)),
    'nvfp4, inputs nvfp4': ('--method gptq+nvfp4 --type nvfp4', ('compressed-tensors', True)),
    'mxfp4, inputs mxfp4': ('--method gptq+mxfp4 --type mxfp4', ('compressed-tensors', True)),
    '4 bits and fp8': ('--method gptq --bits-plan PLAN', ('compressed-tensors', True)),
    '4 bits, inputs fp8': ('--method gptq+fp8', ('compressed-tensors', True)),
    'int8': ('--method smoothquant --format compressed-tensors', ('compressed-tensors', True)),
    'int8 static': ('--method smoothquant+static --format compressed-tensors', ('compressed-tensors', True)),
}
# transformers must dequantize asymmetric files on loading, because it rejects packed zero points
# otherwise; and floats of four bits, which it decodes to bfloat16 whatever the rest of the model has.
READINGS = [
    ('transformers', 'dense', []),
    ('transformers', 'compressed-tensors', []),
    ('transformers', 'compressed-tensors asymmetric', ['--dequantize']),
    ('transformers', 'nvfp4', ['--dequantize']),
    ('transformers', 'mxfp4', ['--dequantize']),
    ('transformers', 'head', []),
    ('transformers', 'ternary', []),
    ('transformers', 'keys and values fp8', []),
    ('transformers', 'fp8', []),
    ('transformers', 'fp8 static', []),
    ('transformers', 'fp8 by block', []),
    ('transformers', 'nvfp4, inputs nvfp4', ['--dequantize']),
    ('transformers', 'mxfp4, inputs mxfp4', ['--dequantize']),
    ('transformers', '4 bits and fp8', []),
    ('transformers', '4 bits, inputs fp8', []),
    ('transformers', 'int8', []),
    ('transformers', 'int8 static', []),
    ('transformers', 'gguf Q4_0', []),
    ('transformers', 'gguf Q3_K_M', []),
    ('transformers', 'gguf MXFP4', []),
    ('bitsandbytes', 'nf4+double', []),
    ('bitsandbytes', 'fp4', []),
    ('definition', 'gptq', []),
    ('definition', 'awq', []),
    ('mlx-lm', 'mlx', []),
    ('mlx-lm', 'mlx 3 bits', []),
    ('mlx-lm', 'mlx, head', []),
    ('llama.cpp', 'gguf Q4_0', []),
    ('llama.cpp', 'gguf Q3_K_M', []),
    ('llama.cpp', 'gguf MXFP4', []),
    ('vllm', 'dense', []),
    ('vllm', 'compressed-tensors', []),
    ('vllm', 'compressed-tensors asymmetric', []),
    ('vllm', 'gptq', []),
    ('vllm', 'gptq, head', []),
    ('vllm', 'awq', []),
    ('vllm', 'head', []),
    ('vllm', 'keys and values fp8', []),
    ('vllm', 'fp8', []),
    ('vllm', '4 bits and fp8', []),
    ('vllm', 'int8', []),
    ('vllm', 'int8 static', []),
]
TOLERANCE = {'transformers': 0.001, 'definition': 0.001, 'mlx-lm': 0.001,    # float32, like ptq
             'bitsandbytes': 0.005,                         # weights are rounded to the type of the original
             'llama.cpp': 0.003,                            # inputs are rounded to 8 bits
             'vllm': 0.01}                                  # bfloat16


class Failure(Exception):
    """A reader or ptq failed; the message is its last output."""


def call(command):
    """Runs a program, ends all processes that it started, and returns its output."""
    try:
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, start_new_session=True)
    except OSError as error:
        raise Failure(f'{error}; was it installed?')
    try:
        output, errors = process.communicate(timeout=60 * MINUTES)
    except subprocess.TimeoutExpired:
        raise Failure(f'no answer in {MINUTES} minutes')
    finally:
        try: os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError: pass
    if process.returncode:
        said = [line for line in (errors or output).splitlines() if line.strip()]
        plain = [line for line in said if not line.startswith((' ', 'Traceback')) and '%|' not in line]     # no stacks, no bars
        raise Failure('\n'.join((plain or said)[-6:]) or f'exit status {process.returncode}')
    return output


def check_scheme(folder, expected):
    """Checks that config.json states the requested quantization method and symmetry, or double quantization."""
    found = json.loads((folder / 'config.json').read_text())['quantization_config']
    method = found.get('quant_method', 'mlx')
    symmetric = {'mlx': lambda: False, 'gptq': lambda: found['sym'], 'awq': lambda: not found['zero_point'],
                 'bitsandbytes': lambda: found['bnb_4bit_use_double_quant'],
                 'compressed-tensors': lambda: found['config_groups']['group_0']['weights']['symmetric']}[method]()
    if (method, symmetric) != expected: raise Failure(f'config.json says {method}, symmetric {symmetric}')


def score_with_ptq(ptq, folder, text):
    answer = json.loads(call([ptq, 'eval', folder, '--text', text, '--length', LENGTH, '--windows', WINDOWS, '--json']))
    expected = WINDOWS * (LENGTH - 1)
    if answer['tokens'] != expected: raise Failure(f"ptq eval predicted {answer['tokens']} tokens, not {expected}")
    return answer['mean_log_probability']


def score_with_reader(python, reader, folder, windows, extra):
    output = call([python, HERE / 'interop_reader.py', reader, folder, windows, *extra])
    return next(float(line.split()[1]) for line in output.splitlines() if line.startswith('score '))


def write_windows(model, text, path):
    ids = AutoTokenizer.from_pretrained(model)(text.read_text(encoding='utf-8'), add_special_tokens=False)['input_ids']
    if len(ids) < WINDOWS * LENGTH: sys.exit(f'interop: {text} has {len(ids)} tokens, {WINDOWS * LENGTH} are needed')
    path.write_text(json.dumps([ids[i * LENGTH:(i + 1) * LENGTH] for i in range(WINDOWS)]))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    for name in ('--ptq', '--vllm', '--mlx', '--bitsandbytes', '--llama'): arguments.add_argument(name, required=True)
    for name in ('model', 'text'): arguments.add_argument(name, type=pathlib.Path)
    options = arguments.parse_args()
    complaints = []

    with tempfile.TemporaryDirectory(prefix='ptq-interop-') as place:
        place = pathlib.Path(place)
        windows = place / 'windows.json'
        write_windows(options.model, options.text, windows)
        plan = place / 'plan.json'
        plan.write_text('{"bits": {"*.layers.*.*.*": 4, "*.layers.*.mlp.down_proj": "fp8"}}')

        folders, ours = {'dense': options.model}, {}
        for name, (extra, scheme) in FORMATS.items():
            folders[name] = place / (name.replace(' ', '-') + ('' if scheme else '.gguf'))
            try:
                call([options.ptq, 'quantize', options.model, '--output', folders[name],
                      '--calibration', options.model / 'calibration.txt', *COMMON.split(), *extra.replace('PLAN', str(plan)).split()])
                if scheme: check_scheme(folders[name], scheme)
            except Failure as failure:
                del folders[name]
                complaints.append(f'ptq quantize, {name}: {failure}')
        for name, folder in folders.items():
            try: ours[name] = score_with_ptq(options.ptq, folder, options.text)
            except Failure as failure: complaints.append(f'ptq eval, {name}: {failure}')

        row = '{:13} {:30} {:>9} {:>9} {:>10}  {}'.format
        print(row('reader', 'format', 'ours', 'theirs', 'difference', ''), flush=True)
        for reader, name, extra in READINGS:
            if name not in ours:
                print(row(reader, name, '-', '-', '-', 'FAILED'), flush=True)
                continue
            try:
                python = {'vllm': options.vllm, 'mlx-lm': options.mlx, 'bitsandbytes': options.bitsandbytes,
                          'llama.cpp': options.llama}
                python = python.get(reader, sys.executable)
                theirs = score_with_reader(python, reader, folders[name], windows, extra)
            except Failure as failure:
                print(row(reader, name, f'{ours[name]:.4f}', '-', '-', 'FAILED'), flush=True)
                complaints.append(f'{reader}, {name}: {failure}')
                continue
            difference = theirs - ours[name]
            # An input that is nearly between two floats may be rounded to either.
            tolerance = max(TOLERANCE[reader], 0.002 if 'fp8' in name or 'inputs' in name else 0)
            good = abs(difference) <= tolerance     # False for NaN
            print(row(reader, name, f'{ours[name]:.4f}', f'{theirs:.4f}', f'{difference:+.4f}', 'ok' if good else 'FAILED'),
                  flush=True)
            if not good: complaints.append(f'{reader}, {name}: differs by more than {tolerance}')

    for complaint in complaints: print(f'interop: {complaint}', file=sys.stderr)
    sys.exit(1 if complaints else 0)


if __name__ == '__main__':
    main()
