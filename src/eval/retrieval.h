// How often drawn pictures are taken for what they were to show, by language, style and kind of prompt.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "eval/asked.h"
#include "eval/judge.h"

namespace pixnerd::eval {

// Of pictures with one class: whether it comes first, or is among the first five. Of pictures with n classes: whether
// they are the first n, or all among the first five.
struct Rates {
  int64_t pictures = 0, styled = 0;      // styled: of those a style was asked for
  double top1 = 0, top5 = 0, style = 0;  // shares; `style` of those that were styled
};

Rates rates_of(const std::vector<Asked>& asked, const std::vector<Opinion>& opinions);

struct Group {
  std::string kind, name;  // "language", "en"
  Rates rates;
};

// A class that is often not recognised, and what is taken for it instead.
struct Confusion {
  std::string name;
  int64_t pictures = 0, found = 0;                         // found: named first
  std::vector<std::pair<std::string, int64_t>> taken_for;  // the most frequent first
};

struct Retrieval {
  Rates all;
  std::vector<Group> groups;          // of languages, styles, captions and combinations, where there are several
  std::vector<Confusion> confusions;  // of single classes, the worst first, `most` at most, none without a mistake
};

// `opinions` in the order of `asked`.
Retrieval retrieval_of(const std::vector<Asked>& asked, const std::vector<Opinion>& opinions, size_t most);

// The mean of top5 over the groups of a kind; 0 if there are none.
double mean_top5(const Retrieval& retrieval, const std::string& kind);

}  // namespace pixnerd::eval
