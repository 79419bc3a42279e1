#include "text/pre_tokenizer.h"

#include <algorithm>
#include <string>

#include "core/text.h"

namespace pixnerd::text {
namespace {

// The words that GPT-2's tokenizer, the first of this kind, splits a text into.
constexpr std::string_view kGpt2Words = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

struct Part {
  size_t begin, end;
  bool is_match;
};

// The matches and what lies between them, covering the text.
std::vector<Part> parts_of(const Pattern& pattern, std::string_view text, bool invert) {
  std::vector<Part> parts;
  size_t done = 0;
  pattern.for_each_match(text, [&](size_t begin, size_t end) {
    if (done != begin) parts.push_back({done, begin, invert});
    parts.push_back({begin, end, !invert});
    done = end;
  });
  if (done != text.size()) parts.push_back({done, text.size(), invert});
  return parts;
}

// Joins a part with the one before it where `joins` says so of the two; the flag is that of the later one.
template <class Joins>
std::vector<Part> joined(const std::vector<Part>& parts, const Joins& joins) {
  std::vector<Part> out;
  bool was_match = false;
  for (const Part& part : parts) {
    if (!out.empty() && joins(was_match, part.is_match)) {
      out.back().end = std::max(out.back().end, part.end);
      out.back().begin = std::min(out.back().begin, part.begin);
    } else {
      out.push_back(part);
    }
    was_match = part.is_match;
  }
  return out;
}

std::vector<Part> arranged(std::vector<Part> parts, SplitBehavior behavior) {
  const auto match_follows_other = [](bool before, bool now) { return now && !before; };
  switch (behavior) {
    case SplitBehavior::isolated:
      return parts;
    case SplitBehavior::removed:
      std::erase_if(parts, [](const Part& part) { return part.is_match; });
      return parts;
    case SplitBehavior::merged_with_previous:
      return joined(parts, match_follows_other);
    case SplitBehavior::merged_with_next:
      std::reverse(parts.begin(), parts.end());
      parts = joined(parts, match_follows_other);
      std::reverse(parts.begin(), parts.end());
      return parts;
    case SplitBehavior::contiguous:
      break;
  }
  return joined(parts, [](bool before, bool now) { return now == before; });
}

}  // namespace

PreTokenizer::PreTokenizer(const TokenizerFile& file, const std::string& source)
    : prefix_step_(file.splits.size()), add_prefix_space_(file.add_prefix_space) {
  const std::string where = concat("tokenizer ", quoted(source), ": a pattern of pre_tokenizer");
  for (const SplitStep& step : file.splits) {
    splits_.push_back(
        {step.is_expression ? Pattern::expression(step.pattern, where) : Pattern::literal(step.pattern, where),
         step.behavior, step.invert});
  }
  if (file.splits_as_gpt2) {
    splits_.push_back({Pattern::expression(kGpt2Words, where), SplitBehavior::isolated, false});
  }
}

void PreTokenizer::for_each_word(std::string_view text, const Visit& visit) const {
  cut(text, 0, visit);
}

void PreTokenizer::cut(std::string_view text, size_t step, const Visit& visit) const {
  if (text.empty()) return;
  if (step == prefix_step_ && add_prefix_space_ && text.front() != ' ') {
    return cut_at_prefix(concat(" ", text), step, visit);
  }
  cut_at_prefix(text, step, visit);
}

void PreTokenizer::cut_at_prefix(std::string_view text, size_t step, const Visit& visit) const {
  if (step == splits_.size()) return visit(text);
  const Split& split = splits_[step];
  if (split.behavior == SplitBehavior::isolated) {  // without a list of parts
    size_t done = 0;
    split.pattern.for_each_match(text, [&](size_t begin, size_t end) {
      if (done != begin) cut(text.substr(done, begin - done), step + 1, visit);
      cut(text.substr(begin, end - begin), step + 1, visit);
      done = end;
    });
    if (done != text.size()) cut(text.substr(done), step + 1, visit);
    return;
  }
  for (const Part& part : arranged(parts_of(split.pattern, text, split.invert), split.behavior)) {
    cut(text.substr(part.begin, part.end - part.begin), step + 1, visit);
  }
}

}  // namespace pixnerd::text
