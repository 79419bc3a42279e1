// What the benchmarks begin with and print.
#pragma once

#include <cstdint>
#include <iostream>
#include <span>
#include <string>

#include "core/memory.h"
#include "measure/candidates.h"

namespace pixnerd::bench {

using measure::Arithmetic;
using measure::Candidate;

// The settings of memory that the program itself has, which is why this comes before the first tensor.
inline void begin() {
  keep_freed_memory();
  use_huge_pages();
}

inline void begin(const std::string& title) {
  begin();
  std::cout << measure::header(title);
}

inline void print(const std::string& question, std::span<const Candidate> candidates, int64_t runs) {
  std::cout << measure::text(question, measure::compare(candidates, runs)) << std::flush;
}

}  // namespace pixnerd::bench
