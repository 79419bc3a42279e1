// Byte-pair encoding: a word begins as its bytes, and the pair of neighbours that stands first in the list of merges is
// made one token, the leftmost of equal ones, until no pair is in the list.
// Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer_file.h"

namespace pixnerd::text {

class BytePairs {
 public:
  explicit BytePairs(const TokenizerFile& file);

  // Appends a word's ids. A word that is one token is looked up; others are merged, the short by looking for the first
  // pair again and again, the long with a heap, in a time of n log n.
  void encode(std::string_view word, std::vector<int32_t>& ids) const;

  // The same by merging alone.
  void merge(std::string_view word, std::vector<int32_t>& ids) const;

  int32_t id_limit() const { return static_cast<int32_t>(places_.size()) - 1; }  // one more than the largest id
  std::string_view bytes_of(int32_t id) const;                                   // empty where there is no such token

 private:
  struct Merge {
    uint32_t rank;  // its place in the list; kNone if there is none
    int32_t id;     // of the pair as one token
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  // Hash tables with open addressing: one look at the memory in most cases.
  struct PairSlot {
    uint64_t pair;
    Merge merge;
  };
  struct WordSlot {
    uint32_t hash;
    int32_t id;  // -1 where the slot is free
  };

  void add_tokens(const TokenizerFile& file);
  void add_pair(int32_t left, int32_t right, Merge merge);
  Merge find_pair(int32_t left, int32_t right) const;
  void add_word(int32_t id);
  int32_t find_word(std::string_view word) const;  // -1 if it is not there
  void merge_short(std::string_view word, std::vector<int32_t>& ids) const;
  void merge_long(std::string_view word, std::vector<int32_t>& ids) const;

  std::string pool_;              // all tokens' bytes, one behind the other
  std::vector<uint32_t> places_;  // token i is [places_[i], places_[i + 1]) of pool_
  std::array<int32_t, 256> byte_ids_{};
  std::vector<PairSlot> pairs_;        // a power of two
  std::vector<uint64_t> may_be_pair_;  // a bit for each pair there is, and some for others; small enough for the cache
  std::vector<WordSlot> words_;        // a power of two; the tokens that encode() gives for the word they are
};

}  // namespace pixnerd::text
