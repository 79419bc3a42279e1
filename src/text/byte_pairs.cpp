#include "text/byte_pairs.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::text {
namespace {

constexpr size_t kShortWord = 128;
constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;
constexpr uint64_t kFree = UINT64_MAX;

uint64_t pair_of(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

uint64_t hash_of_pair(uint64_t pair) {
  return ((pair ^ pair >> 29) * kGolden) >> 32;
}

// Eight bytes at a time; differs from a well-mixed hash only for words made to collide, which cost a walk.
uint32_t hash_of_word(std::string_view word) {
  uint64_t hash = word.size() * kGolden;
  while (!word.empty()) {
    uint64_t eight = 0;
    const size_t count = std::min(word.size(), sizeof(eight));
    std::memcpy(&eight, word.data(), count);
    hash = (hash ^ eight) * kGolden;
    hash ^= hash >> 32;
    word.remove_prefix(count);
  }
  return static_cast<uint32_t>(hash);
}

size_t table_size(size_t entries) {
  return std::bit_ceil(std::max<size_t>(16, entries * 2));
}

}  // namespace

BytePairs::BytePairs(const TokenizerFile& file) {
  add_tokens(file);
  pairs_.assign(table_size(file.merges.size()), PairSlot{kFree, {kNone, 0}});
  may_be_pair_.assign(table_size(file.merges.size()) * 4 / 64, 0);
  for (size_t rank = 0; rank < file.merges.size(); ++rank) {
    const MergeRule& rule = file.merges[rank];
    add_pair(rule.left, rule.right, {static_cast<uint32_t>(rank), rule.whole});
  }
  words_.assign(table_size(file.vocabulary.size()), WordSlot{0, -1});
  std::vector<int32_t> merged;
  for (const Token& token : file.vocabulary) {
    if (!token.is_spelt || token.bytes.empty()) continue;
    merged.clear();
    if (!file.ignore_merges) merge(token.bytes, merged);
    if (file.ignore_merges || (merged.size() == 1 && merged[0] == token.id)) add_word(token.id);
  }
}

void BytePairs::add_tokens(const TokenizerFile& file) {
  int32_t limit = 0;
  for (const Token& token : file.vocabulary) limit = std::max(limit, token.id + 1);
  std::vector<const Token*> by_id(static_cast<size_t>(limit));
  for (const Token& token : file.vocabulary) {
    by_id[static_cast<size_t>(token.id)] = &token;
    if (token.is_spelt && token.bytes.size() == 1) byte_ids_[static_cast<unsigned char>(token.bytes[0])] = token.id;
  }
  places_.push_back(0);
  for (const Token* token : by_id) {
    if (token != nullptr) pool_ += token->bytes;
    places_.push_back(static_cast<uint32_t>(pool_.size()));
  }
}

std::string_view BytePairs::bytes_of(int32_t id) const {
  if (id < 0 || id >= id_limit()) return {};
  const auto i = static_cast<size_t>(id);
  return std::string_view(pool_).substr(places_[i], places_[i + 1] - places_[i]);
}

// A pair that is listed twice counts where it stands last.
void BytePairs::add_pair(int32_t left, int32_t right, Merge merge) {
  const uint64_t pair = pair_of(left, right), hash = hash_of_pair(pair);
  size_t i = hash & (pairs_.size() - 1);
  while (pairs_[i].pair != kFree && pairs_[i].pair != pair) i = (i + 1) & (pairs_.size() - 1);
  pairs_[i] = {pair, merge};
  may_be_pair_[hash / 64 & (may_be_pair_.size() - 1)] |= uint64_t{1} << hash % 64;
}

BytePairs::Merge BytePairs::find_pair(int32_t left, int32_t right) const {
  const uint64_t pair = pair_of(left, right), hash = hash_of_pair(pair);
  if ((may_be_pair_[hash / 64 & (may_be_pair_.size() - 1)] >> hash % 64 & 1) == 0) return {kNone, 0};
  size_t i = hash & (pairs_.size() - 1);
  while (pairs_[i].pair != pair && pairs_[i].pair != kFree) i = (i + 1) & (pairs_.size() - 1);
  return pairs_[i].pair == pair ? pairs_[i].merge : Merge{kNone, 0};
}

void BytePairs::add_word(int32_t id) {
  const uint32_t hash = hash_of_word(bytes_of(id));
  size_t i = hash & (words_.size() - 1);
  while (words_[i].id >= 0) i = (i + 1) & (words_.size() - 1);
  words_[i] = {hash, id};
}

int32_t BytePairs::find_word(std::string_view word) const {
  const uint32_t hash = hash_of_word(word);
  for (size_t i = hash & (words_.size() - 1); words_[i].id >= 0; i = (i + 1) & (words_.size() - 1)) {
    if (words_[i].hash == hash && bytes_of(words_[i].id) == word) return words_[i].id;
  }
  return -1;
}

void BytePairs::encode(std::string_view word, std::vector<int32_t>& ids) const {
  const int32_t whole = find_word(word);
  if (whole >= 0) {
    ids.push_back(whole);
  } else {
    merge(word, ids);
  }
}

void BytePairs::merge(std::string_view word, std::vector<int32_t>& ids) const {
  word.size() <= kShortWord ? merge_short(word, ids) : merge_long(word, ids);
}

void BytePairs::merge_short(std::string_view word, std::vector<int32_t>& ids) const {
  std::array<int32_t, kShortWord> tokens;
  std::array<uint32_t, kShortWord> ranks;  // of the pair that begins here
  std::array<int32_t, kShortWord> merged;  // its token
  size_t count = word.size();
  const auto rate = [&](size_t i) {
    const Merge found = i + 1 < count ? find_pair(tokens[i], tokens[i + 1]) : Merge{kNone, 0};
    ranks[i] = found.rank;
    merged[i] = found.id;
  };
  for (size_t i = 0; i < count; ++i) tokens[i] = byte_ids_[static_cast<unsigned char>(word[i])];
  for (size_t i = 0; i < count; ++i) rate(i);
  while (count > 1) {
    const auto first = std::min_element(ranks.begin(), ranks.begin() + static_cast<ptrdiff_t>(count));
    if (*first == kNone) break;
    const auto i = static_cast<size_t>(first - ranks.begin());
    tokens[i] = merged[i];
    --count;
    for (size_t k = i + 1; k < count; ++k) {
      tokens[k] = tokens[k + 1];
      ranks[k] = ranks[k + 1];
      merged[k] = merged[k + 1];
    }
    rate(i);
    if (i > 0) rate(i - 1);
  }
  ids.insert(ids.end(), tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(count));
}

void BytePairs::merge_long(std::string_view word, std::vector<int32_t>& ids) const {
  if (word.size() > INT32_MAX) throw RequestError("a text of more than 2 GiB without a space is not tokenized");
  constexpr int32_t kNobody = -1;
  struct Symbol {
    int32_t id, before, after;  // kNobody at the ends; id is kNobody once it is a part of its left neighbour
  };
  struct Candidate {
    uint64_t order;  // rank, then place
    int32_t id;      // of the pair that was seen there
    bool operator>(const Candidate& other) const { return order > other.order; }
  };
  const auto count = static_cast<int32_t>(word.size());
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  for (int32_t i = 0; i < count; ++i) {
    const auto byte = static_cast<unsigned char>(word[static_cast<size_t>(i)]);
    symbols.push_back({byte_ids_[byte], i - 1, i + 1 < count ? i + 1 : kNobody});
  }
  const auto at = [&](int32_t i) -> Symbol& { return symbols[static_cast<size_t>(i)]; };
  std::vector<Candidate> found;
  const auto rate = [&](int32_t i) -> bool {
    const int32_t next = i == kNobody ? kNobody : at(i).after;
    if (next == kNobody) return false;
    const Merge merge = find_pair(at(i).id, at(next).id);
    if (merge.rank == kNone) return false;
    found.push_back({static_cast<uint64_t>(merge.rank) << 32 | static_cast<uint32_t>(i), merge.id});
    return true;
  };
  for (int32_t i = 0; i < count; ++i) rate(i);
  std::make_heap(found.begin(), found.end(), std::greater<>());
  const auto rate_later = [&](int32_t i) {
    if (rate(i)) std::push_heap(found.begin(), found.end(), std::greater<>());
  };
  while (!found.empty()) {
    std::pop_heap(found.begin(), found.end(), std::greater<>());
    const Candidate best = found.back();
    found.pop_back();
    const auto i = static_cast<int32_t>(best.order & UINT32_MAX);
    Symbol& left = at(i);
    if (left.id == kNobody || left.after == kNobody) continue;
    Symbol& right = at(left.after);
    // Seen before one of the two became a part of another token.
    const Merge now = find_pair(left.id, right.id);
    if (now.rank != best.order >> 32) continue;
    left.id = now.id;
    left.after = right.after;
    right.id = kNobody;
    if (left.after != kNobody) at(left.after).before = i;
    rate_later(i);
    rate_later(left.before);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.id != kNobody) ids.push_back(symbol.id);
  }
}

}  // namespace pixnerd::text
