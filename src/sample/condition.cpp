#include "sample/condition.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
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

at::Tensor labels_of(const models::ModelConfig& config, int64_t label, const std::optional<int64_t>& style) {
  if (config.num_styles == 0) return at::tensor({label}, at::kLong);
  return at::tensor({label, style.value_or(config.num_styles)}, at::kLong).view({1, 2});
}

// As nn::LabelEmbedder takes mixtures; float32 holds labels to 2^24.
at::Tensor mixed_labels(const at::Tensor& labels, const at::Tensor& others, double share) {
  return at::cat({labels.view({1, -1}).to(at::kFloat), others.view({1, -1}).to(at::kFloat), at::full({1, 1}, share)},
                 1);
}

void check_labels(const models::ModelConfig& config, const std::optional<int64_t>& label,
                  const std::optional<int64_t>& style) {
  if (!label) throw RequestError("nothing is asked for; name a class");
  check_label(*label, config.num_classes, "class", "classes");
  if (!style) return;
  if (config.num_styles == 0) throw RequestError("the network knows no styles; ask for classes alone");
  check_label(*style, config.num_styles, "style", "styles");
}

// A share of 0 to 1 of the same kind of thing.
void check_mixture(const models::ModelConfig& config, const Mixture& mixture) {
  if (!(mixture.share >= 0 && mixture.share <= 1)) {
    throw RequestError(concat("the share ", mixture.share, " of a mixture must be from 0 to 1"));
  }
  if (mixture.prompt.has_value() != config.takes_text() || mixture.label.has_value() == config.takes_text()) {
    throw RequestError("a picture is mixed of two classes, or of two prompts");
  }
  if (!config.takes_text()) check_labels(config, mixture.label, mixture.style);
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
  if (picture.mixture) check_mixture(config, *picture.mixture);
  if (picture.variation && !(picture.variation->strength >= 0 && picture.variation->strength <= 1)) {
    throw RequestError(concat("the strength ", picture.variation->strength, " of a variation must be from 0 to 1"));
  }
  if (config.takes_text()) {
    if (!picture.prompt || picture.label) throw RequestError("the network draws texts, not classes; give it prompts");
    return;
  }
  if (picture.prompt) throw RequestError("the network draws classes, not texts; ask for classes");
  check_labels(config, picture.label, picture.style);
}

engine::Picture engine_picture(const models::ModelConfig& config, const PictureRequest& picture,
                               const StatesOf& states) {
  engine::Picture drawn;
  drawn.seed = picture.seed;
  drawn.settings = picture.settings;
  if (config.takes_text()) {
    drawn.condition = states_of(config, *picture.prompt, states);
    drawn.null_condition = states_of(config, picture.negative_prompt, states);
    if (picture.mixture) {
      const double share = picture.mixture->share;
      drawn.condition = ((1 - share) * drawn.condition.to(at::kFloat) +
                         share * states_of(config, *picture.mixture->prompt, states).to(at::kFloat))
                            .to(drawn.condition.scalar_type());
    }
  } else {
    drawn.condition = labels_of(config, *picture.label, picture.style);
    drawn.null_condition = models::null_labels(config, 1);
    if (picture.mixture) {
      const at::Tensor others = labels_of(config, *picture.mixture->label, picture.mixture->style);
      drawn.condition = mixed_labels(drawn.condition, others, picture.mixture->share);
      drawn.null_condition = mixed_labels(drawn.null_condition, drawn.null_condition, 0);
    }
  }
  if (picture.variation) {
    drawn.noise =
        std::make_unique<diffusion::VariedNoise>(picture.seed, picture.variation->seed, picture.variation->strength);
  }
  if (picture.edit) drawn.edit = engine_edit(*picture.edit);
  return drawn;
}

}  // namespace pixnerd::sample
