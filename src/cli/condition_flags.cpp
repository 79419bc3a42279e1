#include "cli/condition_flags.h"

#include <algorithm>
#include <limits>

#include "cli/checks.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::cli {
namespace {

int64_t number_of(const std::string& name, const std::vector<std::string>& names, const char* kind) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return found - names.begin();
  const std::string meant = nearest(name, names);
  throw RequestError(concat("there is no ", kind, " '", printable(name), "'",
                            meant.empty() ? "; `pixnerd info` lists them" : concat("; did you mean '", meant, "'?")));
}

int64_t label_of(const std::string& name, const sample::ModelDescription& description) {
  if (!description.classes.empty()) return number_of(name, description.classes, "class");
  throw RequestError(concat("the checkpoint has no class names; use --classes with numbers from 0 to ",
                            description.model.num_classes - 1));
}

// What one of `count` classes or styles is called: its name, or its number where they have none.
std::string name_of(int64_t label, int64_t count, const std::vector<std::string>& names, const char* kind) {
  if (label == count) return concat("no ", kind);
  return names.empty() ? concat(kind, " ", label) : names[static_cast<size_t>(label)];
}

}  // namespace

void add_condition_flags(CLI::App& command, ConditionFlags& flags) {
  CLI::Option* const classes = command.add_option("--classes", flags.classes, "what to draw: numbers of classes");
  classes->delimiter(',')
      ->allow_extra_args(false)
      ->check(between(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()))
      ->type_name("N,N,...");
  command.add_option("--class", flags.names, "what to draw: a class by its name; may be repeated")
      ->excludes(classes)
      ->allow_extra_args(false)
      ->type_name("NAME");
  command
      .add_option("--style", flags.styles,
                  "second label, by its name, of a network that has some; may be repeated: "
                  "the pictures of a class take them in turn; all of them unless given")
      ->allow_extra_args(false)
      ->type_name("NAME");
}

std::vector<int64_t> classes_of(const ConditionFlags& flags, const sample::ModelDescription& description) {
  std::vector<int64_t> classes = flags.classes;
  for (const std::string& name : flags.names) classes.push_back(label_of(name, description));
  return classes;
}

std::vector<int64_t> styles_of(const ConditionFlags& flags, const sample::ModelDescription& description) {
  std::vector<int64_t> styles;
  for (const std::string& name : flags.styles) styles.push_back(number_of(name, description.styles, "style"));
  if (!styles.empty()) return styles;
  for (int64_t i = 0; i < description.model.num_styles; ++i) styles.push_back(i);
  return styles;
}

std::vector<image::Label> captions_of(const sample::Request& request, const sample::ModelDescription& description) {
  const models::ModelConfig& model = description.model;
  std::vector<image::Label> captions;
  for (size_t i = 0; i < request.labels.size(); ++i) {
    captions.push_back({name_of(request.labels[i], model.num_classes, description.classes, "class"), ""});
    if (request.styles.empty()) continue;
    captions.back().note = name_of(request.styles[i], model.num_styles, description.styles, "style");
  }
  return captions;
}

}  // namespace pixnerd::cli
