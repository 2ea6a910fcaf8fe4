// Signals in the middle of a run.

import Foundation
import TestSupport
import Testing

@Suite struct `A run that is interrupted` {
  @Test(arguments: [SIGINT, SIGTERM])
  func `ends with status 130 and leaves nothing behind`(signal: Int32) throws {
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
      #expect(outcome.status == 130)
      #expect(outcome.output.isEmpty)
      #expect(outcome.errorLines.last == "stopping after this step…")
      let left = try folder.names()
      #expect(left.isEmpty)
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
