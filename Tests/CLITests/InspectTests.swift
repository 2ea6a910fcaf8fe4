// What the command prints about a folder and about the machine.

import JSON
import LinearAlgebra
import TestSupport
import Testing

@Suite struct `The command that inspects` {
  @Test func `lists every Linear with its shape, bits, group and error`() throws {
    try TemporaryFolder.with { folder in
      let report = try Command.succeed(
        "quantize", Command.tinyLlama, "-o", "out", "--group-size", "64", "--samples", "2",
        "--length", "64", "--calibration", "\(Command.tinyLlama)/calibration.txt", "--json",
        in: folder
      ).json()
      let recorded = try report.member("linears").array
      let linears = try Command.succeed("inspect", "out", "--json", in: folder).json().field.array
      try #require(linears.count == 35 && recorded.count == 35)
      for (linear, record) in try pairs(linears, recorded) {
        #expect(try linear.member("recorded").value == record.value)
        #expect(try linear.member("bits").int == 4)
        #expect(try linear.member("group").string == "64")
        #expect(try linear.member("symmetric").bool)
        for name in ["name", "rows", "columns"] {
          #expect(try linear.member(name).value == record.member(name).value)
        }
      }
      let lines = try Command.succeed("inspect", "out", in: folder).output.split(separator: "\n")
      try #require(lines.count == 38)
      let down = lines[8].split(separator: " ")
      #expect(
        down.prefix(7) == [
          "model.layers.0.mlp.down_proj", "256", "x", "768", "4", "64", "symmetric",
        ])
      #expect(down.count == 9)
      #expect(lines[37] == "format: compressed-tensors")
    }
  }

  @Test func `shows the grid of an asymmetric folder in the gptq format`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try Command.succeed(
        "quantize", "model", "-o", "out", "--method", "rtn", "--bits", "8", "--asymmetric",
        "--group-size", "channel", "--format", "gptq", in: folder)
      let lines = try Command.succeed("inspect", "out", in: folder).output.split(separator: "\n")
      try #require(lines.count == 17)
      let key = lines[3].split(separator: " ")
      #expect(
        key == [
          "model.layers.0.self_attn.k_proj", "16", "x", "32", "8", "channel", "asymmetric", "-",
          "-",
        ])
      #expect(lines[16] == "format: gptq")
    }
  }

  @Test func `also lists a model that is not quantized`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let lines = try Command.succeed("inspect", "model", in: folder).output.split(separator: "\n")
      try #require(lines.count == 17)
      #expect(
        lines[2].split(separator: " ") == [
          "model.layers.0.self_attn.q_proj", "32", "x", "32", "-", "-", "-", "-", "-",
        ])
      #expect(lines[16] == "format: not quantized")
    }
  }

  @Test(arguments: [
    (#"{"method": 3}"#, "method: expected a string, found the number 3"),
    (
      #"{"method": "rtn", "calibration_tokens": 0, "held_out_tokens": 0, "linears": [{"name": "a", "rows": "#
        + "4611686018427387904" + #", "columns": 4}]}"#,
      "linears[0].rows: expected a positive integer of at most 2147483647, found 4611686018427387904"
    ),
  ])
  func `names the file of a damaged report`(report: String, error: String) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("model/ptq-report.json", report)
      let outcome = try Command.run("inspect", "model", in: folder)
      #expect(outcome.status == 1)
      #expect(outcome.errors == "Error: model/ptq-report.json: \(error)\n")
    }
  }
}

@Suite struct `The command that looks at the machine` {
  @Test func `names the BLAS library in use`() throws {
    try TemporaryFolder.with { folder in
      let facts = try Command.succeed("doctor", "--json", in: folder).json()
      #expect(try facts.member("BLAS").string.contains("OpenBLAS"))
      #expect(try facts.member("cblas_sgemm from").string.contains("openblas"))
      #expect(try facts.member("product speed").string.contains(/^[1-9]\d* GFLOP\/s/))
      let problem = ProductEngine.bfloat16.problem
      let words = try facts.member("--compute bfloat16").string
      #expect(
        problem.map { words == "not here: \($0)" }
          ?? words.contains(/^[1-9]\d* GFLOP\/s by oneDNN/))
      let table = try Command.succeed("doctor", "--threads", "1", in: folder).output
      #expect(table.contains("OpenBLAS"))
      #expect(table.contains(/threads +1 of \d+/))
    }
  }
}
