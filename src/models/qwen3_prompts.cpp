#include "models/qwen3_prompts.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/text.h"
#include "models/qwen3.h"

namespace pixnerd::models {
namespace {

// Of the names, types and shapes of all tensors and of some bytes of each: other weights differ in these, and a file of
// gigabytes need not be read for it.
uint64_t identity_of(const checkpoint::WeightsFile& file) {
  constexpr size_t kSampleBytes = 64, kSamples = 4;
  uint64_t hash = kEmptyHash;
  for (const checkpoint::StridedEntry& entry : file.entries()) {
    hash = hash_of(concat(entry.name, " ", checkpoint::name_of(entry.dtype), entry.shape, ";"), hash);
    const std::string_view bytes(reinterpret_cast<const char*>(entry.data), entry.bytes);
    for (size_t i = 0; i < kSamples; ++i) {
      hash = hash_of(bytes.substr(bytes.size() / kSamples * i, kSampleBytes), hash);
    }
  }
  return hash;
}

std::string cache_key(const Qwen3Config& config, const checkpoint::WeightsFile& file, const text::Tokenizer& tokenizer,
                      const Qwen3PromptOptions& options) {
  const char* type = c10::toString(weight_type(options.precision));
  return concat("qwen3 ", identity_of(file), " heads ", config.num_attention_heads, " eps ", config.rms_norm_eps,
                " theta ", config.rope_theta, " tokenizer ", tokenizer.fingerprint(), " length ", options.length,
                " type ", type, " prompt ");
}

}  // namespace

PaddedPrompt pad_prompt(std::span<const int32_t> ids, int64_t length, int32_t padding) {
  PaddedPrompt padded;
  padded.real = std::min(length, static_cast<int64_t>(ids.size()));
  padded.ids.assign(ids.begin(), ids.begin() + padded.real);
  padded.ids.resize(static_cast<size_t>(length), padding);
  return padded;
}

Qwen3Prompts::Qwen3Prompts(const std::filesystem::path& folder, const Qwen3PromptOptions& options)
    : folder_(folder),
      options_(options),
      config_(load_qwen3_config(folder / "config.json")),
      tokenizer_(text::Tokenizer::load(folder / "tokenizer.json")),
      file_(open_qwen3_weights(folder)),
      cache_(options.cache, options.cache.empty() ? "" : cache_key(config_, *file_, tokenizer_, options)) {
  const std::string source = (folder / "tokenizer.json").string();
  if (options.length < 1) throw RequestError("the text encoder needs a length of at least 1 token");
  const std::optional<int32_t> padding = tokenizer_.find_added(kPaddingToken);
  if (!padding)
    throw DataError(concat("tokenizer ", quoted(source), ": has no ", kPaddingToken, ", which pads prompts"));
  padding_ = *padding;
  if (tokenizer_.id_limit() > config_.vocab_size) {
    throw ConfigError(concat((folder / "config.json").string(), ": vocab_size is ", config_.vocab_size, ", but '",
                             source, "' has ids up to ", tokenizer_.id_limit() - 1));
  }
  qwen3_weights(tensors_of(file_), config_, file_->source());
}

Qwen3Prompts::~Qwen3Prompts() = default;

EncodedPrompt Qwen3Prompts::encode_one(std::string_view prompt) {
  if (auto stored = cache_.load(prompt)) {
    if (++idle_ == options_.idle_prompts) model_.reset();
    return std::move(*stored);
  }
  idle_ = 0;
  const std::vector<int32_t> ids = tokenizer_.encode(prompt);
  const PaddedPrompt padded = pad_prompt(ids, options_.length, padding_);
  if (!model_) {
    model_ = std::make_unique<const Qwen3>(config_, tensors_of(file_), file_->source(), weight_type(options_.precision),
                                           options_.device);
  }
  const at::Tensor row = at::tensor(padded.ids, at::kLong).unsqueeze(0);
  const at::Tensor is_real = at::arange(options_.length).lt(padded.real).unsqueeze(0);
  EncodedPrompt encoded;
  encoded.states = (*model_)(row, is_real)[0].cpu().contiguous();
  file_->require_unchanged();
  encoded.tokens = static_cast<int64_t>(ids.size());
  if (encoded.tokens > padded.real) {
    const std::span<const int32_t> whole(ids);
    encoded.kept = tokenizer_.decode(whole.first(static_cast<size_t>(padded.real)));
    encoded.dropped = tokenizer_.decode(whole.subspan(static_cast<size_t>(padded.real)));
  }
  cache_.store(prompt, encoded);
  return encoded;
}

}  // namespace pixnerd::models
