// `ptq eval --reference`: what it prints, and which references it refuses.

import Foundation
import JSON
import TestSupport
import Testing

/// A tokenizer of two letters, of which the first can be chosen.
private func tokenizer(_ letter: String = "a", layout: String = "") -> String {
  """
  {\(layout)"version": "1.0",
   "model": {"type": "BPE", "vocab": {"\(letter)": 0, "b": 1}, "merges": []}}
  """
}

/// A case with an unsuitable reference.
private func refusal(
  _ name: String, _ line: String, _ options: [String] = [],
  _ prepare: @escaping @Sendable (TemporaryFolder) throws -> Void
) -> Refusal {
  Refusal(
    name, line,
    ["eval", "model", "--text", "text.safetensors", "--reference", "dense"] + options, prepare)
}

private let references = [
  refusal("no folder", "dense: not found; a Hugging Face model folder is needed") { _ in },
  refusal(
    "another number of tokens",
    "model: has 64 tokens, but dense has 65; give the model that it was made from as --reference"
  ) {
    var model = TinyModel()
    model.configure("vocab_size", "65")
    model.replace("model.embed_tokens.weight") {
      .init($0.name, $0.type, [65, 32], $0.data + [UInt8](repeating: 0, count: 4 * 32))
    }
    try model.write("dense", in: $0)
  },
  refusal(
    "another token",
    #"model/tokenizer.json: token 0 is "a", but in dense/tokenizer.json it is "c"; "#
      + "give the model that it was made from as --reference"
  ) {
    try TinyModel().write("dense", in: $0)
    try $0.write("model/tokenizer.json", tokenizer())
    try $0.write("dense/tokenizer.json", tokenizer("c"))
  },
  refusal(
    "a token that only looks the same",
    "model/tokenizer.json: token 0 is \"\u{E9}\", but in dense/tokenizer.json it is "
      + "\"e\u{301}\"; give the model that it was made from as --reference"
  ) {
    try TinyModel().write("dense", in: $0)
    try $0.write("model/tokenizer.json", tokenizer("\u{E9}"))
    try $0.write("dense/tokenizer.json", tokenizer("e\u{301}"))
  },
  refusal(
    "a shorter context",
    "windows of 100 tokens are longer than the model's context of 99; give a smaller --length",
    ["--length", "100"]
  ) {
    var model = TinyModel()
    model.configure("max_position_embeddings", "99")
    try model.write("dense", in: $0)
  },
]

@Suite struct `A model beside its reference` {
  @Test(arguments: references)
  func `is refused if they cannot be compared`(case: Refusal) throws { try `case`.check() }

  @Test(arguments: [1, 8])
  func `is shown by position, with standard errors if windows suffice`(windows: Int) throws {
    try TemporaryFolder.with { folder in
      try TinyModel(seed: 1).write("model", in: folder)
      try TinyModel(seed: 2).write("dense", in: folder)
      // Another layout of tokenizer.json does not make the tokens different.
      try folder.write("model/tokenizer.json", tokenizer())
      try folder.write("dense/tokenizer.json", tokenizer(layout: "\"truncation\": null, "))
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(800, seed: 2)))
      let lines = try Command.succeed(
        "eval", "model", "--reference", "dense", "--text", "text.safetensors", "--length", "100",
        "--windows", "\(windows)", in: folder
      ).output.split(separator: "\n")
      try #require(lines.count == 7)
      #expect(lines[0].hasPrefix("perplexity "))
      #expect(lines[1].hasPrefix("reference  perplexity "))
      #expect(lines[0].contains(" ± ") == (windows == 8))
      let error = windows == 8 ? #"\d+\.\d+"# : "-"
      for (line, position) in try pairs(lines[4...], ["1-63", "64-99", "all"]) {
        let row =
          #"^ *\#(position)  +\d+  +\d+\.\d{6}  +\#(error)  +\d+\.\d\d  +\#(error)  "#
          + #"+-?\d+\.\d{5}  +\#(error)$"#
        #expect(try line.contains(Regex(row)), "\(line)")
      }
    }
  }

  @Test func `is reported in JSON with all digits`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel(seed: 1).write("model", in: folder)
      try TinyModel(seed: 2).write("dense", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(800, seed: 2)))
      let result = try Command.succeed(
        "eval", "model", "--reference", "dense", "--text", "text.safetensors", "--length", "100",
        "--json", in: folder
      ).json()
      let difference = try result.member("log_probability_difference").double
      let means = (
        try result.member("mean_log_probability").double,
        try result.member("reference").member("mean_log_probability").double
      )
      #expect(abs(difference - (means.0 - means.1)) < 1e-9)
      for name in [
        "perplexity", "mean_log_probability", "kl_divergence", "top1_agreement",
        "log_probability_difference",
      ] {
        #expect(try result.member("\(name)_standard_error").double > 0)
      }
      let parts = try result.member("by_position").array
      #expect(try parts.map { try $0.member("from").int } == [1, 64])
      #expect(try parts.map { try $0.member("to").int } == [63, 99])
      #expect(try parts.map { try $0.member("tokens").int } == [8 * 63, 8 * 36])
      let sum = try parts.reduce(0) {
        try $0 + $1.member("tokens").double * $1.member("kl_divergence").double
      }
      let whole = try result.member("kl_divergence").double
      #expect(abs(sum / (8 * 99) - whole) < 1e-9)
    }
  }
}
