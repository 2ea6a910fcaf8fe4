#!/usr/bin/env python3
"""Writes the .npy fixtures of the checkpoint tests, as NumPy itself writes such files.

Usage: make-numpy-goldens.py [FOLDER]        (default: Tests/CheckpointTests/Fixtures; needs numpy)

Every element is (100 i + 10 j + k) / 8, where k is its last index; all types hold this exactly, and
the tests compute the same. A name gives the type, the order, the number of axes and the version of
the format. The files named refused-* hold arrays that ptq does not read.
"""
import pathlib, sys
import numpy as np
from numpy.lib import format as npy


def numbers(shape, dtype, order):
    last = np.indices(shape)
    weights = (100, 10, 1)[3 - len(shape):]
    values = sum((w * i for w, i in zip(weights, last)), np.zeros(shape)) / 8
    return np.asarray(values, dtype=dtype, order=order)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                          pathlib.Path(__file__).parent.parent / 'Tests/CheckpointTests/Fixtures')
    folder.mkdir(parents=True, exist_ok=True)
    cases = [(dtype, order, shape) for dtype in ('<f2', '<f4', '<f8') for order in 'CF'
             for shape in ((5,), (3, 4), (2, 3, 4)) if order == 'C' or len(shape) > 1]
    for i, (dtype, order, shape) in enumerate(cases):
        version = 1 + i % 3             # with 5 cases of each type, each type gets every version
        with open(folder / f'{dtype[1:]}-{order}-{len(shape)}d-v{version}.npy', 'wb') as file:
            npy.write_array(file, numbers(shape, dtype, order), version=(version, 0))
    for name, array in {
        'integers': numbers((3, 4), '<u2', 'C'), 'big-endian': numbers((3, 4), '>f4', 'C'),
        'booleans': numbers((3, 4), '?', 'C'), 'complex': numbers((3, 4), '<c8', 'C'),
        'fields': np.zeros(3, dtype=[('x', '<f4'), ('y', '<f4')]),
    }.items():
        np.save(folder / f'refused-{name}.npy', array)
    print(f'numpy {np.__version__}: {len(list(folder.glob("*.npy")))} files in {folder}')


if __name__ == '__main__':
    main()
