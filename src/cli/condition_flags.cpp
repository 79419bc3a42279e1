#include "cli/condition_flags.h"

#include <iterator>

#include "cli/checks.h"
#include "core/errors.h"
#include "core/text.h"
#include "sample/label_names.h"

namespace pixnerd::cli {
namespace {

constexpr size_t kMostClasses = 10'000'000;  // as many as pictures can be asked for

int64_t label_of(const std::string& name, const std::vector<std::string>& names,
                 const sample::ModelDescription& description) {
  if (!names.empty()) return sample::label_named(name, names, "class");
  throw RequestError(concat("the checkpoint has no class names; use --classes with numbers from 0 to ",
                            description.model.num_classes - 1));
}

}  // namespace

void add_condition_flags(CLI::App& command, ConditionFlags& flags) {
  const auto is_number = [](const std::string& text) {
    return sample::numbers_labels(text) ? std::string()
                                        : concat(quoted(text), " is no number, range such as 0-9, or all");
  };
  CLI::Option* const classes =
      command.add_option("--classes", flags.classes, "what to draw: numbers of classes, ranges of them, or all");
  classes->delimiter(',')->allow_extra_args(false)->check(is_number)->type_name("N,N-N,...|all");
  command
      .add_option("--class", flags.names,
                  "what to draw: a class by its name, or a part of it that no other has; may be repeated")
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
  std::vector<int64_t> classes;
  for (const std::string& text : flags.classes) {
    const std::vector<int64_t> labels = sample::labels_numbered(text, description.model.num_classes, "class");
    if (classes.size() + labels.size() > kMostClasses) {
      throw RequestError(concat("--classes names more than ", kMostClasses, " classes"));
    }
    classes.insert(classes.end(), labels.begin(), labels.end());
  }
  const std::vector<std::string> names =
      flags.names.empty() ? std::vector<std::string>() : sample::class_names(description);
  for (const std::string& name : flags.names) classes.push_back(label_of(name, names, description));
  return classes;
}

std::vector<int64_t> styles_of(const ConditionFlags& flags, const sample::ModelDescription& description) {
  std::vector<int64_t> styles;
  for (const std::string& name : flags.styles) {
    styles.push_back(sample::label_named(name, description.styles, "style"));
  }
  if (!styles.empty()) return styles;
  for (int64_t i = 0; i < description.model.num_styles; ++i) styles.push_back(i);
  return styles;
}

}  // namespace pixnerd::cli
