// The numbers of classes and styles: a set's samples name their class by a label, by a name, or by both.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pixnerd::data {

// Texts that are seen often, each kept once.
class NameTable {
 public:
  int64_t add(const std::string& name);  // its number by first appearance; -1 for ""

  struct Sorted {
    std::vector<std::string> names;  // by their bytes
    std::vector<int64_t> ranks;      // of the numbers that add() gave
  };
  Sorted sorted() const;
  const std::string& name(int64_t number) const { return *names_[static_cast<size_t>(number)]; }
  bool has(const std::string& name) const { return numbers_.contains(name); }
  int64_t size() const { return static_cast<int64_t>(names_.size()); }

 private:
  std::map<std::string, int64_t> numbers_;
  std::vector<const std::string*> names_;
};

// With names there is a list of them by label, which one sample's label must not make fill the memory.
inline constexpr int64_t kMaxNamedLabel = 1'000'000;

// A network has a row for every class up to the largest label: from this many on, no more than a thousand times as many
// as there are labels.
inline constexpr int64_t kManyClasses = 100'000, kClassesALabel = 1000;

struct ClassNumbers {
  std::vector<int64_t> labels;     // of each sample; -1 for one without a class
  std::vector<std::string> names;  // by label; empty if there are labels only
  int64_t num_classes = 0;
};

// The name of the i-th sample, for messages.
using SampleNames = std::function<std::string(int64_t)>;

class ClassNumbering {
 public:
  // What the next sample says of its class.
  void add(const std::optional<int64_t>& label, const std::optional<std::string>& name);

  // With names only: numbered in their order. With labels only: one more than the largest. With both: as the samples
  // that have both say; a label that none of them names is called by its number, as in "3", or "label 3" where "3" is
  // another class. DataError for two names of a label, two labels of a name, a name without label, a label above
  // kMaxNamedLabel where there are names, or one that stands alone far above the others.
  ClassNumbers numbers(const SampleNames& sample_name) const;

 private:
  struct Given {
    int64_t label = -1, name = -1;
  };

  int64_t size() const { return static_cast<int64_t>(given_.size()); }
  Given given(int64_t index) const { return given_[static_cast<size_t>(index)]; }
  void check_largest(const SampleNames& sample_name) const;
  ClassNumbers by_name() const;
  ClassNumbers by_label() const;
  ClassNumbers by_both(const SampleNames& sample_name) const;

  // The first samples that have both, by each; -1 for a name that has no label.
  struct Pairs {
    std::map<int64_t, int64_t> of_label;
    std::vector<int64_t> of_name;
  };
  Pairs pairs(const SampleNames& sample_name) const;
  void check_agree(int64_t a, int64_t b, const SampleNames& sample_name) const;
  int64_t label_of(int64_t index, const Pairs& pairs, const SampleNames& sample_name) const;

  std::vector<Given> given_;
  NameTable names_;
  int64_t largest_ = -1;  // label
};

}  // namespace pixnerd::data
