public import LinearAlgebra
internal import Pipeline
public import Quantizer
public import Remedies

/// Why a folder cannot be converted without loss.
public enum ConversionError: RemediableError {
  /// The input has no quantized Linear.
  case notQuantized(String)
  /// The embedding, or a head for which the format has no place, is quantized, too.
  case quantizedTable(String, format: String)
  /// The keys and values have scales.
  case cacheScales(format: String)
  /// Only some of the Linears that engines merge into one matrix are quantized.
  case partlyQuantized(dense: [String], quantized: [String])
  /// Two Linears have different schemes.
  case schemes((name: String, LinearScheme), (name: String, LinearScheme), format: String)
  /// The configuration says symmetric, but the zero points are not all in the middle.
  case notSymmetric(linear: String, middle: Int)
  /// The last group of a row has fewer columns than the others, for which no format has a rule.
  case shortGroup(linear: String, columns: Int, size: Int)
  /// Groups are scattered over the columns, and the format has no place for their map.
  case scatteredGroups(linear: String, format: String)
  /// No type of blocks has the values of a Linear: this group of them, or all for another reason.
  case blocks(linear: String, GridEntry, bits: Int)
  /// Blocks do not fill the rows, or the groups.
  case blockWidth(linear: String, columns: Int, groupSize: Int)
  /// The levels are not evenly spaced, which only their own format stores.
  case levels(linear: String, LevelTable)
  /// The format cannot store a zero point.
  case zeroPoint(linear: String, Int, format: String)
  /// The format cannot store a scale and offset, of which the offset is no multiple of the scale.
  case points(linear: String, GridEntry, format: String)
  /// The format cannot store the offset −s·z of a zero point.
  case offset(linear: String, Float, FloatFormat, format: String)
  /// The format cannot store a scale.
  case scale(tensor: String, Float, FloatFormat, format: String)

  /// What was found, what was needed, and what to try.
  public var description: String {
    switch self {
    case .notQuantized(let path):
      "\(path): no Linear is quantized; quantize it first"
    case .quantizedTable(let table, let format):
      "\(table): is quantized, which \(format) has no place for; quantize the original model to it instead"
    case .cacheScales(let format):
      "the model has scales for its keys and values (kv_cache_scheme), which \(format) does not store; "
        + "quantize the original model to it instead"
    case .partlyQuantized(let dense, let quantized):
      "\(dense.joined(separator: ", ")): in floating point, beside the quantized "
        + "\(quantized.joined(separator: ", ")); engines make one matrix of them and need all or "
        + "none quantized"
    case .schemes(let one, let other, let format):
      "\(one.name) has \(one.1.words), \(other.name) has \(other.1.words); a folder can be converted "
        + "to \(format) only if these are alike in all Linears"
        + (format == "compressed-tensors" ? " but for the bits" : "")
    case .notSymmetric(let linear, let middle):
      "\(linear): has zero points other than \(middle), but config.json calls it symmetric; "
        + "correct sym or checkpoint_format in config.json"
    case .shortGroup(let linear, let columns, let size):
      "\(linear): groups of \(size) do not divide its \(columns) columns, so the last one is "
        + "short, which engines read in different ways; quantize the original model with groups "
        + "that do"
    case .scatteredGroups(let linear, let format):
      "\(linear): its groups are scattered over the columns (desc_act), and \(format) stores only "
        + "consecutive ones; quantize the original model to it"
    case .blocks(let linear, let entry, let bits):
      "\(linear): has a group of \(bits) bits with the scale \(entry.scale) and the offset \(entry.offset), whose values "
        + "no type of GGUF's blocks has exactly; quantize the original model to this format"
    case .blockWidth(let linear, let columns, let size):
      "\(linear): has \(columns) columns in groups of \(size), which GGUF's blocks of 32 do not fill; quantize the "
        + "original model to this format"
    case .levels(let linear, let table):
      "\(linear): has the levels of \(table.name), which no other format stores; quantize the original model to the "
        + "format"
    case .zeroPoint(let linear, let zero, let format):
      "\(linear): has the zero point \(zero), which \(format) cannot store"
    case .points(let linear, let entry, let format):
      "\(linear): has a group with the scale \(entry.scale) and the offset \(entry.offset), which is "
        + "not -z times a positive scale for any code z, and \(format) stores no other; quantize the "
        + "original model to this format"
    case .offset(let linear, let value, let stored, let format):
      "\(linear): a zero point comes to the offset \(value), which is not a \(stored.rawValue), and "
        + "\(format) stores no other; quantize the original model to this format"
    case .scale(let tensor, let value, let stored, let format):
      "\(tensor): the scale \(value) is not a \(stored.rawValue), and \(format) stores no other; "
        + "quantize the original model to this format"
    }
  }

  /// What to try.
  public var remedies: [Remedy] {
    switch self {
    case .zeroPoint: [.chooseFormat("awq"), .chooseFormat("compressed-tensors")]
    case .points: [.chooseFormat("mlx")]
    case .offset, .scale: [.chooseFormat("compressed-tensors")]
    case .schemes(let one, let other, _):
      one.1.differsInBitsAlone(from: other.1) ? [.chooseFormat("compressed-tensors")] : []
    case .notQuantized, .quantizedTable, .cacheScales, .partlyQuantized, .notSymmetric,
      .shortGroup,
      .scatteredGroups, .levels, .blocks, .blockWidth:
      []
    }
  }
}

extension LinearScheme {
  /// Whether only the numbers of bits differ.
  fileprivate func differsInBitsAlone(from other: LinearScheme) -> Bool {
    weights.bits != other.weights.bits && weights.granularity == other.weights.granularity
      && activations == other.activations
  }

  fileprivate var words: String {
    let inputs = activations.map { ", inputs by \($0.granularity)" } ?? ""
    switch weights.granularity {
    case .group(let size): return "\(weights.bits) bits in groups of \(size)\(inputs)"
    case .channel: return "\(weights.bits) bits by row\(inputs)"
    case .tensor: return "\(weights.bits) bits with one scale\(inputs)"
    case .block(let rows, let columns):
      return "\(weights.bits) bits in blocks of \(rows) x \(columns)\(inputs)"
    }
  }
}
