// How fast the processor multiplies and adds float32 vectors when nothing else holds it up: what the kernels' speed is
// compared with.
#pragma once

#include <cstdint>

#include "kernels/isa.h"

namespace pixnerd::kernels {

// Runs `rounds` of independent multiply-adds on registers, in this thread; returns the floating-point operations done.
int64_t run_multiply_adds(int64_t rounds, Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
