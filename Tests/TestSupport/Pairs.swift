/// The elements of two collections in pairs, which must be equally many: `zip` would silently leave
/// out the rest of the longer one, and a comparison with it.
///
/// - Throws: ``UnequalCounts``.
package func pairs<A: Collection, B: Collection>(
  _ a: A, _ b: B
) throws(UnequalCounts) -> [(A.Element, B.Element)] {
  guard a.count == b.count else { throw UnequalCounts(first: a.count, second: b.count) }
  return zip(a, b).map { ($0, $1) }
}

/// Two collections that were to be compared element by element.
package struct UnequalCounts: Error, Equatable {
  package let first: Int
  package let second: Int
}
