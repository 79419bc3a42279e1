// Pictures that a verb draws from a checkpoint to judge them: its flags, and the set.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/compute_flags.h"
#include "cli/condition_flags.h"
#include "cli/sampler_flags.h"
#include "cli/text_flags.h"
#include "core/progress.h"
#include "eval/captions_as_in.h"
#include "eval/sampled_pictures.h"

namespace pixnerd::cli {

inline constexpr int64_t kDrawnUnlessTold = 50000;

struct DrawnFlags {
  std::string checkpoint, labels_from, held_out;
  std::vector<std::string> include;  // of labels_from
  eval::CaptionChoice captions;      // of labels_from or held_out, for a network that draws text
  ConditionFlags condition;
  TextFlags text;
  SamplerFlags sampler;
  ComputeFlags compute;  // of the sampler; its threads are the verb's
  std::optional<int64_t> count;
  bool each_once = false;  // where no count is given: as many as there are in labels_from or held_out
  int64_t batch = 0;       // as many as is best
  bool ignore_unknown = false;
};

// --checkpoint and what goes with it, in place of `images`.
void add_drawn_flags(CLI::App& command, DrawnFlags& flags, CLI::Option* images);

// What goes with a network: the option `source` names it.
void add_drawing_flags(CLI::App& command, DrawnFlags& flags, CLI::Option* source);

class DrawnPictures {
 public:
  // Loads the network and says what it is to draw; errors as the verb `sample`, and DataError for --labels-from.
  DrawnPictures(const DrawnFlags& flags, uint64_t seed, const at::Device& device);

  // The same of a network that is there already, from `source`.
  DrawnPictures(sample::ModelFile file, const DrawnFlags& flags, uint64_t seed, const at::Device& device,
                const std::string& source);

  eval::Pictures& pictures() const { return *pictures_; }

  // What each of them is to show, in the checkpoint's names or those of a set or a file of prompts.
  const std::vector<eval::Asked>& asked() const { return asked_; }

  // Shows the steps of drawing there from now on, which must outlive it.
  void report_to(Progress& progress) { relay_.to = &progress; }

 private:
  struct Relay : public Progress {
    void update(int64_t done, int64_t total, std::string_view note) override {
      if (to != nullptr) to->update(done, total, note);
    }
    Progress* to = nullptr;
  };

  Relay relay_;
  sample::ModelFile file_;
  std::vector<eval::Asked> asked_;
  std::unique_ptr<eval::SampledPictures> pictures_;
};

}  // namespace pixnerd::cli
