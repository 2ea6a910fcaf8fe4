// lapack_int is a macro in some releases, which Swift cannot see; the typedef can be.
#include <lapacke.h>
typedef lapack_int CLAPACKInt;
_Static_assert(sizeof(CLAPACKInt) == 4, "the LP64 build of LAPACKE is needed");
