import JSON

/// JSON texts.
let jsonReaders = [
  Reader("json") { bytes in
    let value = try JSONValue(parsing: bytes)
    for layout in [JSONLayout.compact, .pretty] {
      let written = value.bytes(layout)
      let again = try JSONValue(parsing: written)
      expect(again == value, "what was written is read as something else")
      expect(again.bytes(layout) == written, "what was read is written as something else")
    }
    try use(value.field)
  }
]

/// Takes every value as every kind.
private func use(_ field: JSONField) throws {
  _ = (try? field.int, try? field.double, try? field.ints, try? field.strings)
  if case .array = field.value { for element in try field.array { try use(element) } }
  if case .object = field.value {
    for (name, member) in try field.members {
      expect(try field.member(name).value == member.value, "another member is found by \(name)")
      try use(member)
    }
  }
}
