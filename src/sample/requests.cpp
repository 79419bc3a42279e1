#include "sample/requests.h"

#include <map>

#include "core/errors.h"
#include "core/text.h"
#include "engine/memory.h"

namespace pixnerd::sample {
namespace {

// One object for all pictures of one size.
class SharedSettings {
 public:
  explicit SharedSettings(SampleConfig settings) : settings_(std::move(settings)) {}

  std::shared_ptr<const SampleConfig> of_size(const PictureSize& size) {
    auto& shared = by_size_[size];
    if (shared == nullptr) {
      SampleConfig own = settings_;
      own.size = size;
      shared = std::make_shared<const SampleConfig>(std::move(own));
    }
    return shared;
  }

 private:
  SampleConfig settings_;
  std::map<PictureSize, std::shared_ptr<const SampleConfig>> by_size_;
};

}  // namespace

std::vector<PictureRequest> requests_of(const std::vector<int64_t>& classes, const std::vector<int64_t>& styles,
                                        int64_t count, ClassOrder order, uint64_t seed, const SampleConfig& settings) {
  const auto shared = std::make_shared<const SampleConfig>(settings);
  const auto runs = std::max<size_t>(1, static_cast<size_t>(count) / classes.size());
  std::vector<PictureRequest> pictures;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    PictureRequest& picture = pictures.emplace_back();
    const bool in_turn = order == ClassOrder::turns;
    const size_t at = in_turn ? i % classes.size() : i / runs % classes.size();
    picture.label = classes[at];
    // In turns begun one further for each class: a single round has all styles, too.
    const size_t turn = in_turn ? i / classes.size() + at : i % runs;
    if (!styles.empty()) picture.style = styles[turn % styles.size()];
    picture.seed = seed + i;
    picture.settings = shared;
  }
  return pictures;
}

std::vector<PictureRequest> requests_of(const std::vector<Prompt>& prompts, int64_t count, uint64_t seed,
                                        const std::string& negative_prompt, const SampleConfig& settings,
                                        const models::ModelConfig& network) {
  SharedSettings shared(settings);
  std::vector<PictureRequest> pictures;
  for (const Prompt& prompt : prompts) {
    const auto own = shared.of_size(prompt.size.value_or(settings.size));
    try {
      if (prompt.size) engine::require_sizes(network, *own);
    } catch (const RequestError& error) {
      throw RequestError(concat(prompt.where, ": ", error.what()));
    }
    for (int64_t i = 0; i < count; ++i) {
      PictureRequest& picture = pictures.emplace_back();
      picture.prompt = prompt.prompt;
      picture.negative_prompt = prompt.negative_prompt.value_or(negative_prompt);
      picture.seed = prompt.seed ? *prompt.seed + static_cast<uint64_t>(i) : seed + pictures.size() - 1;
      picture.settings = own;
    }
  }
  return pictures;
}

std::vector<PictureRequest> requests_of(const std::vector<PictureRecord>& records, const models::ModelConfig& network) {
  std::vector<PictureRequest> pictures;
  for (const PictureRecord& record : records) {
    PictureRequest& picture = pictures.emplace_back();
    picture.label = record.label;
    picture.style = record.style;
    // Earlier versions gave pictures the styles in turn without a word, by their places in a batch.
    if (record.label && !record.style && network.num_styles > 0)
      picture.style = record.place.value_or(0) % network.num_styles;
    picture.prompt = record.prompt;
    picture.negative_prompt = record.negative_prompt.value_or("");
    picture.seed = record.seed;
    picture.variation = record.variation;
    picture.mixture = record.mixture;
    const bool is_like_last = pictures.size() > 1 && *pictures[pictures.size() - 2].settings == record.sample;
    picture.settings =
        is_like_last ? pictures[pictures.size() - 2].settings : std::make_shared<const SampleConfig>(record.sample);
  }
  return pictures;
}

PictureRecord record_of(const PictureRecord& common, const PictureRequest& picture) {
  PictureRecord record = common;
  record.seed = picture.seed;
  record.sample = *picture.settings;
  record.label = picture.label;
  record.style = picture.style;
  record.prompt = picture.prompt;
  record.variation = picture.variation;
  record.mixture = picture.mixture;
  if (picture.edit) record.edit = picture.edit->record;
  if (picture.prompt) record.negative_prompt = picture.negative_prompt;
  return record;
}

}  // namespace pixnerd::sample
