extension SplitExpression {
  /// What in an expression Oniguruma (Ruby's syntax) and ICU read differently, or nil.
  ///
  /// Escapes outside the list mean other things in the two (`\h` is a hexadecimal digit here and
  /// a blank there) or have other sets behind them (`\w`); `{n,m}+` is possessive for ICU only;
  /// and the inline flag `m` is another one in Ruby.
  static func difference(in expression: String) -> String? {
    let scalars = Array(expression.unicodeScalars)
    var index = 0
    var isSet = false
    func at(_ position: Int) -> Unicode.Scalar? {
      scalars.indices.contains(position) ? scalars[position] : nil
    }
    while let scalar = at(index) {
      index += 1
      switch scalar {
      case "\\":
        let escaped = at(index) ?? " "
        index += 1
        if escaped.properties.isAlphabetic || ("0"..."9").contains(escaped) {
          guard "pPsSdDrnt".unicodeScalars.contains(escaped) else { return "\\\(escaped)" }
        }
        if escaped == "p" || escaped == "P" {
          guard at(index) == "{" else { return "\\\(escaped) without braces" }
          while let next = at(index), next != "}" { index += 1 }
          index += 1
        }
      case "[":
        if isSet { return "[ within a set" }
        isSet = true
        if at(index) == "^" { index += 1 }
        if at(index) == "]" { return "] as the first character of a set" }
      case "]":
        isSet = false
      case "&" where isSet && at(index) == "&": return "&& within a set"
      case "-" where isSet && at(index) == "-": return "-- within a set"
      case "}" where !isSet && (at(index) == "+" || at(index) == "?"): return "} before + or ?"
      case "(" where !isSet && at(index) == "?":
        let rest = String(String.UnicodeScalarView(scalars[(index + 1)...].prefix(2)))
        let known = [":", "=", "!", ">", "i:", "<=", "<!"]
        guard known.contains(where: rest.hasPrefix) else { return "(?\(rest)" }
      default: break
      }
    }
    return nil
  }
}
