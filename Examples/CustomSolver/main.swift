import CLI
import PTQ

var catalog = Catalog()
catalog.roundings.append(
  RoundingMethod(
    name: "descent", summary: "coordinate descent from round to nearest", needsCalibration: true
  ) { _ in Descent() })
PTQCommand.main(catalog)
