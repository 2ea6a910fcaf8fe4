#!/usr/bin/env python3
"""Prints the table of Sources/Tokenizer/UnicodeScripts.swift, as the Python package splits scripts.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python Tools/make-script-table.py

An entry is the first scalar of a range and the number of its script, both hexadecimal. Scripts are
numbered in the order of their first scalars. Scalars without a script do not end a range.
"""

import textwrap

from tokenizers import pre_tokenizers

split = pre_tokenizers.UnicodeScripts().pre_tokenize_str
representatives = []
entries = []
last = None
for code in [*range(0xD800), *range(0xE000, 0x110000)]:
    character = chr(code)
    joins = lambda other: len(split(other + character)) == 1
    # What has no script joins letters of any script.
    if joins("a") and joins("α"): continue
    if last is not None and joins(representatives[last]): continue
    last = next((number for number, other in enumerate(representatives) if joins(other)), None)
    if last is None:
        last = len(representatives)
        representatives.append(character)
    entries.append(f"{code:X}:{last:X}")
print("\n".join(textwrap.wrap(" ".join(entries), 96)))
