// How much memory the process holds, as Linux counts it.
#pragma once

#include <cstdint>

namespace pixnerd {

uint64_t resident_bytes();       // now; 0 where the system does not tell
uint64_t peak_resident_bytes();  // the most since the start, or since the last reset

// Makes the present use the peak. False if the system does not allow it; the peak then stays that of the whole run.
bool reset_peak_resident();

}  // namespace pixnerd
