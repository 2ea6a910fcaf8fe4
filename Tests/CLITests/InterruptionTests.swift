// Signals in the middle of a run.

import Foundation
import TestSupport
import Testing

@Suite struct `A run that is interrupted` {
  @Test(arguments: [SIGINT, SIGTERM])
  func `ends with the status of a shell and leaves nothing behind`(signal: Int32) throws {
    try TemporaryFolder.with { folder in
      let run = try Command.start(
        [
          "quantize", Command.tinyLlama, "--output", "deep/out", "--group-size", "64",
          "--calibration", "\(Command.tinyLlama)/calibration.txt",
        ], in: folder)
      // The first block is done: the folder is half written.
      while run.isRunning && !run.errors.contains("block 1") { usleep(5000) }
      #expect(try folder.names(in: "deep").count == 1)
      run.signal(signal)
      let outcome = run.finish()
      #expect(outcome.status == 128 + signal)
      #expect(outcome.output.isEmpty)
      #expect(outcome.errorLines.last == "stopping after this step…")
      let left = try folder.names()
      #expect(left.isEmpty)
    }
  }

  @Test func `is continued by the same command, and by no other`() throws {
    try TemporaryFolder.with { folder in
      let command = [
        "quantize", Command.tinyLlama, "--group-size", "64", "--samples", "8", "--length", "128",
        "--calibration", "\(Command.tinyLlama)/calibration.txt", "--checkpoint-every", "0",
      ]
      #expect(try Command.start(command + ["-o", "whole"], in: folder).finish().status == 0)
      let run = try Command.start(command + ["-o", "out"], in: folder)
      while run.isRunning && !run.errors.contains("block 2") { usleep(1000) }
      run.signal(SIGTERM)
      let stopped = run.finish()
      #expect(stopped.status == 143)
      #expect(
        stopped.errorLines.last == "what is done is kept; the same command continues from there")
      #expect(try folder.names() == [".out.partial", "whole"])
      let other = try Command.start(command + ["-o", "out", "--bits", "3"], in: folder).finish()
      #expect(other.status == 1)
      #expect(
        other.errors
          == """
          Error: out: a run with other settings was interrupted there (scheme: w4 g64, now w3 g64); \
          --discard to begin again, or choose another --output

          """)
      let rest = try Command.start(command + ["-o", "out", "--resume"], in: folder).finish()
      #expect(rest.status == 0)
      #expect(rest.errors.contains(/continuing the run that was interrupted, at block [2-4] of 5/))
      #expect(try folder.contents(of: "out") == folder.contents(of: "whole"))
      #expect(try folder.names() == ["out", "whole"])
    }
  }

  @Test func `keeps what a search for bits has measured`() throws {
    try TemporaryFolder.with { folder in
      let command = [
        "quantize", Command.tinyLlama, "--group-size", "64", "--samples", "8", "--length", "128",
        "--calibration", "\(Command.tinyLlama)/calibration.txt", "--checkpoint-every", "0",
        "--bits-budget", "3.5", "--bits-choices", "3,4",
      ]
      try Command.succeed(command + ["-o", "whole"], in: folder)
      let run = try Command.start(command + ["-o", "out"], in: folder)
      while run.isRunning && !run.errors.contains("planning, block 2") { usleep(1000) }
      run.signal(SIGKILL)
      #expect(run.finish().status == 128 + SIGKILL)
      #expect(try folder.names() == [".out.search", "whole"])
      let other = try Command.start(
        command.dropLast(4) + ["-o", "out", "--bits", "3"], in: folder
      ).finish()
      #expect(
        other.errors
          == """
          Error: out: a run with other settings was interrupted there (bits: by a budget, now given); \
          --discard to begin again, or choose another --output

          """)
      // The next one is stopped in the run that follows the search.
      let second = try Command.start(command + ["-o", "out", "--resume"], in: folder)
      while second.isRunning && !second.errors.contains(/%  block 1/) { usleep(1000) }
      second.signal(SIGTERM)
      let stopped = second.finish()
      #expect(stopped.status == 143, "\(stopped.errors)")
      #expect(
        stopped.errors.contains(/continuing the search that was interrupted, at block [2-5] of 5/))
      #expect(
        stopped.errorLines.last == "what is done is kept; the same command continues from there")
      let rest = try Command.succeed(command + ["-o", "out", "--resume"], in: folder)
      #expect(
        rest.errors.contains("continuing the search that was interrupted, behind the last block"))
      #expect(!rest.errors.contains("planning"))
      #expect(try folder.contents(of: "out") == folder.contents(of: "whole"))
      #expect(try folder.names() == ["out", "whole"])
    }
  }

  @Test func `ends at once at the second signal, and the same command takes over`() throws {
    try TemporaryFolder.with { folder in
      let command = [
        "quantize", Command.tinyLlama, "--group-size", "64", "--samples", "64", "--length", "512",
        "--calibration", "\(Command.tinyLlama)/calibration.txt", "-o", "out",
      ]
      let run = try Command.start(command, in: folder)
      while run.isRunning && !run.errors.contains("block 0") { usleep(1000) }
      run.signal(SIGINT)
      while run.isRunning && !run.errors.contains("stopping after this step…") { usleep(100) }
      run.signal(SIGINT)
      let outcome = run.finish()
      #expect(outcome.status == 130)
      // Nothing could be tidied up, but the lock is gone, and the folder is known to be a run's.
      let next = try Command.start(
        command + ["--method", "rtn", "--samples", "1", "--length", "32"], in: folder
      ).finish()
      #expect(next.status == 0, "\(next.errors)")
      #expect(try folder.names() == ["out"])
    }
  }

  @Test func `continues when its progress has no reader`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      // The reader is gone before the first line, so every line meets a closed pipe.
      let script = """
        { sleep 0.2; "$0" quantize model -o out --method rtn --group-size 32; } 2>&1 | true
        """
      let run = try Running(
        URL(fileURLWithPath: "/bin/sh"), ["-c", script, Command.executable.path], in: folder)
      _ = run.finish()
      #expect(try folder.names() == ["model", "out"])
    }
  }
}
