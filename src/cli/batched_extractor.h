// The network that looks at pictures, and how many it sees at once, by all processes of a verb together.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/drawn_pictures.h"
#include "cli/processes.h"
#include "eval/extractor.h"

namespace pixnerd::cli {

class BatchedExtractor {
 public:
  BatchedExtractor(eval::Extractor extractor, const Processes& processes, int64_t batch)
      : extractor_(std::move(extractor)), batch_(batch), processes_(processes) {}

  const eval::Extractor& extractor() const { return extractor_; }
  bool is_first() const { return processes_.group->is_first(); }

  // Those of one black picture, which have the sizes of all others.
  eval::Features example(const eval::Pictures& pictures) const;

  // Collective, with progress on rank 0's terminal: those of all pictures, for every process.
  eval::Features features_of(eval::Pictures& pictures, const eval::Needs& needs, const std::string& label) const;
  eval::Features features_of(DrawnPictures& drawn, const eval::Needs& needs) const;

 private:
  eval::Features shown(const std::string& label, const char* unit,
                       const std::function<eval::Features(Progress&)>& extract) const;

  eval::Extractor extractor_;
  int64_t batch_;
  Processes processes_;
};

}  // namespace pixnerd::cli
