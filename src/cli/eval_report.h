// What `pixnerd eval` prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/retrieval.h"
#include "eval/evaluate.h"

namespace pixnerd::cli {

// What saw the pictures.
struct Seen {
  int64_t pictures = 0;
  std::string network;  // with a number that differs with its weights
  eval::FeatureNetwork kind = eval::FeatureNetwork::inception;
  std::optional<bool> is_published{};  // eval::Extractor's
};

// How much more pixels differ across the borders of patches than inside (eval/patch_borders.h); nothing where pictures
// are flat, or where there are none.
struct BorderFindings {
  int64_t patch = 0;
  std::optional<double> pictures, reference;
};

struct Findings {
  eval::Report report;
  std::optional<RetrievalFindings> retrieval;
  std::optional<BorderFindings> borders;
};

// The figures on standard output: tables, or one line of JSON with the warnings, too.
void print_table(const Findings& findings, const Seen& seen);
void print_json(const Findings& findings, const Seen& seen);

// Of a reference alone, whose statistics are in `file`: for which figures.
void print_saved(const std::string& file, const std::vector<eval::Metric>& metrics,
                 const std::vector<std::string>& warnings, const Seen& seen, bool as_json);

}  // namespace pixnerd::cli
