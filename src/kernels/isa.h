// Which instruction set the kernels use. Each kernel is compiled once for every set of the target architecture and the
// best one that the processor offers is taken at run time; `reference` is the plain loop that all are tested against.
// `aten` stands for no kernels at all: the program computes on the CPU by the framework's operators alone, as it does
// on every other device, so that what a GPU runs can be tested without one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::kernels {

// avx512bf16 is avx512 on processors that also multiply pairs of bfloat16 and add them up in float32 (AVX512_BF16):
// what does so, its header says.
enum class Isa { reference, neon, avx2, avx512, avx512bf16, aten };

// "reference", "neon", "avx2", "avx512", "avx512bf16", "aten".
std::string_view isa_name(Isa isa);

// What kernels there are here for this processor, best first; `reference` is always there, at the end, `aten` never.
std::vector<Isa> available_isas();

// The set that the environment variable PIXNERD_ISA names, or the best one if it is unset or empty. Throws ConfigError
// that lists the available ones and `aten` if it names none of them. Reads the environment each time.
Isa isa_from_environment();

// isa_from_environment() as it was at the first call that succeeded: what every kernel uses unless told otherwise.
// A kernel that is called all the same where it is `aten` runs the reference.
Isa chosen_isa();

// Whether the operators of other devices are to be used on the CPU, too: instead of these kernels, and instead of what
// the framework has for CPUs alone.
inline bool avoids_cpu_paths() {
  return chosen_isa() == Isa::aten;
}

}  // namespace pixnerd::kernels
