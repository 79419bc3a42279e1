// The flags that say what pictures show: classes and styles, by number or by name.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "sample/model_file.h"

namespace pixnerd::cli {

struct ConditionFlags {
  std::vector<std::string> classes;  // numbers, ranges or "all"
  std::vector<std::string> names, styles;

  bool names_classes() const { return !classes.empty() || !names.empty(); }
};

// --classes, --class, --style.
void add_condition_flags(CLI::App& command, ConditionFlags& flags);

// The classes that are named, in the order given; by names, ImageNet's serve for a network of 1000 classes without any.
// RequestError for a name that the checkpoint does not have.
std::vector<int64_t> classes_of(const ConditionFlags& flags, const sample::ModelDescription& description);

// The styles that are named, or all; none for a network without styles. RequestError as above.
std::vector<int64_t> styles_of(const ConditionFlags& flags, const sample::ModelDescription& description);

}  // namespace pixnerd::cli
