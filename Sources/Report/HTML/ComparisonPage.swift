public import Studies

extension ComparisonReport {
  /// The report as one HTML page that needs nothing else: no script, no network, no other file.
  public var html: String {
    let title = "Quantizations of \(model) compared"
    let page = tag("html", ["lang": "en"]) {
      tag("head") {
        tag("meta", ["charset": "utf-8"])
        tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        // Says to the browser what is true anyway, in case a name from a file proves us wrong.
        tag(
          "meta",
          [
            "http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; style-src 'unsafe-inline'",
          ])
        tag("title") { title }
        Markup.stylesheet
      }
      tag("body") {
        tag("main") {
          tag("h1") { title }
          tag("p", ["class": "quiet"]) { origin }
          ComparisonSections(report: self, figures: ComparisonFigures(self)).markup
        }
      }
    }
    return "<!DOCTYPE html>\n" + page.source + "\n"
  }

  private var origin: String {
    let linears = candidates.first?.linears.count ?? 0
    return "Candidates: \(candidates.count); Linears: \(linears); "
      + "\(Numbers.count(calibrationTokens)) calibration and \(Numbers.count(heldOutTokens)) "
      + "held-out tokens; \(Numbers.duration(seconds))."
  }
}
