import Foundation
import TestSupport
import Testing

@Suite struct `A program that makes many runs` {
  @Test func `has no more files open, and hardly more memory, after fifty`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      let outcome = try Running(Command.executable("soak"), [folder.path, "50"], in: folder)
        .finish()
      try #require(outcome.status == 0, "\(outcome.errors)")
      let lines = outcome.output.split(separator: "\n").map { line in
        line.split(separator: " ").compactMap { Int($0) }
      }
      try #require(lines.count == 50)
      #expect(lines.map { $0[0] }.dropFirst().allSatisfy { $0 == lines[1][0] })
      // A sanitizer keeps what is freed for a while.
      guard !Command.isSanitized else { return }
      // The first runs fill caches and pools.
      let growth = lines[49][1] - lines[9][1]
      #expect(growth < 8_000_000, "\(growth)")
    }
  }
}
