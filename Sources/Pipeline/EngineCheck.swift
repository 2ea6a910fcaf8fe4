internal import Checkpoint
package import Formats
package import LinearAlgebra
package import Quantizer
internal import Remedies

/// What the engines make of Linears in a format, known before any work starts.
package struct EngineCheck {
  /// The engines that load all Linears as they are; nil for a format that no engine is known for.
  package let loaders: [String]?
  /// What only some engines load, with remedies.
  package let warnings: [Warning]

  /// Asks the engines about every Linear.
  ///
  /// - Parameters:
  ///   - linears: the Linears.
  ///   - format: the format.
  ///   - experts: the names of those that belong to experts.
  ///   - modelType: the `model_type`.
  /// - Throws: ``RunError/noEngine(format:_:)`` with every objection to the first Linear that no
  ///   engine would load.
  package init(
    _ linears: some Sequence<(LinearShape, LinearScheme)>, in format: any CheckpointFormat,
    experts: Set<String> = [], of modelType: String = ""
  ) throws(RunError) {
    let hasSeveralWidths = Set(linears.map { $0.1.weights.bits }).count > 1
    var objections: [EngineVerdict] = []
    var engines: [String] = []
    for (linear, scheme) in linears {
      var verdicts = EngineRules.verdicts(
        on: linear, scheme, in: format,
        inExpertOf: experts.contains(linear.name) ? modelType : nil)
      if hasSeveralWidths { verdicts = verdicts.map(\.aboutWidths) }
      // A format that is missing from the table has no verdicts, so nothing is known against it.
      guard verdicts.isEmpty || verdicts.contains(where: { !$0.isRefusal }) else {
        throw .noEngine(format: format.name, verdicts)
      }
      engines = verdicts.map(\.engine)
      for verdict in verdicts where verdict.objection != nil && !objections.contains(verdict) {
        objections.append(verdict)
      }
    }
    // What would help with one Linear is no use where another one is refused.
    let refusing = Set(objections.filter(\.isRefusal).map(\.engine))
    objections.removeAll { $0.isConditional && refusing.contains($0.engine) }
    let loaders = engines.filter { engine in !objections.contains { $0.engine == engine } }
    self.loaders = engines.isEmpty ? nil : loaders
    warnings = objections.map {
      Warning("\($0.engine) \($0.objection ?? "")", remedies: $0.remedies)
    }
  }
}

extension EngineCheck {
  /// The same for a model that transformers and mlx-lm do not compute with ordinary Linears, as GPT-2 and Falcon.
  func withoutOrdinaryLinears(in format: any CheckpointFormat) -> EngineCheck {
    let engine = format is MLXFormat ? "mlx-lm" : "transformers"
    let warning = Warning(
      "\(engine) has no ordinary Linears in this architecture, and will not load quantized ones")
    return EngineCheck(loaders: loaders?.filter { $0 != engine }, warnings: warnings + [warning])
  }

  /// The same for a mixture whose experts are not all stored, or in which Linears are stored in several ways.
  ///
  /// transformers 5.17 puts all experts of a block into one tensor. Where it cannot, it leaves random weights or
  /// decodes with the wrong number of bits, in some cases without a word.
  package func withoutMixedExperts() -> EngineCheck {
    without(
      "transformers",
      "gives experts wrong weights where some of them stay dense, or where Linears are stored in several ways"
    )
  }

  /// The same for a part of a larger model whose scales have another type than its dense weights.
  package func withoutMixedTypes(_ scales: FloatFormat, beside weights: FloatFormat) -> EngineCheck
  {
    without(
      "transformers",
      "cannot multiply activations of \(weights.rawValue) with weights whose scales are \(scales.rawValue) in a "
        + "model of several parts")
  }

  /// The same for keys and values in integers, for which vLLM 0.32 has nothing.
  package func withoutIntegerCache() -> EngineCheck {
    without("vLLM", "keeps keys and values in 8 bits as floats, not as integers")
  }

  /// The same for a head of GPTQ, which transformers looks for among the blocks alone.
  package func withoutGPTQHead() -> EngineCheck {
    without(
      "transformers", "takes the head of a GPTQ folder for a dense one, and gives it random weights"
    )
  }

  private func without(_ engine: String, _ reason: String) -> EngineCheck {
    guard let loaders, loaders.contains(engine) else { return self }
    return EngineCheck(
      loaders: loaders.filter { $0 != engine },
      warnings: warnings + [Warning("\(engine) \(reason)")])
  }

  /// The same for codes that are given, so that only another format can help.
  package var forGivenCodes: EngineCheck {
    EngineCheck(
      loaders: loaders,
      warnings: warnings.map { warning in
        Warning(
          warning.text,
          remedies: warning.remedies.filter { if case .chooseFormat = $0 { true } else { false } })
      })
  }

  /// The same for a model whose tensors have names under which no engine looks for them.
  func withoutEngines(_ prefix: String) -> EngineCheck {
    let warning = Warning(
      "tensors: their names begin with \(prefix), under which engines find none for this config.json, in the "
        + "model or in the result, which keeps the names; save the model under its usual names first"
    )
    return EngineCheck(loaders: loaders.map { _ in [] }, warnings: warnings + [warning])
  }

  private init(loaders: [String]?, warnings: [Warning]) {
    self.loaders = loaders
    self.warnings = warnings
  }
}

extension EngineVerdict {
  /// The verdict where Linears have different numbers of bits, which no single choice changes.
  fileprivate var aboutWidths: EngineVerdict {
    let remedies = remedies.map { remedy in
      if case .chooseBits(let bits) = remedy { Remedy.restrictWidths(bits) } else { remedy }
    }
    return EngineVerdict(
      engine, objection: objection, remedies: remedies, isConditional: isConditional)
  }
}
