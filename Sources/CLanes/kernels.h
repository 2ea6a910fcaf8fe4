// The loops of lanes.h, for one instruction set: NAME(x) names them and TARGET says which.

#include "arithmetic.h"
#include "planes.h"
#include "rows.h"

#undef INNER
#undef NAME
#undef TARGET
