// What a flag's value must be, without the remark that CLI11 would put into the help: the flag's type_name says it
// there.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/text.h"
#include "sample/seed.h"

namespace pixnerd::cli {

// A whole number in decimal digits: 010 is ten, and 0x10 none.
CLI::Validator between(int64_t low, int64_t high);

// A number above 0, `most` at most.
CLI::Validator positive(double most);

CLI::Validator one_of(const std::vector<std::string>& words);

// CLI::ValidationError for an argument that is empty, or a flag with "=" and nothing behind it: that comes of a
// variable that is not set, and would pass for a flag that is not given, or take the next argument. A prompt may be
// empty.
void require_values(std::span<char* const> arguments);

// For all verbs, once their flags are defined: between() holds for what CLI11 reads, which takes 010 for eight.
void finish_checks(CLI::App& program);

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
