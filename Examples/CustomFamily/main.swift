import CLI
import PTQ

var catalog = Catalog()
catalog.families.append(.arcee)
PTQCommand.main(catalog)
