#include "checkpoint/pickle_value.h"

#include <bit>

namespace pixnerd::checkpoint {

double PickleValues::real(ValueId id) const {
  return std::bit_cast<double>(nodes_[id].number);
}

std::string_view PickleValues::text(ValueId id) const {
  return is(id, ValueKind::object) ? lists_[index(id)].name : texts_[index(id)];
}

std::span<const ValueId> PickleValues::items(ValueId id) const {
  return lists_[index(id)].items;
}

ValueId PickleValues::find(ValueId dict, std::string_view key) const {
  if (!is(dict, ValueKind::dict)) return kNoValue;
  const std::span<const ValueId> pairs = items(dict);
  for (size_t i = pairs.size(); i >= 2; i -= 2) {
    if (is(pairs[i - 2], ValueKind::text) && text(pairs[i - 2]) == key) return pairs[i - 1];
  }
  return kNoValue;
}

ValueId PickleValues::add(ValueKind kind, int64_t number) {
  nodes_.push_back({kind, number});
  return static_cast<ValueId>(nodes_.size() - 1);
}

ValueId PickleValues::add_real(double value) {
  return add(ValueKind::real, std::bit_cast<int64_t>(value));
}

ValueId PickleValues::add_text(ValueKind kind, std::string_view text) {
  texts_.push_back(text);
  return add(kind, static_cast<int64_t>(texts_.size() - 1));
}

ValueId PickleValues::add_callable(const std::string& name) {
  const auto [found, is_new] = callables_.try_emplace(name, kNoValue);
  if (is_new) found->second = add_text(ValueKind::callable, found->first);
  return found->second;
}

ValueId PickleValues::add_items(ValueKind kind, std::vector<ValueId> items) {
  lists_.push_back({std::move(items), {}});
  return add(kind, static_cast<int64_t>(lists_.size() - 1));
}

ValueId PickleValues::add_object(ValueId callable, std::vector<ValueId> items) {
  lists_.push_back({std::move(items), text(callable)});
  return add(ValueKind::object, static_cast<int64_t>(lists_.size() - 1));
}

ValueId PickleValues::add_storage(PickleStorage storage) {
  storages_.push_back(storage);
  return add(ValueKind::storage, static_cast<int64_t>(storages_.size() - 1));
}

ValueId PickleValues::add_tensor(PickleTensor tensor) {
  tensors_.push_back(tensor);
  return add(ValueKind::tensor, static_cast<int64_t>(tensors_.size() - 1));
}

}  // namespace pixnerd::checkpoint
