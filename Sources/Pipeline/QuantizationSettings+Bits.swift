package import Formats
package import Quantizer
package import Solvers
package import Transformer

extension QuantizationSettings {
  /// The same settings for codes of another number of bits.
  ///
  /// - Throws: ``SchemeError`` for bits outside 2...8.
  package func storing(bits: Int) throws(SchemeError) -> QuantizationSettings {
    var result = self
    result.scheme = try scheme.storing(bits: bits)
    result.bitPlan = nil
    return result
  }

  /// The same settings for a Linear of a plan.
  ///
  /// - Throws: ``SchemeError`` for bits outside 2...8; ``RunError`` for a type that the format does not have.
  func storing(_ entry: BitPlan.Entry) throws -> QuantizationSettings {
    switch entry {
    case .bits(let bits): return try storing(bits: bits)
    case .type(let word):
      guard let typed = format.storing(type: word), let scheme = typed.standardScheme else {
        throw RunError.noType(word, format: format.name, types: format.types)
      }
      var result = self
      (result.scheme, result.format, result.bitPlan) = (scheme, typed, nil)
      return result
    }
  }

  /// What is stored for each Linear of a model, by its name.
  ///
  /// - Throws: ``BitPlanError`` when the plan of bits does not fit the model; ``RunError`` when the
  ///   method or the format allows no such plan.
  package func schemes(for model: LanguageModel) throws -> [String: LinearScheme] {
    let linears = model.declaration.blocks.indices.flatMap(model.declaration.linears)
    var result: [String: LinearScheme] = [:]
    guard let bitPlan else {
      for linear in linears {
        let own = try format.scheme(of: linear, in: model.folder)
        result[linear.name] =
          own.map { LinearScheme($0, activations: linearScheme.activations) } ?? linearScheme
      }
      return result
    }
    try bitPlan.check(against: model.declaration)
    if bitPlan.hasTypes, !format.holdsSeveralLayouts {
      throw RunError.oneWidth(format: format.name)
    }
    if bitPlan.widths.count > 1 { try checkSeveralWidths() }
    for linear in linears {
      do {
        result[linear.name] = try storing(bitPlan.entries[linear.name] ?? .bits(scheme.bits))
          .linearScheme
      } catch let error as SchemeError {
        throw RunError.scheme(linear: linear.name, error, fitting: [])
      }
    }
    return result
  }

  /// Checks that the method's rounding has codes for what is stored of Linears.
  ///
  /// - Throws: ``StageError`` for the first Linear whose scheme it cannot have.
  package func checkRounding(
    _ linears: some Sequence<LinearShape>, _ scheme: (LinearShape) -> Scheme
  ) throws(StageError) {
    let rounding = method.rounding.make(options)
    for linear in linears {
      do throws(SolverError) {
        try rounding.check(scheme(linear))
      } catch {
        throw StageError(linear: linear.name, cause: error)
      }
    }
  }

  /// Checks that Linears may have different numbers of bits.
  ///
  /// - Throws: ``RunError`` when the method or the format allows only one.
  package func checkSeveralWidths() throws(RunError) {
    guard activationScheme == nil else { throw .oneWidthForInputs(method: method.name) }
    guard format.holdsSeveralSchemes else { throw .oneWidth(format: format.name) }
  }
}
