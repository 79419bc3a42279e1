// Byte-pair encoding: a word begins as its bytes, and the pair of neighbours that stands first in the list of merges is
// made one token, the leftmost of equal ones, until no pair is in the list.
// Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/tokenizer_file.h"

namespace pixnerd::text {

class BytePairs {
 public:
  explicit BytePairs(const TokenizerFile& file);
  BytePairs(const BytePairs&) = delete;
  BytePairs& operator=(const BytePairs&) = delete;

  // Appends a word's ids, in a time of n log n for n bytes.
  void encode(std::string_view word, std::vector<int32_t>& ids) const;

  int32_t id_limit() const { return static_cast<int32_t>(tokens_.size()); }  // one more than the largest id
  std::string_view bytes_of(int32_t id) const;                               // empty where there is no such token

 private:
  struct Pair {
    int32_t left, right;
    bool operator==(const Pair&) const = default;
  };
  struct PairHash {
    size_t operator()(const Pair& pair) const;
  };
  struct Merge {
    size_t rank;  // its place in the list
    int32_t id;   // of the pair as one token
  };

  void merge(std::string_view word, std::vector<int32_t>& ids) const;

  std::vector<std::string> tokens_;  // by id
  std::array<int32_t, 256> byte_ids_{};
  std::unordered_map<Pair, Merge, PairHash> merges_;
  std::unordered_map<std::string_view, int32_t> words_;  // that are a token without merging; the texts are tokens_'s
};

}  // namespace pixnerd::text
