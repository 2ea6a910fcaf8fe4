// One part of a tokenizer.json is of another kind or says what cannot be: the message must say which part,
// what was needed, and what was found.

import JSON
import TestSupport
import Testing

@testable import Tokenizer

@Suite struct `A tokenizer.json with a section that cannot be` {
  @Test(arguments: HostileCase.table(hostileSections, columns: 4))
  func `is refused, at the latest when a text is encoded`(case: HostileCase) throws {
    let file = try #require(SmallFile.all.first { "\($0)" == `case`.fields[0] }).json()
    let path = `case`.fields[1].split(separator: ".").map(String.init)
    var value = try JSONValue(parsing: `case`.fields[2])
    if path.count == 2 {
      var section = try #require(file[path[0]])
      try section.setMember(path[1], to: value)
      value = section
    }
    var changed = file
    try changed.setMember(path[0], to: value)
    let error = #expect(throws: TokenizerError.self) {
      try Tokenizer(parsing: changed.bytes()).encode("<s> ab  é 12 q")
    }
    #expect(error?.description == `case`.message)
  }
}
