// What a flag's value must be, without the remark that CLI11 would put into the help: the flag's type_name says it
// there.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/text.h"
#include "sample/seed.h"

namespace pixnerd::cli {

inline CLI::Validator between(int64_t low, int64_t high) {
  return CLI::Validator(CLI::Range(low, high)).description("");
}

inline CLI::Validator one_of(const std::vector<std::string>& words) {
  return CLI::Validator(CLI::IsMember(words)).description("");
}

// A seed of 64 bits, negative ones as PyTorch has them (sample/seed.h), for an option of type uint64_t.
inline CLI::Validator seed_number() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const std::optional<uint64_t> seed = sample::parse_seed(text);
        if (!seed) return concat("'", printable(text), "' is not ", sample::kSeedRange);
        text = std::to_string(*seed);
        return "";
      },
      "");
}

}  // namespace pixnerd::cli
