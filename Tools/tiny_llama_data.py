"""Text and tokenizer of the tiny-llama example, made from the King James Bible.

The text comes from Debian's packages bible-kjv (the `bible` command) and
bible-kjv-text (its data). train-tiny-llama.py is the only user of this module.
"""

import re
import subprocess

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

# Neither the model nor the tokenizer is trained on these: a story, wisdom, prophecy and a
# letter, chosen because none of them retells another book. (Mark would be a poor choice,
# because a model that has read Matthew already knows half of it.)
HELD_OUT = ["Ruth", "Ecclesiastes", "Daniel", "Hebrews"]

# For calibration. The model was trained on these too, as is usual for calibration text.
CALIBRATION = ["Proverbs", "Mark", "Romans"]

# Every fortieth chapter of the training books is set aside to monitor the training.
VALIDATION_STRIDE = 40

END_OF_TEXT = "<|endoftext|>"
PAD = "<|pad|>"


def read_books():
    """Returns {book: [chapter, ...]} in canonical order; a chapter is plain text.

    A chapter is its heading ("Ruth 1") and then one verse per line, without the verse
    numbers: a model this small should not spend weights on counting lines.
    """
    # A line length that no verse reaches, so that `bible` does not break lines.
    command = ["bible", "-l100000", "Gen1:1-Rev22:21"]
    printed = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    books = {}
    for line in filter(None, printed.splitlines()):
        if verse := re.fullmatch(r"  \d+ (.*)", line):
            chapters[-1] += " ".join(verse[1].split()) + "\n"
        elif heading := re.fullmatch(r"(.+) \d+", line):
            chapters = books.setdefault(heading[1], [])
            chapters.append(line + "\n")
        else:
            raise ValueError(f"bible printed neither a verse nor a heading: {line!r}")
    verses = sum(chapter.count("\n") - 1 for chapters in books.values() for chapter in chapters)
    if (len(books), verses) != (66, 31102):
        raise ValueError(f"expected 66 books and 31102 verses, not {len(books)} and {verses}")
    return books


def split(books):
    """Returns (train, validation, calibration, held_out), each a list of texts.

    Each validation text is one chapter. Each of the other texts is a whole book (training
    books without their validation chapters).
    """
    train, validation, count = [], [], 0
    for book, chapters in books.items():
        if book in HELD_OUT:
            continue
        kept = []
        for chapter in chapters:
            count += 1
            (kept if count % VALIDATION_STRIDE else validation).append(chapter)
        train.append("\n".join(kept))
    calibration = ["\n".join(books[book]) for book in CALIBRATION]
    held_out = ["\n".join(books[book]) for book in HELD_OUT]
    return train, validation, calibration, held_out


def train_tokenizer(texts, vocabulary, max_length):
    """Trains a byte-level BPE in the manner of GPT-2: no unknown token, no prefix space."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_OF_TEXT, PAD],
        # All 256 bytes, so that any text can be encoded.
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        pad_token=PAD,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],  # Llama takes no token_type_ids
        clean_up_tokenization_spaces=False,
    )
