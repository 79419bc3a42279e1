// Plans whose pictures are drawn from another one.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/sample_plan.h"

namespace pixnerd::cli {

struct EditFlags {
  bool is_verb = false;  // `edit` it is
  std::string input, mask, extend;
  bool invert_mask = false;
  std::optional<double> strength;
  std::optional<int64_t> resample;
};

// The picture and what is to become of it.
void add_edit_flags(CLI::App& command, EditFlags& flags);

// Lets the plan's pictures be drawn from the one that the flags name; --size fits it. Errors as sample::read_edit();
// CLI::ValidationError for flags that do not go together, RequestError for prompts with a size of their own.
void edit(SamplePlan& plan, const EditFlags& flags, const SamplerFlags& sampler,
          const sample::ModelDescription& description);

// Those of `before` that were edited, from the pictures that they say, which are looked for as sources.h says, or that
// the flags name; flags that are given replace what they were edited with. RequestError where the verb is `edit` and
// one was not edited. Warns of files that have changed.
void edit_again(SamplePlan& plan, const std::vector<sample::PictureRecord>& before, const EditFlags& flags,
                const SamplerFlags& sampler, const std::filesystem::path& again, const models::ModelConfig& network);

}  // namespace pixnerd::cli
