// The page of a comparison: well formed, complete, harmless, and the same each time it is made.

import Pipeline
import Studies
import Testing

@testable import Report

@Suite struct `The page of a comparison` {
  static let reports: [(String, ComparisonReport)] = [
    ("large", largeReport(blocks: 4)), ("no candidates", report([])),
    ("no Linears", report([candidate("rtn", errors: [])])),
    ("one of each", report([candidate("gptq", errors: [0.01])])),
    ("all zero", report([candidate("a", errors: [0, 0, 0]), candidate("b", errors: [0, 0, 0])])),
    (
      "no numbers",
      report(
        [candidate("a", errors: [.nan, .infinity, -.infinity], perplexity: .infinity)],
        dense: .nan)
    ),
    (
      "no block",
      report([
        Candidate(
          method: "a", scheme: "w8a8", bits: 8,
          linears: [
            linear("lm_head", layer: nil, calibration: nil, heldOut: nil, scales: [1, .nan, 0])
          ])
      ])
    ),
  ]

  @Test(arguments: reports.indices)
  func `is well formed, runs no script and loads nothing from elsewhere`(index: Int) {
    let (name, report) = Self.reports[index]
    let source = report.html
    let page = Page(source)
    #expect(page.failure == nil, "\(name)")
    #expect(!source.contains("://") && !source.contains("url(") && !source.contains("@import"))
    #expect(
      page.elements.allSatisfy { $0.attributes["src"] == nil && $0.attributes["href"] == nil })
    #expect(page.elements("script").isEmpty)
    #expect(report.html == source)
  }

  @Test func `draws every finite error once`() {
    // Block 1 of `a` has no number, and block 2 of `b` no logarithm.
    let two = report([
      candidate("a", errors: [0.1, 0.2, .nan, 0.3, 0.4, 0.5]),
      candidate("b", errors: [0.1, 0.2, 0.3, 0.4, 0, 0.5]),
    ])
    // Over bits (a's mean is no number), q_proj, up_proj; each with a line for a and one for b.
    let page = Page(two.html)
    let counts = page.lines.map { $0.count }
    #expect(counts == [0, 1, 2, 2, 3, 3])
    #expect(!page.lines.contains { $0.contains { $0.contains("n") } })
    #expect(page.text.contains("nan"))
  }

  @Test func `has a plot for each kind of Linear and each scaling, and names what they show`() {
    let page = Page(largeReport(blocks: 4).html)
    let plots = page.elements("svg").filter { $0.attributes["role"] == "img" }
    // Error and perplexity over bits; seven kinds; three scaling methods at two widths.
    #expect(plots.count == 2 + 7 + 6)
    #expect(page.elements("figcaption").count == plots.count)
    #expect(page.elements("desc").count == plots.count)
    #expect(page.elements("polygon").count == 6)
    // Five methods over bits, twice; ten candidates over depth; a median for each scaling.
    let counts = page.lines.map { $0.count }
    let few = [Int](repeating: 2, count: 10)
    let many = [Int](repeating: 4, count: 70 + 6)
    #expect(counts == few + many)
  }

  @Test func `draws no plot where no error is positive`() {
    let zero = report([candidate("a", errors: [0, 0, 0]), candidate("b", errors: [0, 0, 0])])
    #expect(Page(zero.html).elements("svg").isEmpty)
  }

  @Test(arguments: [
    "<script>alert(1)</script>", "</title><b>", "\" onload=\"alert(1)", "'&amp;", "]]>",
    "a\u{0}\u{1B}b",
    "<\u{301}b", "\"\u{301}onload=x",
  ])
  func `shows names from files as text, whatever they contain`(name: String) {
    let nasty = report(
      [
        Candidate(
          method: name, scheme: name, bits: 4,
          linears: [
            linear(name, layer: 0, calibration: 0.1, heldOut: 0.1, scales: [1, 2]),
            linear(name, layer: 1, calibration: 0.1, heldOut: 0.2, scales: [1, 2]),
          ])
      ], model: name)
    let page = Page(nasty.html)
    let plain = Page(
      report(
        [
          Candidate(
            method: "a", scheme: "b", bits: 4,
            linears: [
              linear("c", layer: 0, calibration: 0.1, heldOut: 0.1, scales: [1, 2]),
              linear("c", layer: 1, calibration: 0.1, heldOut: 0.2, scales: [1, 2]),
            ])
        ], model: "d"
      ).html)
    #expect(page.failure == nil)
    #expect(page.elements.map(\.name) == plain.elements.map(\.name))
    #expect(
      page.elements.map { $0.attributes.keys.sorted() }
        == plain.elements.map { $0.attributes.keys.sorted() })
    #expect(page.text.contains(name.withoutControls))
  }
}
