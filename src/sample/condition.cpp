#include "sample/condition.h"

#include <ATen/ops/tensor.h>

#include <map>
#include <memory>

#include "core/errors.h"
#include "core/text.h"
#include "models/network.h"

namespace pixnerd::sample {
namespace {

// 0 .. count, the last for none of them.
void check_label(int64_t label, int64_t count, const char* kind, const char* kinds) {
  if (label >= 0 && label <= count) return;
  throw RequestError(concat("there is no ", kind, " ", label, "; the network has the ", kinds, " 0 to ", count - 1,
                            " and ", count, " for none of them"));
}

at::Tensor labels_of(const models::ModelConfig& config, const PictureRequest& picture) {
  if (config.num_styles == 0) return at::tensor({*picture.label}, at::kLong);
  return at::tensor({*picture.label, picture.style.value_or(config.num_styles)}, at::kLong).view({1, 2});
}

at::Tensor states_of(const models::ModelConfig& config, const std::string& text, const StatesOf& states) {
  at::Tensor of_text = states(text);
  if (of_text.sizes() == at::IntArrayRef({1, config.txt_max_length, config.txt_embed_dim})) return of_text;
  throw RequestError(concat("the states of a text have the shape ", of_text.sizes(), ", but the network takes [1, ",
                            config.txt_max_length, ", ", config.txt_embed_dim, "]"));
}

}  // namespace

StatesOf states_by_text(const std::vector<std::string>& texts, const at::Tensor& states) {
  const auto rows = std::make_shared<std::map<std::string, at::Tensor>>();
  for (size_t i = 0; i < texts.size(); ++i) rows->emplace(texts[i], states.narrow(0, static_cast<int64_t>(i), 1));
  return [rows](const std::string& text) { return rows->at(text); };
}

void check_condition(const models::ModelConfig& config, const PictureRequest& picture) {
  if (config.takes_text()) {
    if (!picture.prompt || picture.label) throw RequestError("the network draws texts, not classes; give it prompts");
    return;
  }
  if (picture.prompt) throw RequestError("the network draws classes, not texts; ask for classes");
  if (!picture.label) throw RequestError("nothing is asked for; name a class");
  check_label(*picture.label, config.num_classes, "class", "classes");
  if (!picture.style) return;
  if (config.num_styles == 0) throw RequestError("the network knows no styles; ask for classes alone");
  check_label(*picture.style, config.num_styles, "style", "styles");
}

engine::Picture engine_picture(const models::ModelConfig& config, const PictureRequest& picture,
                               const StatesOf& states) {
  engine::Picture drawn;
  drawn.seed = picture.seed;
  drawn.settings = picture.settings;
  if (config.takes_text()) {
    drawn.condition = states_of(config, *picture.prompt, states);
    drawn.null_condition = states_of(config, picture.negative_prompt, states);
  } else {
    drawn.condition = labels_of(config, picture);
    drawn.null_condition = models::null_labels(config, 1);
  }
  return drawn;
}

}  // namespace pixnerd::sample
