// `ptq` itself: everything is in the library, so that a program with methods of its own can be it too.

import CLI

PTQCommand.main()
