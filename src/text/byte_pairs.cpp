#include "text/byte_pairs.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace pixnerd::text {

// Ids are dense, so the pairs of a plain combination of two standard hashes would share their buckets.
size_t BytePairs::PairHash::operator()(const Pair& pair) const {
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;
  const uint64_t both = static_cast<uint64_t>(pair.left) << 32 | static_cast<uint32_t>(pair.right);
  return static_cast<size_t>((both ^ both >> 29) * kGolden >> 32);
}

BytePairs::BytePairs(const TokenizerFile& file) {
  int32_t limit = 0;
  for (const Token& token : file.vocabulary) limit = std::max(limit, token.id + 1);
  tokens_.resize(static_cast<size_t>(limit));
  for (const Token& token : file.vocabulary) {
    std::string& bytes = tokens_[static_cast<size_t>(token.id)] = token.bytes;
    if (!token.is_spelt) continue;
    if (bytes.size() == 1) byte_ids_[static_cast<unsigned char>(bytes[0])] = token.id;
    if (file.ignore_merges) words_.emplace(bytes, token.id);
  }
  merges_.reserve(file.merges.size());
  for (size_t rank = 0; rank < file.merges.size(); ++rank) {
    const MergeRule& rule = file.merges[rank];
    merges_[{rule.left, rule.right}] = {rank, rule.whole};  // a pair that is listed twice counts where it stands last
  }
}

std::string_view BytePairs::bytes_of(int32_t id) const {
  return id < 0 || id >= id_limit() ? std::string_view() : tokens_[static_cast<size_t>(id)];
}

void BytePairs::encode(std::string_view word, std::vector<int32_t>& ids) const {
  const auto whole = words_.find(word);
  if (whole != words_.end()) {
    ids.push_back(whole->second);
  } else {
    merge(word, ids);
  }
}

// The word is a linked list of tokens; the pairs of neighbours that can be merged wait in a queue, by rank and then by
// the place of the left one.
void BytePairs::merge(std::string_view word, std::vector<int32_t>& ids) const {
  constexpr size_t kNone = SIZE_MAX;
  constexpr int32_t kMerged = -1;  // the id of a token that is a part of its left neighbour
  struct Symbol {
    int32_t id;
    size_t before, after;
  };
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  for (size_t i = 0; i < word.size(); ++i) {
    const int32_t id = byte_ids_[static_cast<unsigned char>(word[i])];
    symbols.push_back({id, i == 0 ? kNone : i - 1, i + 1 == word.size() ? kNone : i + 1});
  }
  const auto merge_at = [&](size_t i) {
    if (i == kNone || symbols[i].id == kMerged || symbols[i].after == kNone) return merges_.end();
    return merges_.find({symbols[i].id, symbols[symbols[i].after].id});
  };
  std::priority_queue<std::pair<size_t, size_t>, std::vector<std::pair<size_t, size_t>>, std::greater<>> queue;
  const auto add = [&](size_t i) {
    const auto found = merge_at(i);
    if (found != merges_.end()) queue.emplace(found->second.rank, i);
  };
  for (size_t i = 0; i < symbols.size(); ++i) add(i);
  while (!queue.empty()) {
    const auto [rank, i] = queue.top();
    queue.pop();
    const auto found = merge_at(i);
    // Queued before one of the two became a part of another token.
    if (found == merges_.end() || found->second.rank != rank) continue;
    Symbol& left = symbols[i];
    Symbol& right = symbols[left.after];
    left.id = found->second.id;
    left.after = right.after;
    right.id = kMerged;
    if (left.after != kNone) symbols[left.after].before = i;
    add(i);
    add(left.before);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.id != kMerged) ids.push_back(symbol.id);
  }
}

}  // namespace pixnerd::text
