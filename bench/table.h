// What the benchmarks begin with and print.
#pragma once

#include <cstdint>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

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

// With a word on the command line, only the questions in which it is found are asked.
inline std::string_view asked_word;

inline void begin(const std::string& title, int count, char** words) {
  if (count > 1) asked_word = words[1];
  begin(title);
}

inline bool is_asked(std::string_view question) {
  return question.find(asked_word) != std::string_view::npos;
}

inline void print(const std::string& question, std::span<const Candidate> candidates, int64_t runs) {
  if (!is_asked(question)) return;
  std::cout << measure::text(question, measure::compare(candidates, runs)) << std::flush;
}

}  // namespace pixnerd::bench
