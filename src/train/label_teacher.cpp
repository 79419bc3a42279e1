#include "train/label_teacher.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <optional>
#include <string>

#include "core/errors.h"
#include "core/text.h"
#include "sample/label_names.h"
#include "sample/model_file.h"

namespace pixnerd::train {
namespace {

// Rows of a table by the names that they have in `known`, and its last one, which is that of no label.
at::Tensor rows_by_name(const at::Tensor& table, const std::vector<std::string>& names,
                        const std::vector<std::string>& known) {
  std::vector<int64_t> places = sample::namesakes(names, known);
  for (int64_t& place : places) {
    if (place < 0) place = table.size(0) - 1;
  }
  places.push_back(table.size(0) - 1);
  return table.index_select(0, at::tensor(places, at::kLong));
}

std::string without_namesake(const std::vector<std::string>& names, const std::vector<std::string>& known) {
  const std::vector<int64_t> places = sample::namesakes(names, known);
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] < 0) return names[i];
  }
  return "";
}

}  // namespace

LabelTeacher::LabelTeacher(const std::filesystem::path& path, const data::PictureSet& pictures, int64_t width) {
  const sample::StoredWeights weights = sample::load_weights(path);
  const std::optional<sample::ModelDescription> description = sample::describe_weights(weights);
  const auto table = [&](const char* name) {
    const auto found = weights.tensors.find(name);
    return found == weights.tensors.end() ? at::Tensor() : found->second.to(at::kFloat);
  };
  const at::Tensor classes = table("y_embedder.embedding_table.weight"),
                   styles = table("y_embedder.style_table.weight");
  const std::vector<std::string> names = description ? sample::class_names(*description) : std::vector<std::string>();
  const auto refuse = [&](const std::string& why) {
    throw ConfigError(concat("text.teacher ", quoted(weights.source), " ", why));
  };
  if (!classes.defined() || classes.dim() != 2) refuse("is no class-conditional network");
  if (classes.size(1) != width) {
    refuse(concat("has labels of width ", classes.size(1), ", and model.hidden_size is ", width));
  }
  if (names.empty() || std::ssize(names) + 1 != classes.size(0)) refuse("does not say what its classes are called");
  if (const std::string missing = without_namesake(pictures.classes(), names); !missing.empty()) {
    refuse(concat("has no class ", quoted(missing), ", which ", quoted(pictures.root()), " has"));
  }
  if (styles.defined() &&
      (styles.dim() != 2 || styles.size(1) != width || styles.size(0) != std::ssize(description->styles) + 1)) {
    refuse(concat("has styles of the shape ", styles.sizes(), ", and names ", description->styles.size(), " of them"));
  }
  classes_ = rows_by_name(classes, pictures.classes(), names);
  styles_ = styles.defined() ? rows_by_name(styles, pictures.styles(), description->styles)
                             : at::zeros({std::ssize(pictures.styles()) + 1, width});
}

at::Tensor LabelTeacher::of(const data::PictureSet& set, const std::vector<int64_t>& pictures) const {
  std::vector<int64_t> labels, styles;
  for (const int64_t index : pictures) {
    const int64_t label = set.label(index), style = set.style(index);
    labels.push_back(label >= 0 ? label : classes_.size(0) - 1);
    styles.push_back(style >= 0 ? style : styles_.size(0) - 1);
  }
  return classes_.index_select(0, at::tensor(labels, at::kLong)) +
         styles_.index_select(0, at::tensor(styles, at::kLong));
}

}  // namespace pixnerd::train
