/// Kind of file, place, value, and message.
let hostileSections = #"""
  bpe | model | 7 | model: expected an object, found the number 7
  bpe | model | null | model: expected an object, found null
  bpe | model | [] | model: expected an object, found an array
  bpe | model | {} | model.merges: found none, and a BPE model cannot be applied without merges; export the tokenizer again with its merges in tokenizer.json
  bpe | model | {"type":"Odd"} | model: the type Odd is not supported; supported: BPE, Unigram, WordPiece
  bpe | model | {"type":7} | model.type: expected a string, found the number 7
  bpe | model | {"type":"BPE"} | model.merges: found none, and a BPE model cannot be applied without merges; export the tokenizer again with its merges in tokenizer.json
  bpe | model | {"type":"Unigram"} | model.vocab: expected a value, found no such member
  bpe | model | {"type":"WordPiece"} | model.vocab: expected a value, found no such member
  bpe | model.vocab | 7 | model.vocab: expected an object, found the number 7
  bpe | model.vocab | null | model.vocab: expected an object, found null
  bpe | model.vocab | {"a":"x"} | model.vocab: found a string for "a", needed an id of 32 bits
  bpe | model.vocab | {"a":1.5} | model.vocab: found a number for "a", needed an id of 32 bits
  bpe | model.vocab | {"a":4294967296} | model.vocab: found a number for "a", needed an id of 32 bits
  bpe | model.vocab | {"a":0,"b":0} | model.merges: found "ab" at [0], needed a token of model.vocab
  bpe | model.merges | 7 | model.merges: expected an array, found the number 7
  bpe | model.merges | null | model.merges: found none, and a BPE model cannot be applied without merges; export the tokenizer again with its merges in tokenizer.json
  bpe | model.merges | {} | model.merges: expected an array, found an object
  bpe | model.merges | [7] | model.merges: found 7 at [0], needed two tokens: ["a", "b"] or "a b"
  bpe | model.merges | ["a"] | model.merges: found "a" at [0], needed two tokens: ["a", "b"] or "a b"
  bpe | model.merges | [["a"]] | model.merges: found ["a"] at [0], needed two tokens: ["a", "b"] or "a b"
  bpe | model.merges | [["a","b","c"]] | model.merges: found ["a","b","c"] at [0], needed two tokens: ["a", "b"] or "a b"
  bpe | model.merges | [["a","q"]] | model.merges: found "q" at [0], needed a token of model.vocab
  bpe | model.merges | [["a",7]] | model.merges: found ["a",7] at [0], needed two tokens: ["a", "b"] or "a b"
  bpe | model.unk_token | 7 | model.unk_token: expected a string, found the number 7
  bpe | model.unk_token | [] | model.unk_token: expected a string, found an array
  bpe | model.unk_token | {} | model.unk_token: expected a string, found an object
  bpe | model.continuing_subword_prefix | 7 | model.continuing_subword_prefix: expected a string, found the number 7
  bpe | model.continuing_subword_prefix | [] | model.continuing_subword_prefix: expected a string, found an array
  bpe | model.continuing_subword_prefix | {} | model.continuing_subword_prefix: expected a string, found an object
  bpe | model.end_of_word_suffix | 7 | model.end_of_word_suffix: expected a string, found the number 7
  bpe | model.end_of_word_suffix | [] | model.end_of_word_suffix: expected a string, found an array
  bpe | model.end_of_word_suffix | {} | model.end_of_word_suffix: expected a string, found an object
  bpe | model.fuse_unk | 7 | model.fuse_unk: expected a boolean, found the number 7
  bpe | model.fuse_unk | "x" | model.fuse_unk: expected a boolean, found a string
  bpe | model.fuse_unk | [] | model.fuse_unk: expected a boolean, found an array
  bpe | model.byte_fallback | 7 | model.byte_fallback: expected a boolean, found the number 7
  bpe | model.byte_fallback | "x" | model.byte_fallback: expected a boolean, found a string
  bpe | model.byte_fallback | [] | model.byte_fallback: expected a boolean, found an array
  bpe | model.ignore_merges | 7 | model.ignore_merges: expected a boolean, found the number 7
  bpe | model.ignore_merges | "x" | model.ignore_merges: expected a boolean, found a string
  bpe | model.ignore_merges | [] | model.ignore_merges: expected a boolean, found an array
  bpe | model.dropout | 0.5 | model.dropout: random encoding is not supported; supported: null
  bpe | model.dropout | "x" | model.dropout: expected a number, found a string
  bpe | added_tokens | 7 | added_tokens: expected an array, found the number 7
  bpe | added_tokens | {} | added_tokens: expected an array, found an object
  bpe | added_tokens | [7] | added_tokens[0]: expected an object, found the number 7
  bpe | added_tokens | [{}] | added_tokens[0].content: expected a value, found no such member
  bpe | added_tokens | [{"id":-1,"content":"x"}] | added_tokens[0]: found the id -1 for "x", needed 7, the next free id
  bpe | added_tokens | [{"id":99,"content":"x","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}] | added_tokens[0]: found the id 99 for "x", needed 7, the next free id
  bpe | added_tokens | [{"id":7}] | added_tokens[0].content: expected a value, found no such member
  bpe | normalizer | 7 | normalizer: expected an object, found the number 7
  bpe | normalizer | [] | normalizer: expected an object, found an array
  bpe | normalizer | {} | normalizer.type: expected a value, found no such member
  bpe | normalizer | {"type":"Odd"} | normalizer: the type Odd is not supported; supported: Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, ByteLevel, Nmt, BertNormalizer, Precompiled
  bpe | normalizer | {"type":"Replace"} | normalizer.pattern: expected a value, found no such member
  bpe | normalizer | {"type":"Replace","pattern":7,"content":""} | normalizer.pattern: expected an object, found the number 7
  bpe | normalizer | {"type":"Replace","pattern":{"Regex":"("},"content":""} | normalizer.pattern: found the regular expression (, needed one that Oniguruma accepts: end pattern with unmatched parenthesis
  bpe | normalizer | {"type":"Prepend"} | normalizer.prepend: expected a value, found no such member
  bpe | normalizer | {"type":"Strip","strip_left":7} | normalizer.strip_left: expected a boolean, found the number 7
  bpe | normalizer | {"type":"Sequence"} | normalizer.normalizers: expected a value, found no such member
  bpe | normalizer | {"type":"Sequence","normalizers":7} | normalizer.normalizers: expected an array, found the number 7
  bpe | normalizer | {"type":"Sequence","normalizers":[7]} | normalizer.normalizers[0]: expected an object, found the number 7
  bpe | normalizer | {"type":"Precompiled"} | normalizer.precompiled_charsmap: expected a value, found no such member
  bpe | normalizer | {"type":"Precompiled","precompiled_charsmap":"?"} | normalizer.precompiled_charsmap: found a string that is not base64, needed base64 with padding
  bpe | normalizer | {"type":"Precompiled","precompiled_charsmap":7} | normalizer.precompiled_charsmap: expected a string, found the number 7
  bpe | normalizer | {"type":"BertNormalizer"} | normalizer.clean_text: expected a value, found no such member
  bpe | normalizer | {"type":"BertNormalizer","clean_text":7} | normalizer.clean_text: expected a boolean, found the number 7
  bpe | pre_tokenizer | 7 | pre_tokenizer: expected an object, found the number 7
  bpe | pre_tokenizer | [] | pre_tokenizer: expected an object, found an array
  bpe | pre_tokenizer | {} | pre_tokenizer.type: expected a value, found no such member
  bpe | pre_tokenizer | {"type":"Odd"} | pre_tokenizer: the type Odd is not supported; supported: Sequence, ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, Metaspace, BertPreTokenizer, CharDelimiterSplit, FixedLength, UnicodeScripts
  bpe | pre_tokenizer | {"type":"Split"} | pre_tokenizer.pattern: expected a value, found no such member
  bpe | pre_tokenizer | {"type":"Split","pattern":7} | pre_tokenizer.pattern: expected an object, found the number 7
  bpe | pre_tokenizer | {"type":"Split","pattern":{"Regex":"["},"behavior":"Isolated","invert":false} | pre_tokenizer.pattern: found the regular expression [, needed one that Oniguruma accepts: premature end of char-class
  bpe | pre_tokenizer | {"type":"Split","pattern":{"String":" "},"behavior":"Odd","invert":false} | pre_tokenizer.behavior: Odd is not supported; supported: Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous
  bpe | pre_tokenizer | {"type":"Split","pattern":{"String":" "},"behavior":"Isolated","invert":7} | pre_tokenizer.invert: expected a boolean, found the number 7
  bpe | pre_tokenizer | {"type":"ByteLevel","add_prefix_space":7} | pre_tokenizer.add_prefix_space: expected a boolean, found the number 7
  bpe | pre_tokenizer | {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":7} | pre_tokenizer.use_regex: expected a boolean, found the number 7
  bpe | pre_tokenizer | {"type":"Metaspace"} | pre_tokenizer.replacement: expected a value, found no such member
  bpe | pre_tokenizer | {"type":"Metaspace","replacement":"ab","prepend_scheme":"first"} | pre_tokenizer.replacement: found "ab", needed one Unicode scalar
  bpe | pre_tokenizer | {"type":"Metaspace","replacement":"a","prepend_scheme":"odd"} | pre_tokenizer.prepend_scheme: odd is not supported; supported: always, first, never
  bpe | pre_tokenizer | {"type":"Digits","individual_digits":7} | pre_tokenizer.individual_digits: expected a boolean, found the number 7
  bpe | pre_tokenizer | {"type":"Punctuation","behavior":7} | pre_tokenizer.behavior: expected a string, found the number 7
  bpe | pre_tokenizer | {"type":"Sequence"} | pre_tokenizer.pretokenizers: expected a value, found no such member
  bpe | pre_tokenizer | {"type":"Sequence","pretokenizers":[{}]} | pre_tokenizer.pretokenizers[0].type: expected a value, found no such member
  bpe | pre_tokenizer | {"type":"CharDelimiterSplit"} | pre_tokenizer.delimiter: expected a value, found no such member
  bpe | pre_tokenizer | {"type":"CharDelimiterSplit","delimiter":"ab"} | pre_tokenizer.delimiter: found "ab", needed one Unicode scalar
  bpe | post_processor | 7 | post_processor: expected an object, found the number 7
  bpe | post_processor | {"type":"Odd"} | post_processor: the type Odd is not supported; supported: Sequence, TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel
  bpe | post_processor | {"type":"TemplateProcessing"} | post_processor.special_tokens: expected a value, found no such member
  bpe | post_processor | {"type":"TemplateProcessing","single":7} | post_processor.special_tokens: expected a value, found no such member
  bpe | post_processor | {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<q>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{}} | post_processor.single[0]: found "<q>", needed a member of special_tokens
  bpe | post_processor | {"type":"Sequence"} | post_processor.processors: expected a value, found no such member
  bpe | post_processor | {"type":"Sequence","processors":[7]} | post_processor.processors[0]: expected an object, found the number 7
  bpe | post_processor | {"type":"BertProcessing"} | post_processor.cls: expected a value, found no such member
  bpe | post_processor | {"type":"RobertaProcessing","sep":7} | post_processor.cls: expected a value, found no such member
  unigram | model.vocab | 7 | model.vocab: expected an array, found the number 7
  unigram | model.vocab | null | model.vocab: expected an array, found null
  unigram | model.vocab | [] | model.unk_id: found 0, needed a position in model.vocab, which has 0
  unigram | model.vocab | {} | model.vocab: expected an array, found an object
  unigram | model.vocab | [7] | model.vocab: found 7 at [0], needed a piece and its score: ["a", -1.5]
  unigram | model.vocab | [["a"]] | model.vocab: found ["a"] at [0], needed a piece and its score: ["a", -1.5]
  unigram | model.vocab | [["a","x"]] | model.vocab: found ["a","x"] at [0], needed a piece and its score: ["a", -1.5]
  unigram | model.vocab | [["a",1e400]] | model.vocab: found ["a",1e400] at [0], needed a piece and its score: ["a", -1.5]
  unigram | model.vocab | [[7,0]] | model.vocab: found [7,0] at [0], needed a piece and its score: ["a", -1.5]
  unigram | model.vocab | [["a",0,0]] | model.vocab: found ["a",0,0] at [0], needed a piece and its score: ["a", -1.5]
  unigram | model.unk_id | -1 | model.unk_id: found -1, needed a position in model.vocab, which has 5
  unigram | model.unk_id | 99 | model.unk_id: found 99, needed a position in model.vocab, which has 5
  unigram | model.unk_id | "x" | model.unk_id: expected an integer, found a string
  unigram | model.unk_id | 1.5 | model.unk_id: expected an integer, found the number 1.5
  unigram | model.byte_fallback | 7 | model.byte_fallback: expected a boolean, found the number 7
  wordPiece | model.vocab | 7 | model.vocab: expected an object, found the number 7
  wordPiece | model.vocab | [] | model.vocab: expected an object, found an array
  wordPiece | model.vocab | {"a":-1} | model.vocab: found a number for "a", needed an id of 32 bits
  wordPiece | model.unk_token | 7 | model.unk_token: expected a string, found the number 7
  wordPiece | model.unk_token | null | model.unk_token: expected a string, found null
  wordPiece | model.unk_token | "q" | model.unk_token: the text needs "q", which is not in the vocabulary
  wordPiece | model.max_input_chars_per_word | -1 | model.max_input_chars_per_word: -1 is not supported; supported: 0 to 1024
  wordPiece | model.max_input_chars_per_word | "x" | model.max_input_chars_per_word: expected an integer, found a string
  wordPiece | model.max_input_chars_per_word | 1e40 | model.max_input_chars_per_word: expected an integer, found the number 1e40
  wordPiece | model.continuing_subword_prefix | 7 | model.continuing_subword_prefix: expected a string, found the number 7
  wordPiece | model.continuing_subword_prefix | null | model.continuing_subword_prefix: expected a string, found null
  """#
