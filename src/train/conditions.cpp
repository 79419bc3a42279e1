#include "train/conditions.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/counted.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/random.h"
#include "core/text.h"
#include "models/byte_prompts.h"
#include "models/network.h"
#include "models/qwen3_prompts.h"
#include "train/label_teacher.h"

namespace pixnerd::train {
namespace {

constexpr uint64_t kCaptionStream = 3, kTogetherStream = 6;  // beside those of run_inputs.h

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

// What pictures show, in words; how words become conditions is of_texts().
class CaptionConditions : public Conditions {
 public:
  CaptionConditions(const RunConfig& config, const data::PictureSet& pictures)
      : languages_(config.text.languages), seed_(static_cast<uint64_t>(config.train.seed)) {
    count_captions(pictures);
  }

  at::Tensor of_batch(const data::PictureSet& set, const data::Batch& batch, int64_t position) override {
    std::vector<std::string> captions;
    for (const int64_t index : batch.pictures) {
      captions.push_back(drawn_caption(set, index, kCaptionStream, static_cast<uint64_t>(position) + captions.size()));
    }
    return of_texts(captions);
  }

  at::Tensor of_picture(const data::PictureSet& set, int64_t index) override {
    return of_texts({first_caption(set, index)})[0];
  }

  at::Tensor null_condition() override { return of_texts({""}); }

  void ask_for(sample::PictureRequest& request, const data::PictureSet& set, int64_t index) override {
    request.prompt = first_caption(set, index);
  }

 protected:
  virtual at::Tensor of_texts(const std::vector<std::string>& texts) = 0;

  // `count` of each picture, in turn.
  std::vector<std::string> drawn_captions(const data::PictureSet& set, const data::Batch& batch, int64_t position,
                                          int64_t count) const {
    std::vector<std::string> captions;
    for (const int64_t index : batch.pictures) {
      for (int64_t i = 0; i < count; ++i) {
        captions.push_back(
            drawn_caption(set, index, kTogetherStream, static_cast<uint64_t>(position * count) + captions.size()));
      }
    }
    return captions;
  }

 private:
  // By language; the null condition's where there is none.
  std::vector<std::vector<std::string>> captions_of(const data::PictureSet& set, int64_t index) const {
    std::vector<std::string> languages;
    std::vector<std::vector<std::string>> captions;
    for (const data::Caption& caption : set.captions(index)) {
      if (!languages_.empty() && std::find(languages_.begin(), languages_.end(), caption.language) == languages_.end())
        continue;
      const auto known = std::find(languages.begin(), languages.end(), caption.language);
      const auto place = static_cast<size_t>(known - languages.begin());
      if (known == languages.end()) {
        languages.push_back(caption.language);
        captions.emplace_back();
      }
      captions[place].push_back(caption.text);
    }
    if (captions.empty()) captions.push_back({""});
    return captions;
  }

  std::string first_caption(const data::PictureSet& set, int64_t index) const {
    return captions_of(set, index).front().front();
  }

  std::string drawn_caption(const data::PictureSet& set, int64_t index, uint64_t stream, uint64_t position) const {
    const auto captions = captions_of(set, index);
    const uint64_t drawn = random_bits(seed_, stream, position);
    const auto& of_language = captions[drawn % captions.size()];
    return of_language[drawn / captions.size() % of_language.size()];
  }

  // DataError where no picture has one: nothing would be learnt of text.
  void count_captions(const data::PictureSet& set) const {
    int64_t without = 0;
    for (int64_t i = 0; i < set.size(); ++i) without += first_caption(set, i).empty() ? 1 : 0;
    const std::string wanted = languages_.empty() ? "" : concat(" in ", join(languages_, ", "));
    if (without == set.size()) {
      throw DataError(concat("data set ", quoted(set.root()), ": no picture has a caption", wanted,
                             "; give them .txt files, or a \"caption\" in their JSON"));
    }
    if (without == 0) return;
    log_info(concat(without, " of ", counted(set.size(), "picture", "pictures"), " without a caption", wanted,
                    ": they are learnt without text, which is the null condition"));
  }

  std::vector<std::string> languages_;
  uint64_t seed_;
};

// Encoded by Qwen3, which is not trained.
class StateConditions : public CaptionConditions {
 public:
  StateConditions(const RunConfig& config, const data::PictureSet& pictures, StopRequested stop,
                  const at::Device& device)
      : CaptionConditions(config, pictures),
        width_(config.model.txt_embed_dim),
        encoder_(config.text.encoder,
                 {config.text.precision, config.model.txt_max_length, config.text.cache, pictures.size(), device}),
        stop_(std::move(stop)),
        null_(of_texts({""})) {}

  at::Tensor null_condition() override { return null_; }

  sample::StatesOf states(models::Network&) override {
    return [this](const std::string& text) { return states_of(text); };
  }

 protected:
  at::Tensor of_texts(const std::vector<std::string>& texts) override {
    std::map<std::string_view, at::Tensor> known;  // a caption may be there many times
    std::vector<at::Tensor> states;
    for (const std::string& text : texts) {
      at::Tensor& of_text = known[text];
      if (!of_text.defined()) of_text = states_of(text);
      states.push_back(of_text);
    }
    return at::cat(states);
  }

 private:
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

  int64_t width_;
  models::Qwen3Prompts encoder_;
  StopRequested stop_;
  bool has_warned_ = false;
  at::Tensor null_;
};

// Encoded by the network, with gradients.
class ByteConditions : public CaptionConditions {
 public:
  ByteConditions(const RunConfig& config, const data::PictureSet& pictures)
      : CaptionConditions(config, pictures), config_(config.model), aligns_(config.text.alignment > 0) {
    if (config.text.teacher.empty() || config.text.teacher_weight == 0) return;
    if (!config.model.pooled_text) throw ConfigError("text.teacher needs model.pooled_text: true");
    teacher_.emplace(config.text.teacher, pictures, config.model.hidden_size);
  }

  // Pictures of one class show the same; without classes each is a thing of its own.
  CaptionGroups captions_together(const data::PictureSet& set, const data::Batch& batch, int64_t position) override {
    if (!aligns_ && !teacher_) return {};
    const auto captions = drawn_captions(set, batch, position, kCaptionsTogether);
    std::vector<int64_t> groups;
    for (const int64_t index : batch.pictures) groups.push_back(set.label(index) >= 0 ? set.label(index) : -1 - index);
    return {of_texts(captions).unflatten(0, {-1, kCaptionsTogether}), at::tensor(groups, at::kLong),
            teacher_ ? teacher_->of(set, batch.pictures) : at::Tensor()};
  }

  sample::StatesOf states(models::Network& network) override {
    const auto encoder = std::make_shared<models::BytePrompts>(network);
    return [encoder](const std::string& text) { return encoder->encode(std::span(&text, 1)).states; };
  }

 protected:
  at::Tensor of_texts(const std::vector<std::string>& texts) override { return models::bytes_of_texts(texts, config_); }

 private:
  models::ModelConfig config_;
  bool aligns_;
  std::optional<LabelTeacher> teacher_;
};

}  // namespace

std::unique_ptr<Conditions> make_conditions(const RunConfig& config, const data::PictureSet& pictures,
                                            StopRequested stop, const at::Device& device) {
  if (!config.model.takes_text()) return std::make_unique<LabelConditions>(config.model);
  if (config.model.reads_bytes()) {
    if (config.text.encoder.empty()) return std::make_unique<ByteConditions>(config, pictures);
    throw ConfigError("text.encoder is of no use with model.text_encoder: bytes; leave it out");
  }
  if (config.text.alignment > 0 || !config.text.teacher.empty() || config.text.alone) {
    throw ConfigError(
        "text.alignment, text.teacher and text.alone train a text encoder, and Qwen3 is not trained; leave them out, "
        "or set model.text_encoder to bytes");
  }
  if (config.text.encoder.empty()) {
    throw ConfigError("text.encoder is not set; name the folder of the text encoder, such as Qwen3-1.7B");
  }
  return std::make_unique<StateConditions>(config, pictures, std::move(stop), device);
}

}  // namespace pixnerd::train
