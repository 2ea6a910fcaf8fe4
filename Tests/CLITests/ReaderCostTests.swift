// What hostile files cost all readers together: the tests that hand them in, once more in a process of its own.

import Foundation
import TestSupport
import Testing

@Suite struct `Readers of files that lie` {
  @Test func `need little memory and time for all of them together`() throws {
    try TemporaryFolder.with { folder in
      let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      let outcome = try Command.startLimited(
        tests, ["--testing-library", "swift-testing", "--filter", #"/Hostile[A-Za-z]+\.swift:"#],
        in: folder
      ).finish()
      #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
      let count = outcome.errors.matches(of: /Test case passing/).count
      #expect(count > 1000, "\(count)")
    }
  }
}
