// `ptq layer` end to end, on files of numbers that the test writes.

import Checkpoint
import JSON
import LinearAlgebra
import TestSupport
import Testing

private let weights = Matrix.heavyTailed(32, 64, scale: 0.02, seed: 1)
private let inputs = Matrix.activations(tokens: 200, channels: 64, seed: 2)

@Suite struct `ptq layer` {
  private func prepare(_ folder: TemporaryFolder) throws {
    try folder.write("w.npy", RawNumPy.file(weights))
    try folder.write("x.npy", RawNumPy.file(inputs))
    try folder.write(
      "m.safetensors",
      RawSafetensors.file([
        .init("fc.weight", "F32", [32, 64], RawSafetensors.bytes(weights.elements)),
        .init("inputs", "F32", [4, 50, 64], RawSafetensors.bytes(inputs.elements)),
      ]))
  }

  private func refusal(_ arguments: [String], in folder: TemporaryFolder) throws -> String {
    let outcome = try Command.start(["layer"] + arguments, in: folder).finish()
    #expect(outcome.status != 0 && outcome.output.isEmpty)
    return outcome.errors
  }

  @Test func `compares methods at several bits`() throws {
    try TemporaryFolder.with { folder in
      try prepare(folder)
      let table = try Command.succeed(
        "layer", "--weights", "w.npy", "--activations", "x.npy", "--methods", "rtn,awq,gptq",
        "--bits", "4,3", "--group-sizes", "32", in: folder
      ).output
      for words in ["rtn", "awq", "gptq", "w4 g32", "w3 g32"] { #expect(table.contains(words)) }
      #expect(try folder.names() == ["m.safetensors", "w.npy", "x.npy"])
    }
  }

  @Test func `compares grids, of which only those with zero points can be written`() throws {
    try TemporaryFolder.with { folder in
      try prepare(folder)
      let files = ["--weights", "w.npy", "--activations", "x.npy", "--group-sizes", "32"]
      let outcome = try Command.start(
        ["layer", "--methods", "rtn,gptq", "--grids", "integer,offset,nf4", "--json"] + files,
        in: folder
      ).finish()
      let candidates = try outcome.json().member("candidates").array
      let schemes = try candidates.map { try $0.member("scheme").string }
      #expect(
        schemes == ["w4 g32", "w4 g32", "w4 g32 offset", "w4 g32 offset"] + ["w4 g32 nf4"]
          + ["w4 g32 nf4"])
      let one = ["-o", "q.safetensors", "--methods", "rtn"] + files
      for (grid, words) in [
        ("offset", "stores integer zero points, not floating-point offsets"),
        ("nf4", "stores evenly spaced levels, not those of nf4"),
      ] {
        #expect(try refusal(one + ["--grids", grid], in: folder).contains(words))
      }
      let bits = ["--grids", "nf4", "--bits", "3"]
      #expect(try refusal(one + bits, in: folder).contains("nf4 need 4 bits, not 3"))
      #expect(try folder.names() == ["m.safetensors", "w.npy", "x.npy"])
    }
  }

  @Test func `writes the same tensors from either kind of file`() throws {
    try TemporaryFolder.with { folder in
      try prepare(folder)
      let method = ["--methods", "awq+gptq", "--group-sizes", "32"]
      let sources = [
        ("a.safetensors", ["--weights", "w.npy", "--activations", "x.npy"]),
        (
          "b.safetensors",
          ["--weights", "m.safetensors:fc.weight", "--activations", "m.safetensors:inputs"]
        ),
      ]
      for (output, files) in sources {
        let outcome = try Command.start(
          ["layer", "-o", output] + files + method, in: folder
        ).finish()
        #expect(outcome.status == 0, "\(outcome.errors)")
      }
      let a = try SafetensorsFile(path: folder.path("a.safetensors"))
      let b = try SafetensorsFile(path: folder.path("b.safetensors"))
      #expect(a.integers("w.weight_packed") != nil)
      #expect(a.integers("w.weight_packed") == b.integers("fc.weight_packed"))
      #expect(a.floats("w.weight_scale") == b.floats("fc.weight_scale"))
      #expect(a.floats("w.input_factors")?.count == 64)
      #expect(a.floats("w.input_factors") == b.floats("fc.input_factors"))
    }
  }

  @Test func `reports input that does not fit, and writes nothing`() throws {
    try TemporaryFolder.with { folder in
      try prepare(folder)
      try folder.write("narrow.npy", RawNumPy.file(Matrix(rows: 9, columns: 48)))
      let before = try folder.names()
      let cases = [
        (["--weights", "w.npy", "--activations", "narrow.npy"], "must have in = 64"),
        (
          ["--weights", "w.npy", "--methods", "gptq", "--group-sizes", "32"],
          "give --activations FILE, or give --hessian FILE or --statistics FILE, or use --methods rtn"
        ),
        (["--weights", "nowhere.npy"], "nowhere.npy: opening failed"),
        (["--weights", "w.npy", "--hessian", "w.npy"], "a Hessian of shape [in, in]"),
        (["--weights", "w.npy", "--hessian", "w.npy", "--activations", "x.npy"], "only one of"),
        (
          ["--weights", "w.npy", "--activations", "x.npy", "-o", "q.safetensors", "--bits", "3,4"],
          "holds one result, and there are 8 combinations"
        ),
        (["--weights", "w.npy", "--activations", "x.npy", "-o", "q.bin"], ".safetensors"),
        (
          ["--weights", "w.npy", "--methods", "rtn", "-o", "w.npy.safetensors", "--bits", "5"]
            + ["--group-sizes", "32", "--format", "gptq"], "the format has no 5 bits"
        ),
        (
          ["--weights", "w.npy", "--methods", "rtn", "--group-sizes", "32", "-o", "m.safetensors"],
          "exists already"
        ),
        (
          ["--weights", "w.npy", "--statistics", "m.safetensors"], "does not hold input statistics"
        ),
        (
          ["--weights", "w.npy", "--statistics", "s.safetensors", "--activations", "x.npy"],
          "only one of"
        ),
      ]
      for (arguments, words) in cases {
        let said = try refusal(arguments, in: folder)
        #expect(said.contains(words), "\(arguments): \(said)")
      }
      #expect(try folder.names() == before)
    }
  }
}
