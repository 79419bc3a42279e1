#include "sample/condition.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include "core/errors.h"
#include "core/text.h"
#include "models/network.h"

namespace pixnerd::sample {
namespace {

void check_styles(const models::ModelConfig& config, const Request& request) {
  if (request.styles.empty()) return;
  if (config.num_styles == 0) throw RequestError("the network knows no styles; ask for classes alone");
  if (request.styles.size() != request.labels.size()) {
    throw RequestError(concat(request.styles.size(), " styles for ", request.labels.size(), " pictures"));
  }
  for (const int64_t style : request.styles) {
    if (style >= 0 && style <= config.num_styles) continue;
    throw RequestError(concat("there is no style ", style, "; the network has the styles 0 to ", config.num_styles - 1,
                              " and ", config.num_styles, " for none of them"));
  }
}

void check_labels(const models::ModelConfig& config, const Request& request) {
  if (request.texts) throw RequestError("the network draws classes, not texts; ask for classes");
  if (request.labels.empty()) throw RequestError("no picture is asked for; name at least one class");
  for (const int64_t label : request.labels) {
    if (label >= 0 && label <= config.num_classes) continue;
    throw RequestError(concat("there is no class ", label, "; the network has the classes 0 to ",
                              config.num_classes - 1, " and ", config.num_classes, " for none of them"));
  }
  check_styles(config, request);
}

void check_rows(const std::vector<int64_t>& rows, size_t pictures, int64_t texts) {
  if (rows.size() != pictures) throw RequestError(concat(rows.size(), " texts for ", pictures, " pictures"));
  for (const int64_t row : rows) {
    if (row < 0 || row >= texts) throw RequestError(concat("there is no text ", row, "; ", texts, " are given"));
  }
}

void check_texts(const models::ModelConfig& config, const Request& request) {
  if (!request.texts || !request.labels.empty()) {
    throw RequestError("the network draws texts, not classes; give it prompts");
  }
  const TextConditions& texts = *request.texts;
  if (texts.rows.empty()) throw RequestError("no picture is asked for; give at least one prompt");
  if (texts.states.dim() != 3 || texts.states.size(1) != config.txt_max_length ||
      texts.states.size(2) != config.txt_embed_dim) {
    throw RequestError(concat("the texts' states have the shape ", texts.states.sizes(), ", but the network takes [K, ",
                              config.txt_max_length, ", ", config.txt_embed_dim, "]"));
  }
  check_rows(texts.rows, texts.rows.size(), texts.states.size(0));
  check_rows(texts.null_rows, texts.rows.size(), texts.states.size(0));
}

BatchCondition labels_of(const models::ModelConfig& config, const Request& request, int64_t first, int64_t last) {
  std::vector<int64_t> labels;
  for (int64_t i = first; i < last; ++i) {
    const auto at = static_cast<size_t>(i);
    labels.push_back(request.labels[at]);
    if (config.num_styles > 0) {
      labels.push_back(request.styles.empty() ? i % config.num_styles : request.styles[at]);
    }
  }
  const at::Tensor given = at::tensor(labels, at::kLong);
  return {config.num_styles > 0 ? given.view({-1, 2}) : given, models::null_labels(config, last - first)};
}

BatchCondition states_of(const TextConditions& texts, int64_t first, int64_t last) {
  const auto chosen = [&](const std::vector<int64_t>& rows) {
    const at::Tensor index = at::tensor(
        at::ArrayRef<int64_t>(rows).slice(static_cast<size_t>(first), static_cast<size_t>(last - first)), at::kLong);
    return at::index_select(texts.states, 0, index);
  };
  return {chosen(texts.rows), chosen(texts.null_rows)};
}

}  // namespace

void check_condition(const models::ModelConfig& config, const Request& request) {
  config.takes_text() ? check_texts(config, request) : check_labels(config, request);
}

BatchCondition condition_of(const models::ModelConfig& config, const Request& request, int64_t first, int64_t last) {
  return config.takes_text() ? states_of(*request.texts, first, last) : labels_of(config, request, first, last);
}

}  // namespace pixnerd::sample
