// The flags of `pixnerd eval`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/drawn_pictures.h"
#include "cli/extractor_flags.h"
#include "eval/evaluate.h"
#include "eval/extractor.h"

namespace pixnerd::cli {

struct EvalFlags {
  std::string images, reference, save_statistics, judge_also;
  std::vector<std::string> include;
  DrawnFlags drawn;
  ExtractorFlags extractor;
  std::vector<std::string> metrics;
  eval::Settings settings;
  int64_t is_split_size = 0, batch = 32, crop = 0;
  int64_t borders = 0;  // side of the patches; 0: they are not looked at
  int threads = 0;
  bool retrieval = false, json = false, overwrite = false;

  // Whether a network has to look at the pictures: it does unless their borders alone are asked for.
  bool needs_network() const { return borders == 0 || retrieval || !metrics.empty() || extractor.any(); }
};

void add_eval_flags(CLI::App& command, EvalFlags& flags);

// CLI::ValidationError for metrics that the network cannot give, and for what does not go together.
eval::Settings settings_of(const EvalFlags& flags, eval::FeatureNetwork network);

}  // namespace pixnerd::cli
