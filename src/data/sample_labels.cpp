#include "data/sample_labels.h"

#include <algorithm>
#include <utility>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::data {

int64_t NameTable::add(const std::string& name) {
  if (name.empty()) return -1;
  const auto [place, is_new] = numbers_.emplace(name, static_cast<int64_t>(names_.size()));
  if (is_new) names_.push_back(&place->first);
  return place->second;
}

NameTable::Sorted NameTable::sorted() const {
  Sorted sorted;
  sorted.ranks.resize(names_.size());
  for (const auto& [name, number] : numbers_) {
    sorted.ranks[static_cast<size_t>(number)] = static_cast<int64_t>(sorted.names.size());
    sorted.names.push_back(name);
  }
  return sorted;
}

void ClassNumbering::add(const std::optional<int64_t>& label, const std::optional<std::string>& name) {
  given_.push_back({label.value_or(-1), names_.add(name.value_or(""))});
  largest_ = std::max(largest_, given_.back().label);
}

ClassNumbers ClassNumbering::numbers(const SampleNames& sample_name) const {
  if (largest_ < 0) return by_name();
  check_largest(sample_name);
  return names_.size() == 0 ? by_label() : by_both(sample_name);
}

void ClassNumbering::check_largest(const SampleNames& sample_name) const {
  if (largest_ < kManyClasses) return;
  std::vector<bool> is_there(static_cast<size_t>(largest_) + 1);
  int64_t labels = 0, largest_at = 0;
  for (int64_t i = 0; i < size(); ++i) {
    const int64_t label = given(i).label;
    if (label == largest_) largest_at = i;
    if (label < 0 || is_there[static_cast<size_t>(label)]) continue;
    is_there[static_cast<size_t>(label)] = true;
    ++labels;
  }
  if (largest_ < kClassesALabel * labels) return;
  throw DataError(concat("sample ", quoted(sample_name(largest_at)), " has label ", largest_,
                         ", which makes as many classes, where there are ", labels,
                         " different labels; correct it, or number the classes from 0"));
}

ClassNumbers ClassNumbering::by_name() const {
  NameTable::Sorted sorted = names_.sorted();
  ClassNumbers result;
  for (const Given& given : given_) {
    result.labels.push_back(given.name < 0 ? -1 : sorted.ranks[static_cast<size_t>(given.name)]);
  }
  result.num_classes = static_cast<int64_t>(sorted.names.size());
  result.names = std::move(sorted.names);
  return result;
}

ClassNumbers ClassNumbering::by_label() const {
  ClassNumbers result;
  for (const Given& given : given_) result.labels.push_back(given.label);
  result.num_classes = largest_ + 1;
  return result;
}

ClassNumbers ClassNumbering::by_both(const SampleNames& sample_name) const {
  if (largest_ > kMaxNamedLabel) {
    throw DataError(concat("label ", largest_, " is too large where classes have names: at most ", kMaxNamedLabel));
  }
  const Pairs known = pairs(sample_name);
  ClassNumbers result;
  result.num_classes = largest_ + 1;
  for (int64_t i = 0; i < size(); ++i) result.labels.push_back(label_of(i, known, sample_name));
  for (int64_t label = 0; label <= largest_; ++label) {
    const auto pair = known.of_label.find(label);
    if (pair != known.of_label.end()) {
      result.names.push_back(names_.name(given(pair->second).name));
    } else {
      result.names.push_back(names_.has(concat(label)) ? concat("label ", label) : concat(label));
    }
  }
  return result;
}

ClassNumbering::Pairs ClassNumbering::pairs(const SampleNames& sample_name) const {
  Pairs result;
  result.of_name.assign(static_cast<size_t>(names_.size()), -1);
  for (int64_t i = 0; i < size(); ++i) {
    const auto [label, name] = given(i);
    if (label < 0 || name < 0) continue;
    int64_t& first_of_name = result.of_name[static_cast<size_t>(name)];
    if (first_of_name < 0) first_of_name = i;
    check_agree(first_of_name, i, sample_name);
    check_agree(result.of_label.emplace(label, i).first->second, i, sample_name);
  }
  return result;
}

void ClassNumbering::check_agree(int64_t a, int64_t b, const SampleNames& sample_name) const {
  if (given(a).label == given(b).label && given(a).name == given(b).name) return;
  const auto says = [&](int64_t i) {
    return concat("sample ", quoted(sample_name(i)), " has label ", given(i).label, " and class ",
                  quoted(names_.name(given(i).name)));
  };
  throw DataError(concat(says(a), ", but ", says(b), "; a label and a class belong together everywhere"));
}

int64_t ClassNumbering::label_of(int64_t index, const Pairs& known, const SampleNames& sample_name) const {
  const auto [label, name] = given(index);
  if (label >= 0 || name < 0) return label;
  const int64_t pair = known.of_name[static_cast<size_t>(name)];
  if (pair >= 0) return given(pair).label;
  throw DataError(concat("sample ", quoted(sample_name(index)), " has class ", quoted(names_.name(name)),
                         ", which no sample gives a label, while other samples have labels; give all classes one"));
}

}  // namespace pixnerd::data
