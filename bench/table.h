// What the benchmarks print.
#pragma once

#include <cstdint>
#include <iostream>
#include <span>
#include <string>

#include "measure/candidates.h"

namespace pixnerd::bench {

using measure::Arithmetic;
using measure::Candidate;

inline void print(const std::string& question, std::span<const Candidate> candidates, int64_t runs) {
  std::cout << measure::text(question, measure::compare(candidates, runs)) << std::flush;
}

}  // namespace pixnerd::bench
