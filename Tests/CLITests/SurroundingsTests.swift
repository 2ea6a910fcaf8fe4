// What is around a command: limits, streams, paths, and files that change under its hands.

import Foundation
import JSON
import LinearAlgebra
import TestSupport
import Testing

@Suite struct `A command in bad surroundings` {
  /// Runs a line of a shell in which `$0` is the command.
  private func shell(_ line: String, in folder: TemporaryFolder) throws -> Outcome {
    try Running(
      URL(fileURLWithPath: "/bin/bash"), ["-c", line, Command.executable.path], in: folder
    ).finish()
  }

  @Test func `says so where there is no address space, instead of trying for ever`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let outcome = try shell(
        #"ulimit -v 600000; exec "$0" quantize model -o out --method rtn --group-size 32 --threads 2"#,
        in: folder)
      #expect(outcome.status == 1)
      #expect(
        outcome.errors.hasPrefix(
          "Error: the address space is limited to 585 MiB, and 1152 MiB are needed"))
      #expect(try folder.names() == ["model"])
    }
  }

  @Test(arguments: [4, 5, 16, 63])
  func `says so where hardly any file may be open`(limit: Int) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let outcome = try shell(#"ulimit -n \#(limit); exec "$0" inspect model"#, in: folder)
      #expect(outcome.status == 1)
      #expect(
        outcome.errors
          == "Error: only \(limit) files may be open at once, and 64 are needed; raise the limit (ulimit -n 1024)\n"
      )
    }
  }

  @Test func `treats the largest file that it may write like a full disk`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let outcome = try shell(
        #"ulimit -f 4; exec "$0" quantize model -o out --method rtn --group-size 32"#, in: folder)
      #expect(outcome.status == 1)
      #expect(
        outcome.errorLines.last?.contains(
          #/^Error: .*/.out.partial/model.safetensors: extending it to \d+ bytes failed: File too large$/#
        )
          == true, "\(outcome.errors)")
      #expect(try folder.names() == ["model"])
    }
  }

  @Test(arguments: [200_000, 250_000])
  func `ends where there is hardly any address space`(limit: Int) throws {
    try TemporaryFolder.with { folder in
      let outcome = try shell(#"ulimit -v \#(limit); exec timeout 60 "$0" doctor"#, in: folder)
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasPrefix("Error: the address space is limited to "))
    }
  }

  @Test(arguments: ["inspect model", "--version", "help quantize"])
  func `fails where its results cannot be printed`(command: String) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let outcome = try shell(#"exec "$0" \#(command) > /dev/full"#, in: folder)
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasPrefix("Error: the results could not be printed"))
    }
  }

  @Test func `prints nothing but results, whatever libraries are told to print`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel(.bfloat16).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let outcome = try shell(
        #"DNNL_VERBOSE=2 exec "$0" quantize model -o out --calibration text.safetensors --length 32 --group-size 32 --json"#,
        in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try outcome.json().member("linears").array.count == 14)
    }
  }

  // The name of a processor that OpenBLAS knows on every x86.
  @Test(.enabled(if: Machine.isX86))
  func `does not continue a run whose sums were taken in another order`() throws {
    try TemporaryFolder.with { folder in
      let run = try Command.start(interrupted, in: folder)
      while run.isRunning && !run.errors.contains("block 2") { usleep(1000) }
      run.signal(SIGTERM)
      #expect(run.finish().status == 143)
      let outcome = try shell(
        #"OPENBLAS_CORETYPE=Nehalem exec "$0" \#(interrupted.joined(separator: " "))"#, in: folder)
      #expect(outcome.status == 1)
      #expect(
        outcome.errors.contains(
          /a run with other settings was interrupted there \(kernels: .*, now Nehalem/))
    }
  }

  private var interrupted: [String] {
    [
      "quantize", Command.tinyLlama, "-o", "out", "--group-size", "64", "--samples", "8",
      "--length", "128", "--calibration", "\(Command.tinyLlama)/calibration.txt",
      "--checkpoint-every", "0",
    ]
  }

  @Test func `does not read a path that is not UTF-8 as another one`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let outcome = try shell(
        #"exec "$0" quantize model -o $'\xff' --method rtn --group-size 32"#, in: folder)
      #expect(outcome.status == 1)
      #expect(outcome.errors.hasPrefix("Error: argument 4 is not UTF-8"))
      #expect(try folder.names() == ["model"])
    }
  }

  @Test func `does not wait for what will never be written into a pipe`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.remove("model/model.safetensors")
      #expect(unsafe mkfifo(folder.path("model/model.safetensors"), 0o600) == 0)
      let outcome = try Command.start(["inspect", "model"], in: folder).finish()
      #expect(outcome.status == 1)
      #expect(outcome.errors == "Error: model/model.safetensors: not a regular file\n")
    }
  }

  @Test(arguments: [
    ("new/../out", "out"), ("link/../out", "real/out"), ("~/out", "home/out"),
    ("./a/./out", "a/out"),
  ])
  func `writes to the place that a path means`(path: String, place: String) throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("real/sub/file", "")
      try FileManager.default.createSymbolicLink(
        atPath: folder.path("link"), withDestinationPath: "real/sub")
      let outcome = try shell(
        #"HOME=$PWD/home exec "$0" quantize model "--output=\#(path)" --method rtn --group-size 32"#,
        in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try folder.names(in: place).contains("model.safetensors"))
    }
  }

  @Test(arguments: [false, true])
  func `does not make one model of two`(isTruncated: Bool) throws {
    try TemporaryFolder.with { folder in
      #expect(try shell("cp -r \(Command.tinyLlama) model", in: folder).status == 0)
      let run = try Command.start(
        [
          "quantize", "model", "-o", "out", "--group-size", "64", "--samples", "8", "--length",
          "128",
          "--calibration", "model/calibration.txt",
        ], in: folder)
      while run.isRunning && !run.errors.contains("block 1") { usleep(1000) }
      let change =
        isTruncated
        ? "truncate -s 100000 model/model.safetensors"
        : "dd if=/dev/zero of=model/model.safetensors bs=1k seek=4000 count=1 conv=notrunc"
      #expect(try shell(change, in: folder).status == 0)
      let outcome = run.finish()
      #expect(outcome.status == 1)
      var expected = "Error: a file became shorter while it was read"
      if !isTruncated {
        expected = """
          Error: model/model.safetensors: was changed while it was read, so the result would be of two models; \
          begin again
          """
      }
      #expect(outcome.errorLines.last.map(String.init) == expected)
      #expect(try !folder.names().contains("out"))
    }
  }
}

private enum Machine {
  #if arch(x86_64)
    static let isX86 = true
  #else
    static let isX86 = false
  #endif
}
