package import Checkpoint
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
  package func storing(_ entry: BitPlan.Entry) throws -> QuantizationSettings {
    if case .bits(let bits) = entry, !format.wantsTypes { return try storing(bits: bits) }
    guard let typed = format.storing(linearType: entry.description),
      let scheme = typed.standardScheme
    else {
      throw RunError.noType(entry.description, format: format.name, types: format.linearTypes)
    }
    var result = self
    (result.scheme, result.format, result.bitPlan) = (scheme, typed, nil)
    return result
  }

  /// What is stored for a Linear or a table of a model, where the format says that of each.
  ///
  /// - Throws: `CheckpointError` for a model that the format does not store; ``RunError`` for a type that the format
  ///   does not have.
  func formatScheme(of linear: LinearShape, in model: LanguageModel) throws -> Scheme? {
    let format = try bitPlan?[linear.name].map { try storing($0).format } ?? format
    return try format.scheme(of: linear, in: model.folder)
  }

  /// What is stored for each Linear of a model, by its name.
  ///
  /// - Throws: ``BitPlanError`` when the plan of bits does not fit the model; ``RunError`` when the
  ///   method or the format allows no such plan.
  package func schemes(for model: LanguageModel) throws -> [String: LinearScheme] {
    let linears = model.declaration.blocks.indices.flatMap(model.declaration.linears)
    var result: [String: LinearScheme] = [:]
    if let bitPlan {
      try bitPlan.check(against: model, in: format)
      if bitPlan.hasTypes, format.linearTypes.isEmpty {
        throw RunError.oneWidth(format: format.name)
      }
      if bitPlan.widths.count > 1 { try checkSeveralWidths() }
    }
    for linear in linears {
      do {
        let settings = try bitPlan?[linear.name].map(storing) ?? self
        result[linear.name] = try settings.scheme(of: linear, in: model)
      } catch let error as SchemeError {
        throw RunError.scheme(linear: linear.name, error, fitting: [])
      }
    }
    return result
  }

  /// What is stored for a Linear without a plan of bits.
  ///
  /// - Throws: `CheckpointError` for a model that the format does not store.
  package func scheme(
    of linear: LinearShape, in model: LanguageModel
  ) throws(CheckpointError) -> LinearScheme {
    let own = try format.scheme(of: linear, in: model.folder)
    return own.map { LinearScheme($0, activations: linearScheme.activations) } ?? linearScheme
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

extension CheckpointFormat {
  /// Whether a number of bits does not say how a Linear is stored.
  package var wantsTypes: Bool { standardScheme != nil && !linearTypes.isEmpty }
}
