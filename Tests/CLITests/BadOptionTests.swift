// Options that are impossible or misspelled: the message must say why, and nothing may be written.

import TestSupport
import Testing

private let impossible: [Refusal] = [
  Refusal(
    "too many bits",
    "9 bits are not supported; choose 2 to 8", ["--bits", "9"]),
  Refusal(
    "too few bits",
    "1 bits are not supported; choose 2 to 8", ["--bits", "1"]),
  Refusal(
    "a group that does not divide",
    "model.layers.0.mlp.down_proj: group size 24 does not divide the input width 64; "
      + "sizes that fit every Linear: 8, 16, 32; use --group-size channel", ["--group-size", "24"]),
  Refusal(
    "no calibration",
    "the method gptq needs a calibration text; give --calibration FILE, or use --method "
      + "rtn", ["quantize", "model", "-o", "out", "--group-size", "32"]),
  Refusal(
    "bits that the format lacks",
    "no engine would load this as gptq: vLLM, transformers, gptqmodel: the format has no "
      + "5 bits; use --bits 2, 3, 4 or 8, or use --format compressed-tensors",
    ["--format", "gptq", "--bits", "5"]),
]

private let misspelled: [Refusal] = [
  Refusal(
    "no output",
    "Missing expected argument '--output <output>'", status: 64, ["quantize", "model"]),
  Refusal(
    "no model",
    "Missing expected argument '<model>'", status: 64, ["quantize", "--output", "out"]),
  Refusal(
    "two models",
    "Unexpected argument 'model'", status: 64, ["quantize", "model", "model", "-o", "out"]),
  Refusal(
    "no such command",
    "2 unexpected arguments: 'quantise', 'model'", status: 64, ["quantise", "model"]),
  Refusal(
    "no such option",
    "Unknown option '--bit'. Did you mean '--bits'?", status: 64, ["--bit", "4"]),
  Refusal(
    "no such method",
    "The value 'awqq' is invalid for '--method <method>': \"awqq\" is not a method; the words are "
      + "awq, awq-output, smoothquant, gptq, cd, beam, signround, matryoshka, rtn, rotate, clip, int8, fp8, nvfp4, "
      + "mxfp4, static, outliers, joined by +",
    status: 64, ["--method", "awqq"]),
  Refusal(
    "two roundings",
    "The value 'gptq+rtn' is invalid for '--method <method>': \"gptq\" and \"rtn\" decide about "
      + "the same thing; give one of them", status: 64, ["--method", "gptq+rtn"]),
  Refusal(
    "no such format",
    "The value 'onnx' is invalid for '--format <format>'. Please provide one of the following:",
    status: 64, ["--format", "onnx"]),
  Refusal(
    "a folder with the name of a file",
    "--output a.GGUF is the name of a file; give --format gguf, or another name for a folder.",
    status: 64, ["quantize", "model", "-o", "a.GGUF"]),
  Refusal(
    "no such range",
    "The value 'mse' is invalid for '--range <range>'. Please provide one of 'min-max', "
      + "'squared-error', 'abs-mean', 'output-error' or 'solve'.", status: 64, ["--range", "mse"]),
  Refusal(
    "bits in words",
    "The value 'four' is invalid for '--bits <bits>'", status: 64, ["--bits", "four"]),
  Refusal(
    "bits missing",
    "Missing value for '--bits <bits>'", status: 64, ["--bits"]),
  Refusal(
    "an empty group",
    "The value '0' is invalid for '--group-size <group-size>'", status: 64, ["--group-size", "0"]),
  Refusal(
    "a group in words",
    "The value 'row' is invalid for '--group-size <group-size>'", status: 64,
    ["--group-size", "row"]),
  Refusal(
    "damping too large",
    "The value '1.5' is invalid for '--damping <damping>'", status: 64, ["--damping", "1.5"]),
  Refusal(
    "damping not a number",
    "The value 'nan' is invalid for '--damping <damping>'", status: 64, ["--damping", "nan"]),
  Refusal(
    "no samples",
    "--samples must be positive, not 0.", status: 64, ["--samples", "0"]),
  Refusal(
    "no length",
    "--length must be positive, not 0.", status: 64, ["--length", "0"]),
  Refusal(
    "no threads",
    "--threads must be positive, not 0.", status: 64, ["--threads", "0"]),
  Refusal(
    "no text to judge",
    "Missing expected argument '--text <text>'", status: 64, ["eval", "model"]),
  Refusal(
    "no windows to judge",
    "--windows must be positive, not 0.", status: 64,
    ["eval", "model", "--text", "text.safetensors", "--windows", "0"]),
  Refusal(
    "windows too short to judge",
    "--length must be at least 2, not 1.", status: 64,
    ["eval", "model", "--text", "text.safetensors", "--length", "1"]),
]

@Suite struct `An option` {
  @Test(arguments: impossible)
  func `that does not fit the model is refused`(case: Refusal) throws { try `case`.check() }

  @Test(arguments: misspelled)
  func `that is misspelled is refused with the usage`(case: Refusal) throws { try `case`.check() }

  @Test(arguments: [[], ["--group-size", "-1"], ["--group-size", "tensor"], ["--samples", "20"]])
  func `that is possible is accepted`(options: [String]) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let outcome = try Command.start(Refusal.good + options, in: folder).finish()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try folder.names() == ["model", "out", "text.safetensors"])
    }
  }
}
