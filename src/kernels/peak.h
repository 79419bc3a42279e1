// How fast the processor multiplies and adds when nothing else holds it up: what the kernels' speed is compared with.
#pragma once

#include <cstdint>

#include "kernels/isa.h"

namespace pixnerd::kernels {

// Runs `rounds` of independent float32 multiply-adds on registers, in this thread; returns the floating-point
// operations done.
int64_t run_multiply_adds(int64_t rounds, Isa isa = chosen_isa());

// The same in products of bfloat16 that add up in float32: of tiles (AMX) where the processor has them, else of vectors
// of pairs (AVX512_BF16); 0 where it has neither.
int64_t run_bfloat16_dots(int64_t rounds);

}  // namespace pixnerd::kernels
