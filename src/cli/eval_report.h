// What `pixnerd eval` prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/evaluate.h"

namespace pixnerd::cli {

// What saw the pictures.
struct Seen {
  int64_t pictures = 0;
  std::string network;  // with a number that differs with its weights
  eval::FeatureNetwork kind = eval::FeatureNetwork::inception;
  std::optional<bool> is_published{};  // eval::Extractor's
};

// The figures on standard output: a table, or one line of JSON with the warnings, too.
void print_table(const eval::Report& report, const Seen& seen);
void print_json(const eval::Report& report, const Seen& seen);

// Of a reference alone, whose statistics are in `file`: for which figures.
void print_saved(const std::string& file, const std::vector<eval::Metric>& metrics,
                 const std::vector<std::string>& warnings, const Seen& seen, bool as_json);

}  // namespace pixnerd::cli
