// The `eval:` section of a training run: figures of its own pictures while it goes on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/schema.h"
#include "eval/evaluate.h"
#include "eval/extractor.h"

namespace pixnerd::train {

struct EvalConfig {
  int64_t every = 0;
  int64_t pictures = 5000;
  std::vector<eval::Metric> metrics{eval::Metric::fid};
  std::string reference;
  std::vector<std::string> include;
  int64_t crop = 0;
  eval::ExtractorConfig extractor;
  int64_t batch_size = 16;
  int64_t seed = 0;

  // The extractor's keys stand beside the others, not in a section of their own.
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("every", self.every, "steps between evaluations of pictures drawn with the averaged weights; 0 for never",
          config::at_least(0));
    visit("pictures", self.pictures, "pictures drawn for one, with the labels of the data's", config::at_least(20));
    visit("metrics", self.metrics, "which figures; see docs/evaluation.md");
    visit("reference", self.reference, "what they are compared with, as --reference of the verb eval");
    visit("include", self.include,
          "patterns (*, ?) of the reference's folders or shards to use, as data.include; all if there is none");
    visit("crop", self.crop,
          "cut a square of that many pixels of each of its pictures, as --crop of the verb; 0 for none",
          config::between(0, 16384));
    eval::ExtractorConfig::fields(self.extractor, visit);
    visit("batch_size", self.batch_size, "pictures drawn, and looked at, together", config::between(1, 65536));
    visit("seed", self.seed, "of the first picture; picture i has seed + i", config::at_least(0));
  }

  // ConfigError, where there are to be evaluations, for what they cannot do without, and for metrics that the network
  // has no answer to.
  void validate() const;
};

}  // namespace pixnerd::train
