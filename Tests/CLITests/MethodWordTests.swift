// Methods in words: what each combination means, and which combinations are refused.

import Pipeline
import Quantizer
import Solvers
import Testing

@testable import CLI

/// The choices that the words of a method stand for.
private struct Meaning: Equatable, CustomTestStringConvertible {
  var words: String
  var transform: String?
  var rounding = "rtn"
  var clips = false
  var activations: ActivationScheme.Granularity?
  var keepsOutliers = false
  var needsCalibration = true
  var testDescription: String { words }

  init(
    _ words: String, transform: String? = nil, rounding: String = "rtn", clips: Bool = false,
    activations: ActivationScheme.Granularity? = nil, keepsOutliers: Bool = false,
    needsCalibration: Bool = true
  ) {
    (self.words, self.transform, self.rounding) = (words, transform, rounding)
    (self.clips, self.activations, self.keepsOutliers) = (clips, activations, keepsOutliers)
    self.needsCalibration = needsCalibration
  }

  init(_ method: Method) {
    self.init(
      method.name, transform: method.transform?.name, rounding: method.rounding.name,
      clips: method.clips, activations: method.activations, keepsOutliers: method.keepsOutliers,
      needsCalibration: method.needsCalibration)
  }
}

private let meanings = [
  Meaning("rtn", needsCalibration: false), Meaning("gptq", rounding: "gptq"),
  Meaning("awq", transform: "awq"), Meaning("awq+rtn", transform: "awq"),
  Meaning("awq+clip", transform: "awq", clips: true),
  Meaning("clip+awq", transform: "awq", clips: true),
  Meaning("awq+gptq", transform: "awq", rounding: "gptq"),
  Meaning("awq+clip+gptq", transform: "awq", rounding: "gptq", clips: true),
  Meaning("clip", clips: true), Meaning("gptq+clip", rounding: "gptq", clips: true),
  Meaning("int8", activations: .token, needsCalibration: false),
  Meaning("static", activations: .tensor),
  Meaning("gptq+int8", rounding: "gptq", activations: .token),
  Meaning("int8+outliers", activations: .token, keepsOutliers: true),
  Meaning("outliers+static", activations: .tensor, keepsOutliers: true),
  Meaning("smoothquant", transform: "smoothquant", activations: .token),
  Meaning("smoothquant+int8", transform: "smoothquant", activations: .token),
  Meaning("smoothquant+static", transform: "smoothquant", activations: .tensor),
  Meaning("static+smoothquant", transform: "smoothquant", activations: .tensor),
  Meaning("smoothquant+gptq", transform: "smoothquant", rounding: "gptq", activations: .token),
  Meaning(
    "smoothquant+outliers", transform: "smoothquant", activations: .token, keepsOutliers: true),
  Meaning("awq+int8", transform: "awq", activations: .token),
  Meaning("gptq+fp8", rounding: "gptq", activations: .token),
  Meaning("nvfp4", activations: .group(16)),
  Meaning("mxfp4", activations: .group(32), needsCalibration: false),
  Meaning("smoothquant+nvfp4", transform: "smoothquant", activations: .group(16)),
]

private let contradictions = [
  ("gptq+rtn", "gptq", "rtn"), ("awq+smoothquant", "awq", "smoothquant"),
  ("int8+static", "int8", "static"), ("smoothquant+static+int8", "static", "int8"),
  ("int8+nvfp4", "int8", "nvfp4"), ("static+mxfp4", "static", "mxfp4"),
  ("awq+awq", "awq", "awq"), ("clip+gptq+clip", "clip", "clip"),
]

@Suite struct `The words of a method` {
  @Test(arguments: meanings)
  private func `have the same meaning in any order`(meaning: Meaning) throws {
    #expect(Meaning(try Method(words: meaning.words)) == meaning)
    let backwards = meaning.words.split(separator: "+").reversed().joined(separator: "+")
    var other = Meaning(try Method(words: backwards))
    #expect(other.words == backwards)
    other.words = meaning.words
    #expect(other == meaning)
  }

  @Test(arguments: contradictions)
  func `that contradict each other are refused, and both are named`(
    words: String, first: String, second: String
  ) {
    let error = #expect(throws: MethodError.contradiction(first, second)) {
      try Method(words: words)
    }
    let message = error?.description ?? ""
    #expect(message.contains("\"\(first)\"") && message.contains("\"\(second)\""))
    #expect(message.contains("twice") == (first == second))
  }

  @Test(arguments: ["", "gtpq", "awq+", "+awq", "awq++clip", "AWQ", "awq clip", "awq,clip"])
  func `that are unknown are refused, with a list of the known ones`(words: String) {
    let error = #expect(throws: MethodError.self) { try Method(words: words) }
    guard case .unknown = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    for word in MethodWord.all { #expect(error?.description.contains(word.name) == true) }
  }

  @Test(arguments: ["outliers", "gptq+outliers", "awq+outliers"])
  func `include outliers only with 8-bit inputs`(words: String) {
    let error = #expect(throws: MethodError.needsInt8("outliers")) { try Method(words: words) }
    #expect(error?.description.contains("int8+outliers") == true)
  }

  @Test func `are all different, and each is explained`() {
    #expect(Set(MethodWord.all.map(\.name)).count == MethodWord.all.count)
    #expect(MethodWord.all.allSatisfy { !$0.summary.isEmpty })
  }

  @Test func `include those of the catalog in use, and of no other catalog`() throws {
    var catalog = Catalog()
    catalog.roundings.append(
      RoundingMethod(name: "mine", summary: "a rounding", needsCalibration: true) { _ in
        NearestRounding()
      })
    catalog.transforms.append(
      TransformMethod(name: "ours", summary: "a transform") { _ in SmoothQuant(.fixed(0.5)) })
    try Catalog.$current.withValue(catalog) {
      let method = try Method(words: "ours+mine")
      #expect(method.rounding.name == "mine" && method.transform?.name == "ours")
      #expect(method.needsCalibration)
      #expect(throws: MethodError.contradiction("mine", "gptq")) { try Method(words: "mine+gptq") }
      #expect(MethodWord.all.map(\.name).contains("mine"))
    }
    #expect(throws: MethodError.unknown("mine")) { try Method(words: "mine") }
    #expect(throws: MethodError.unknown("ours")) { try Method(words: "ours") }
  }
}
