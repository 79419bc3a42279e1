// The matrix units of x86 processors that have them (AMX): only to know how fast they could be. The products that run
// on them are oneDNN's.
#pragma once

#include <cstdint>

namespace pixnerd::kernels {

// Whether the processor multiplies tiles of bfloat16, and the system lets this process do so (it is asked).
bool has_tiles();

// Runs `rounds` of independent products of tiles in registers, in this thread; returns the floating-point operations
// done. Only where has_tiles().
int64_t run_tile_products(int64_t rounds);

}  // namespace pixnerd::kernels
