#ifndef PTQ_ALLOCATIONS_H
#define PTQ_ALLOCATIONS_H

/// How often the calling thread has asked for memory; -1 where nobody counts, as under a sanitizer.
long long ptq_allocations(void);

#endif
