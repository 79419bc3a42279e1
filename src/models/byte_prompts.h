// Prompts through the encoder of bytes of a network (nn/byte_encoder.h), which has no vocabulary and so takes every
// script. Texts are brought into one form first, Unicode's NFKC with case folded, so that "Fox", "fox" and "ＦＯＸ" are
// one prompt. M bytes are read, N states of width T come out, in float32 whatever the network was prepared for.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "models/network.h"
#include "models/prompt_encoder.h"

namespace pixnerd::models {

// [B, M] int64, byte + 1 and 0 for padding; of texts that are longer the whole characters that fit.
at::Tensor bytes_of_texts(const std::vector<std::string>& texts, const ModelConfig& config);

class BytePrompts : public PromptEncoder {
 public:
  // RequestError unless the network, which must outlive this, reads bytes. `cache`: a folder for encoded prompts, empty
  // for none.
  explicit BytePrompts(Network& network, const std::filesystem::path& cache = {});

  int64_t hidden_size() const override { return network_.config().txt_embed_dim; }

 protected:
  Limit limit() const override { return {network_.config().txt_bytes(), "bytes"}; }
  EncodedPrompt encode_one(std::string_view prompt) override;

 private:
  Network& network_;
  PromptCache cache_;
};

}  // namespace pixnerd::models
