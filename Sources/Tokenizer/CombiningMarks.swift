// Combining marks as the tables of the Python package know them. Those of Unicode 8 and 9 are not
// just today's tables without later characters: a few characters have changed their category since.

extension Unicode.Scalar {
  /// Whether this is of the general category M in Unicode 9.
  var isCombiningMark: Bool {
    switch value {
    case 0x1CF2, 0x1CF3: return true
    case 0x111C9: return false
    default: break
    }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: return isKnown(toUnicode: 9)
    default: return false
    }
  }

  /// Whether this is of the general category Mn in Unicode 8.
  var isNonspacingMark: Bool {
    switch value {
    case 0x1734, 0x1171E: true
    case 0x1885, 0x1886, 0xA9BD, 0x111C9: false
    default: properties.generalCategory == .nonspacingMark && isKnown(toUnicode: 8)
    }
  }
}
