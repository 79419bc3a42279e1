// What a flag's value must be, without the remark that CLI11 would put into the help: the flag's type_name says it
// there.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace pixnerd::cli {

inline CLI::Validator between(int64_t low, int64_t high) {
  return CLI::Validator(CLI::Range(low, high)).description("");
}

inline CLI::Validator one_of(const std::vector<std::string>& words) {
  return CLI::Validator(CLI::IsMember(words)).description("");
}

}  // namespace pixnerd::cli
