#include "models/byte_prompts.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <span>

#include "core/errors.h"
#include "core/hash.h"
#include "core/text.h"
#include "models/precision.h"
#include "text/byte_text.h"

namespace pixnerd::models {
namespace {

// Of all that states depend on beside the prompt.
std::string cache_key(const Network& network) {
  uint64_t hash = kEmptyHash;
  for (const auto& [name, tensor] : network.parameters()) {
    if (!name.starts_with("text_encoder.")) continue;
    const at::Tensor values = tensor.detach().cpu().contiguous();
    hash = hash_of(concat(name, values.sizes()), hash);
    hash = hash_of({static_cast<const char*>(values.const_data_ptr()), values.nbytes()}, hash);
  }
  return concat("bytes ", hash, " states ", network.config().txt_max_length, " of ", network.config().txt_state_bytes,
                " prompt ");
}

void write_bytes(const std::string& bytes, int64_t* row) {
  for (const char byte : bytes) *row++ = static_cast<unsigned char>(byte) + 1;
}

}  // namespace

at::Tensor bytes_of_texts(const std::vector<std::string>& texts, const ModelConfig& config) {
  const int64_t most = config.txt_bytes();
  at::Tensor bytes = at::zeros({std::ssize(texts), most}, at::kLong);
  auto* row = bytes.mutable_data_ptr<int64_t>();
  for (const std::string& text : texts) {
    write_bytes(text::byte_text(text, static_cast<size_t>(most)).kept, row);
    row += most;
  }
  return bytes;
}

BytePrompts::BytePrompts(Network& network, const std::filesystem::path& cache)
    : network_(network), cache_(cache, cache.empty() ? "" : cache_key(network)) {
  if (!network_.config().reads_bytes()) throw RequestError("the network does not read texts itself");
}

EncodedPrompt BytePrompts::encode_one(std::string_view prompt) {
  if (auto stored = cache_.load(prompt)) return std::move(*stored);
  const text::ByteText read = text::byte_text(prompt, static_cast<size_t>(network_.config().txt_bytes()));
  const at::Tensor bytes = bytes_of_texts({read.kept}, network_.config()).to(network_.device());
  const at::NoGradGuard no_grad;
  const PrecisionScope precision(Precision::float32, network_.device());
  EncodedPrompt encoded;
  encoded.states = network_.encode_text(bytes)[0].cpu().contiguous();
  encoded.tokens = static_cast<int64_t>(read.kept.size() + read.dropped.size());
  if (!read.dropped.empty()) {
    encoded.kept = read.kept;
    encoded.dropped = read.dropped;
  }
  cache_.store(prompt, encoded);
  return encoded;
}

}  // namespace pixnerd::models
