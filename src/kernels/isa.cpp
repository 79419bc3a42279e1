#include "kernels/isa.h"

#include <cstdlib>

#include "core/errors.h"
#include "core/text.h"
#include "kernels/targets.h"
// Highway's headers follow its choice of targets.
#include <hwy/targets.h>

namespace pixnerd::kernels {

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::neon:
      return "neon";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::avx512bf16:
      return "avx512bf16";
    case Isa::aten:
      return "aten";
    case Isa::reference:
      break;
  }
  return "reference";
}

namespace {

bool multiplies_pairs() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

}  // namespace

std::vector<Isa> available_isas() {
  std::vector<Isa> available;
  const int64_t targets = hwy::SupportedTargets() & HWY_TARGETS;
  if ((targets & HWY_AVX3) != 0 && multiplies_pairs()) available.push_back(Isa::avx512bf16);
  if ((targets & HWY_AVX3) != 0) available.push_back(Isa::avx512);
  if ((targets & HWY_AVX2) != 0) available.push_back(Isa::avx2);
  if ((targets & HWY_NEON) != 0) available.push_back(Isa::neon);
  available.push_back(Isa::reference);
  return available;
}

Isa isa_from_environment() {
  std::vector<Isa> available = available_isas();
  const char* wanted = std::getenv("PIXNERD_ISA");
  if (wanted == nullptr || *wanted == '\0') return available.front();
  std::string names;
  available.push_back(Isa::aten);
  for (const Isa isa : available) {
    if (isa_name(isa) == wanted) return isa;
    names += concat(names.empty() ? "" : ", ", isa_name(isa));
  }
  throw ConfigError(concat("environment variable PIXNERD_ISA is ", quoted(wanted), "; this machine has: ", names));
}

Isa chosen_isa() {
  static const Isa chosen = isa_from_environment();
  return chosen;
}

}  // namespace pixnerd::kernels
