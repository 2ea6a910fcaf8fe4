/// How a line is distinguished from others: by its colour, its dashes and its marker.
///
/// The colours are those of Okabe and Ito, which people with any colour vision can tell apart, except
/// for their yellow, which is too pale on white; the style sheet has the values. Seven colours and six
/// markers repeat together only after 42 methods.
struct LineStyle: Sendable {
  private static let dashes = ["", "6 3", "2 2.5", "9 3 2 3", "14 4"]
  private static let markers = [
    "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z",  // circle
    "m-2.7 -2.7h5.4v5.4h-5.4z",  // square
    "m0 -3.8l3.4 6h-6.8z",  // triangle
    "m0 -4l3.3 4l-3.3 4l-3.3 -4z",  // diamond
    "m-3 -3l6 6m0 -6l-6 6",  // cross
    "m0 3.8l3.4 -6h-6.8z",  // triangle on its tip
  ]

  /// The index of the method, which decides colour and marker.
  var method = 0
  /// The index of the scheme, which decides the dashes.
  var scheme = 0

  /// The CSS class of the colour.
  var colour: String { "c\(method % 7)" }

  /// The value of `stroke-dasharray`.
  var dash: String { Self.dashes[scheme % Self.dashes.count] }

  /// A path that draws the marker at every point.
  func markers(at points: [(x: Double, y: Double)]) -> String {
    points.map { "M\(coordinate($0.x)) \(coordinate($0.y))" + Self.markers[method % 6] }.joined()
  }
}

/// A coordinate in pixels, to a tenth.
func coordinate(_ value: Double) -> String { Numbers.fixed(value, 1) }

/// An entry of a legend: a short line, with or without a marker, and its name.
struct LegendEntry: Sendable {
  let name: String
  let style: LineStyle
  /// Whether the marker is shown.
  var hasMarker = true

  var markup: Markup {
    tag("li") {
      tag(
        "svg", ["viewBox": "0 0 36 12", "class": style.colour + " swatch", "aria-hidden": "true"]
      ) {
        tag(
          "polyline",
          ["points": "1,6 35,6", "class": "line", "stroke-dasharray": style.dash])
        if hasMarker {
          tag("path", ["d": style.markers(at: [(18, 6)]), "class": "marker"])
        }
      }
      " "
      name
    }
  }
}
