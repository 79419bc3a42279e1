#include "train/conditions.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "core/counted.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/random.h"
#include "core/text.h"
#include "models/network.h"
#include "models/prompt_encoder.h"

namespace pixnerd::train {
namespace {

constexpr uint64_t kCaptionStream = 3;  // beside those of run.cpp

class LabelConditions : public Conditions {
 public:
  explicit LabelConditions(const models::ModelConfig& config) : config_(config) {}

  at::Tensor of_batch(const data::PictureSet&, const data::Batch& batch, int64_t) override { return batch.labels; }
  at::Tensor of_picture(const data::PictureSet& set, int64_t index) override { return data::condition_of(set, index); }
  at::Tensor null_condition() override { return models::null_labels(config_, 1); }

  void ask_for(sample::PictureRequest& request, const data::PictureSet& set, int64_t index) override {
    request.label = set.label(index);
    if (config_.num_styles > 0) request.style = set.style(index) >= 0 ? set.style(index) : config_.num_styles;
  }

 private:
  models::ModelConfig config_;
};

class CaptionConditions : public Conditions {
 public:
  CaptionConditions(const RunConfig& config, const data::PictureSet& pictures, StopRequested stop,
                    const at::Device& device)
      : text_(config.text),
        width_(config.model.txt_embed_dim),
        seed_(static_cast<uint64_t>(config.train.seed)),
        encoder_(config.text.encoder,
                 {config.text.precision, config.model.txt_max_length, config.text.cache, pictures.size(), device}),
        stop_(std::move(stop)) {
    count_captions(pictures);
    null_ = states({""});
  }

  at::Tensor of_batch(const data::PictureSet& set, const data::Batch& batch, int64_t position) override {
    std::vector<std::string> captions;
    for (const int64_t index : batch.pictures) {
      const std::vector<std::string> all = captions_of(set, index);
      const uint64_t drawn = random_bits(seed_, kCaptionStream, static_cast<uint64_t>(position) + captions.size());
      captions.push_back(all[drawn % all.size()]);
    }
    return states(captions);
  }

  at::Tensor of_picture(const data::PictureSet& set, int64_t index) override {
    return states({captions_of(set, index).front()})[0];
  }

  at::Tensor null_condition() override { return null_; }

  void ask_for(sample::PictureRequest& request, const data::PictureSet& set, int64_t index) override {
    request.prompt = captions_of(set, index).front();
  }

  sample::StatesOf states() override {
    return [this](const std::string& text) { return states_of(text); };
  }

 private:
  std::vector<std::string> captions_of(const data::PictureSet& set, int64_t index) const {
    std::vector<std::string> captions;
    const auto& wanted = text_.languages;
    for (const data::Caption& caption : set.captions(index)) {
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), caption.language) != wanted.end()) {
        captions.push_back(caption.text);
      }
    }
    if (captions.empty()) captions.emplace_back();  // the null condition
    return captions;
  }

  // DataError where no picture has one: nothing would be learnt of text.
  void count_captions(const data::PictureSet& set) const {
    int64_t without = 0;
    for (int64_t i = 0; i < set.size(); ++i) without += captions_of(set, i).front().empty() ? 1 : 0;
    const std::string wanted = text_.languages.empty() ? "" : concat(" in ", join(text_.languages, ", "));
    if (without == set.size()) {
      throw DataError(concat("data set ", quoted(set.root()), ": no picture has a caption", wanted,
                             "; give them .txt files, or a \"caption\" in their JSON"));
    }
    if (without == 0) return;
    log_info(concat(without, " of ", counted(set.size(), "picture", "pictures"), " without a caption", wanted,
                    ": they are learnt without text, which is the null condition"));
  }

  at::Tensor states(const std::vector<std::string>& captions) {
    std::map<std::string_view, at::Tensor> known;  // a caption may be there many times
    std::vector<at::Tensor> states;
    for (const std::string& caption : captions) {
      at::Tensor& of_caption = known[caption];
      if (!of_caption.defined()) of_caption = states_of(caption);
      states.push_back(of_caption);
    }
    return at::cat(states);
  }

  at::Tensor states_of(const std::string& caption) {
    stop_if(stop_);
    const models::EncodedPrompts encoded = encoder_.encode(std::span(&caption, 1), width_);
    for (const models::CutPrompt& cut : encoded.cut) {
      if (!std::exchange(has_warned_, true)) {
        log_warning(concat("captions are longer than the network reads, such as this one: ", describe(cut)));
      }
    }
    return encoded.states;
  }

  TextConfig text_;
  int64_t width_;
  uint64_t seed_;
  models::PromptEncoder encoder_;
  StopRequested stop_;
  at::Tensor null_;
  bool has_warned_ = false;
};

}  // namespace

std::unique_ptr<Conditions> make_conditions(const RunConfig& config, const data::PictureSet& pictures,
                                            StopRequested stop, const at::Device& device) {
  if (!config.model.takes_text()) return std::make_unique<LabelConditions>(config.model);
  if (config.text.encoder.empty()) {
    throw ConfigError("text.encoder is not set; name the folder of the text encoder, such as Qwen3-1.7B");
  }
  return std::make_unique<CaptionConditions>(config, pictures, std::move(stop), device);
}

}  // namespace pixnerd::train
