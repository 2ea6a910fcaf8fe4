import CLI
import PTQ

var catalog = Catalog()
catalog.families.append(.jais2)
PTQCommand.main(catalog)
