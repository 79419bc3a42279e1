// How much memory the process holds, as Linux counts it.
#pragma once

#include <cstdint>

namespace pixnerd {

uint64_t resident_bytes();       // now; 0 where the system does not tell
uint64_t peak_resident_bytes();  // the most since the start, or since the last reset

// Makes the present use the peak. False if the system does not allow it; the peak then stays that of the whole run.
bool reset_peak_resident();

// Lets malloc keep the memory that is freed, for the rest of the process. A network frees and allocates the same tens
// of megabytes in every operation; giving them back to the system in between costs a large part of the computing time,
// in page faults. For programs, at their start; a library must not decide this for its host.
void keep_freed_memory();

}  // namespace pixnerd
