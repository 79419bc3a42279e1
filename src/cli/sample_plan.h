// What `pixnerd sample` is asked to draw, whether it is classes, prompts or pictures that were drawn before.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "cli/condition_flags.h"
#include "cli/sampler_flags.h"
#include "cli/text_flags.h"
#include "core/destination.h"
#include "image/grid.h"
#include "sample/model_file.h"
#include "sample/requests.h"

namespace pixnerd::cli {

// --variation-seed, --variation-strength, --interpolate.
struct VariationFlags {
  std::optional<uint64_t> seed;
  std::optional<double> strength;
  std::optional<int64_t> interpolate;

  static constexpr double kUsualStrength = 0.2;
};

void add_variation_flags(CLI::App& command, VariationFlags& flags);

struct PictureFlags {
  ConditionFlags condition;
  TextFlags text;
  SamplerFlags sampler;
  VariationFlags variation;
  std::optional<int64_t> count;
  int64_t batch = 0;  // as many as is best
  uint64_t seed = 0;
  std::optional<int64_t> columns;  // of a grid

  int64_t pictures_each() const { return count.value_or(1); }

  // Adds the text encoder and the prompts.
  void add_to(InputFiles& inputs) const;
};

// --count, --seed and --columns.
void add_count_and_seed(CLI::App& command, PictureFlags& flags, const std::string& count_help);

struct SamplePlan {
  std::vector<sample::PictureRequest> pictures;
  int64_t columns = 1;
  std::optional<int64_t> padding;                     // of a grid
  bool labelled = false;                              // of a grid: as it was when it was drawn before
  std::vector<image::Label> labels;                   // what each picture shows
  std::vector<std::string> names;                     // of pictures that had one each in a folder
  std::vector<std::string> class_names, style_names;  // the checkpoint's
  std::vector<std::string> inputs;                    // files that pictures are drawn from
  int64_t row = 0;                                    // pictures of a row from one end to the other; 0: no such rows

  int64_t size() const { return std::ssize(pictures); }
};

// RequestError, DataError: names that the checkpoint does not have, prompts that cannot be read, more pictures than can
// be numbered; CLI::ValidationError: a checkpoint of another kind than the flags.
SamplePlan plan_of(const PictureFlags& flags, const sample::ModelDescription& description,
                   sample::ClassOrder order = sample::ClassOrder::runs);

// Records drawn anew, with settings that flags replace.
SamplePlan plan_of(std::vector<sample::PictureRecord> records, const SamplerFlags& flags,
                   const sample::ModelDescription& description);

// How each picture is made, by its number; `common` says what all have in common. The plan must outlive the function.
std::function<sample::PictureRecord(int64_t number)> records_of(const SamplePlan& plan, sample::PictureRecord common);

}  // namespace pixnerd::cli
