// A tokenizer.json for tests: the 256 bytes as tokens 0 to 255, and what a test adds.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/byte_alphabet.h"
#include "text/tokenizer.h"

namespace pixnerd::text {

// The words of Qwen's tokenizers.
inline constexpr const char* kQwenWords =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

inline nlohmann::json split_step(const std::string& pattern, const std::string& behavior = "Isolated") {
  return {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", behavior}, {"invert", false}};
}

// Merged pairs become the tokens 256, 257 and so on; added tokens follow them.
inline nlohmann::json tiny_tokenizer(const std::vector<std::pair<std::string, std::string>>& merges = {},
                                     const std::vector<nlohmann::json>& added = {}) {
  nlohmann::json vocabulary, pairs = nlohmann::json::array(), tokens = nlohmann::json::array();
  int next = 0;
  for (; next < 256; ++next) vocabulary[byte_letter(static_cast<unsigned char>(next))] = next;
  for (const auto& [left, right] : merges) {
    vocabulary[left + right] = next++;
    pairs.push_back({left, right});
  }
  for (nlohmann::json token : added) {
    token["id"] = next++;
    tokens.push_back(token);
  }
  const nlohmann::json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  return {{"version", "1.0"},
          {"added_tokens", tokens},
          {"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {split_step(kQwenWords), bytes}}}},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", pairs}}}};
}

inline Tokenizer tokenizer_of(const nlohmann::json& file) {
  return Tokenizer::parse(file.dump(), "tiny.json");
}

}  // namespace pixnerd::text
