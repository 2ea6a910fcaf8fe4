extension TinyModel {
  /// A `tokenizer.json` of byte-level BPE with fewer tokens than the model has: `<s>`, `</s>`, the letters a to z,
  /// a blank, and the pairs ab and abc.
  package static var tokenizer: String {
    let letters = (0..<26).map { String(UnicodeScalar(UInt8(97 + $0))) }
    let tokens = ["<s>", "</s>"] + letters + ["Ġ", "ab", "abc"]
    let vocabulary = tokens.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
    let added = ["<s>", "</s>"].enumerated().map {
      """
      {"id": \($0), "content": "\($1)", "single_word": false, "lstrip": false, "rstrip": false, \
      "normalized": false, "special": true}
      """
    }
    return """
      {"version": "1.0", "added_tokens": [\(added.joined(separator: ", "))], "normalizer": null,
       "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
       "post_processor": null,
       "model": {"type": "BPE", "byte_fallback": true, "vocab": {\(vocabulary)},
                 "merges": [["a", "b"], "ab c"]}}
      """
  }
}
