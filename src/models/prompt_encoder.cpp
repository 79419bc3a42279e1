#include "models/prompt_encoder.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/stack.h>

#include <map>

#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"
#include "models/byte_prompts.h"
#include "models/qwen3_prompts.h"

namespace pixnerd::models {
namespace {

// The end of a text, as printable() shows its beginning.
std::string end_of(const std::string& text, size_t max_bytes) {
  if (text.size() <= max_bytes) return printable(text);
  return "..." + printable(text.substr(utf8_start(text, text.size() - max_bytes)));
}

at::Tensor with_width(const at::Tensor& states, int64_t width) {
  const int64_t has = states.size(-1);
  if (has >= width) return states.narrow(-1, 0, width).contiguous();
  return at::constant_pad_nd(states, {0, width - has}, 0);
}

}  // namespace

std::string describe(const CutPrompt& cut) {
  constexpr size_t kShownBytes = 40;
  return concat("the prompt '", printable(cut.kept, kShownBytes), "' has ", cut.length,
                ", more than the text encoder reads: it is cut behind '", end_of(cut.kept, kShownBytes), "', '",
                printable(cut.dropped, kShownBytes), "' is not read");
}

EncodedPrompts PromptEncoder::encode(std::span<const std::string> prompts, std::optional<int64_t> width) {
  const std::lock_guard lock(mutex_);
  std::map<std::string_view, EncodedPrompt> known;  // a prompt may be there many times, above all the empty one
  EncodedPrompts all;
  std::vector<at::Tensor> states;
  for (size_t i = 0; i < prompts.size(); ++i) {
    auto found = known.find(prompts[i]);
    if (found == known.end()) found = known.emplace(prompts[i], encode_one(prompts[i])).first;
    const EncodedPrompt& encoded = found->second;
    states.push_back(encoded.states);
    if (encoded.tokens <= limit().length) continue;
    all.cut.push_back({i, concat(encoded.tokens, " ", limit().unit), encoded.kept, encoded.dropped});
  }
  if (states.empty()) throw RequestError("there is no prompt to encode");
  all.states = with_width(at::stack(states), width.value_or(hidden_size()));
  return all;
}

std::unique_ptr<PromptEncoder> open_prompt_encoder(Network& network, const std::filesystem::path& folder,
                                                   const std::filesystem::path& cache, const at::Device& device) {
  if (network.config().reads_bytes()) return std::make_unique<BytePrompts>(network, cache);
  Qwen3PromptOptions options;
  options.length = network.config().txt_max_length;
  options.cache = cache;
  options.device = device;
  return std::make_unique<Qwen3Prompts>(folder, options);
}

}  // namespace pixnerd::models
