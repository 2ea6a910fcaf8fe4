// CBLAS as OpenBLAS declares it, with the thread and build queries of OpenBLAS itself.
#include <cblas.h>
