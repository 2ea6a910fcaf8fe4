extension Pattern {
  /// Characters of the general categories Nd, Nl and No.
  static let digits = Pattern.scalars { scalar in
    switch scalar.properties.generalCategory {
    case .decimalNumber, .letterNumber, .otherNumber: true
    default: false
    }
  }

  /// ASCII punctuation and symbols, and all other characters of the general categories P.
  ///
  /// As in the tables of the Python package, the categories are those of Unicode 8. Two characters
  /// have left Po since.
  static let punctuation = Pattern.scalars { scalar in
    if scalar == "\u{166D}" || scalar == "\u{111C9}" { return true }
    guard scalar.isKnown(toUnicode: 8) else { return false }
    return switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      true
    case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: scalar.isASCII
    default: false
    }
  }

  /// What `\w` matches.
  static let wordCharacters = Pattern.scalars { $0.isWord }

  static let whitespace = Pattern.scalars { $0.properties.isWhitespace }
}
