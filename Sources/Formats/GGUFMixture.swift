public import Checkpoint

/// A choice of types for the tensors of a model, under the name that llama.cpp has for it.
///
/// A file may hold any types; these are the mixtures of llama.cpp's own quantizer with an importance matrix, so
/// that files of one name are of one size.
public enum GGUFMixture: String, Sendable, CaseIterable {
  case q2K = "Q2_K"
  case q3KS = "Q3_K_S"
  case q3KM = "Q3_K_M"
  case q3KL = "Q3_K_L"
  case q40 = "Q4_0"
  case q41 = "Q4_1"
  case q4KS = "Q4_K_S"
  case q4KM = "Q4_K_M"
  case iq4NL = "IQ4_NL"
  case iq4XS = "IQ4_XS"
  case q50 = "Q5_0"
  case q51 = "Q5_1"
  case q5KS = "Q5_K_S"
  case q5KM = "Q5_K_M"
  case q6K = "Q6_K"
  case q80 = "Q8_0"
  case tq10 = "TQ1_0"
  case tq20 = "TQ2_0"
  case mxfp4 = "MXFP4"

  /// The type of most tensors.
  public var base: GGUFType {
    switch self {
    case .q2K: .q2K
    case .q3KS, .q3KM, .q3KL: .q3K
    case .q40: .q40
    case .q41: .q41
    case .q4KS, .q4KM: .q4K
    case .iq4NL: .iq4NL
    case .iq4XS: .iq4XS
    case .q50: .q50
    case .q51: .q51
    case .q5KS, .q5KM: .q5K
    case .q6K: .q6K
    case .q80: .q80
    case .tq10: .tq10
    case .tq20: .tq20
    case .mxfp4: .mxfp4
    }
  }

  /// `general.file_type`, which readers print.
  var fileType: UInt32 {
    switch self {
    case .q40: 2
    case .q41: 3
    case .q80: 7
    case .q50: 8
    case .q51: 9
    case .q2K: 10
    case .q3KS: 11
    case .q3KM: 12
    case .q3KL: 13
    case .q4KS: 14
    case .q4KM: 15
    case .q5KS: 16
    case .q5KM: 17
    case .q6K: 18
    case .iq4NL: 25
    case .iq4XS: 30
    case .tq10: 36
    case .tq20: 37
    case .mxfp4: 38
    }
  }
}

extension GGUFMixture {
  /// The type of a matrix of the decoder blocks.
  ///
  /// - Parameters:
  ///   - role: its name in a block, such as `attn_v`.
  ///   - block: the number of its block.
  ///   - blocks: how many blocks there are.
  ///   - queriesPerKey: how many heads of q share one of k and v.
  ///   - columns: its width.
  ///   - experts: how many experts a block has; 0 for none.
  /// - Returns: the type of the mixture, or the one that takes its place where rows are no whole blocks.
  func type(
    of role: String, block: Int, of blocks: Int, queriesPerKey: Int, columns: Int, experts: Int = 0
  ) -> GGUFType {
    if let type = type(of: role, experts: experts) { return type.fitting(columns) }
    // Experts, all of a block or the one for all tokens, have the type of an MLP.
    let role = role.hasPrefix("ffn_down") ? "ffn_down" : role == "attn_qkv" ? "attn_v" : role
    let isFirst = block < blocks / 8
    // Every third block in the middle, and all at both ends.
    let isSpecial = isFirst || block >= 7 * blocks / 8 || (block - blocks / 8) % 3 == 2
    let type: GGUFType? =
      switch (self, role) {
      case (.q2K, "attn_v"): queriesPerKey >= 4 ? .q4K : .q3K
      case (.q2K, "ffn_down"), (.q2K, "attn_output"): .q3K
      case (.q3KM, "attn_v"): block < 2 ? .q5K : .q4K
      case (.q3KM, "ffn_down"): block < blocks / 16 ? .q5K : .q4K
      case (.q3KM, "attn_output"): .q4K
      case (.q3KL, "attn_v"), (.q3KL, "ffn_down"), (.q3KL, "attn_output"): .q5K
      case (.q4KS, "attn_v"): block < 4 ? .q5K : nil
      case (.q4KS, "ffn_down"): isFirst ? .q5K : nil
      case (.q4KM, "attn_v"), (.q4KM, "ffn_down"): isSpecial ? .q6K : nil
      case (.q5KM, "attn_v"), (.q5KM, "ffn_down"): isSpecial ? .q6K : nil
      case (.iq4NL, "attn_v"), (.iq4XS, "attn_v"): queriesPerKey >= 4 ? .q5K : nil
      case (.q40, "ffn_down"): isFirst ? .q41 : nil
      case (.q50, "ffn_down"): isFirst ? .q51 : nil
      default: nil
      }
    return (type ?? base).fitting(columns)
  }

  /// The type of a matrix beside experts, where it differs from that of other models; nil where it does not.
  ///
  /// Floats of 4 bits are for experts alone. Where there are eight, attention is so small a part of the model that it
  /// gets more bits.
  private func type(of role: String, experts: Int) -> GGUFType? {
    if base == .mxfp4, experts > 0 { return role.hasSuffix("_exps") ? .mxfp4 : .q80 }
    guard experts == 8 else { return nil }
    switch role {
    case "attn_k", "attn_v": return .q80
    case "attn_output":
      let more: [Self] = [.q2K, .q3KS, .q3KM, .iq4NL, .q4KS, .q4KM, .iq4XS]
      return more.contains(self) ? .q5K : base
    default: return nil
    }
  }

  /// The type of the embedding, or of the head, or of both if they are one.
  func typeOfTable(columns: Int, makesLogits: Bool) -> GGUFType {
    // Floats of 4 bits are for what is multiplied only.
    if base == .mxfp4 { return .q80 }
    let isTernary = base == .tq10 || base == .tq20
    guard makesLogits else { return (isTernary ? .q4K : base).fitting(columns) }
    guard base != .q80, columns % base.blockLength == 0 else { return .q80 }
    return GGUFType.q6K.fitting(columns)
  }
}

extension GGUFType {
  /// The type, or one of shorter blocks and no fewer bits where its blocks do not fill rows of this width.
  func fitting(_ columns: Int) -> GGUFType {
    guard columns % blockLength != 0 else { return self }
    return switch self {
    case .q2K, .q3K, .tq10, .tq20: .q40
    case .q4K: .q50
    case .q5K: .q51
    case .q6K: .q80
    case .iq4XS: .iq4NL
    default: self
    }
  }
}
