// Which instruction set the kernels use. Each kernel is compiled once for every set of the target architecture and the
// best one that the processor offers is taken at run time; `reference` is the plain loop that all are tested against.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::kernels {

enum class Isa { reference, neon, avx2, avx512 };

// "reference", "neon", "avx2", "avx512".
std::string_view isa_name(Isa isa);

// What this program holds and this processor can run, best first; `reference` is always there, at the end.
std::vector<Isa> available_isas();

// The set that the environment variable PIXNERD_ISA names, or the best one if it is unset or empty. Throws ConfigError
// that lists the available ones if it names none of them. Reads the environment each time.
Isa isa_from_environment();

// isa_from_environment() as it was at the first call that succeeded: what every kernel uses unless told otherwise.
Isa chosen_isa();

}  // namespace pixnerd::kernels
