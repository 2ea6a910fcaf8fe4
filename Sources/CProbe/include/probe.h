#ifndef PTQ_PROBE_H
#define PTQ_PROBE_H

/// The path of the shared library that answers to `symbol`, or NULL when nothing does.
/// The string belongs to the loader and stays valid while the library is loaded.
const char *ptq_library_of(const char *symbol);

/// The number of processors that the scheduler lets this process run on; at least 1.
int ptq_processor_count(void);

#endif
