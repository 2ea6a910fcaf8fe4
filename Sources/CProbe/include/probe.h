#ifndef PTQ_PROBE_H
#define PTQ_PROBE_H

#include <stdbool.h>

/// The path of the shared library that answers to `symbol`, or NULL when nothing does.
/// The string belongs to the loader and stays valid while the library is loaded.
const char *ptq_library_of(const char *symbol);

/// The number of processors that the scheduler lets this process run on; at least 1.
int ptq_processor_count(void);

/// Whether the calling thread runs an iteration of a parallel loop; it says so itself.
bool ptq_is_in_parallel_loop(void);
void ptq_set_in_parallel_loop(bool value);

/// The bytes of address space that the process may use; -1 for any number.
long long ptq_address_space_limit(void);

/// The number of files that the process may have open; -1 for any number.
long long ptq_open_file_limit(void);

/// Lets the allocator keep freed memory for the next request: blocks of up to 32 MiB, and 128 MiB at the end of its heap.
void ptq_keep_freed_memory(void);

/// Whether everything printed has reached its reader.
int ptq_flush_output(void);

#endif
