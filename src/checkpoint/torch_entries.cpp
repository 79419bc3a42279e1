#include "checkpoint/torch_entries.h"

#include <algorithm>

#include "checkpoint/messages.h"

namespace pixnerd::checkpoint {
namespace {

constexpr int kMaxDepth = 100;
constexpr size_t kMaxVisits = 10'000'000;       // of values, some of them more than once, passed over or not
constexpr size_t kMaxEntryBytes = 200'000'000;  // of names and shapes
// A view can repeat a few elements without end; what it may grow to when it is used.
constexpr uint64_t kMaxRepeatedBytes = 64'000'000;

class Walk {
 public:
  Walk(const PickleValues& values, const StorageBytes& storage_bytes, const std::string& source)
      : values_(values), storage_bytes_(storage_bytes), source_(source), seen_(values.size()) {}

  std::vector<StridedEntry> from(ValueId root) {
    visit(root, 0);
    return std::move(entries_);
  }

 private:
  template <class... What>
  [[noreturn]] void fail(const What&... what) const {
    throw error_in(source_, concat(name_.empty() ? "the tensor" : printable(name_), " ", what...));
  }

  void visit(ValueId id, int depth) {
    if (inside_objects_ > 0 && (depth > kMaxDepth || is_seen_again(id))) return;
    if (depth > kMaxDepth) {
      throw error_in(source_, concat("its containers are nested more than ", kMaxDepth, " deep, or hold themselves"));
    }
    switch (values_.kind(id)) {
      case ValueKind::tensor:
        return add(values_.tensor(id));
      case ValueKind::dict:
        return visit_pairs(values_.items(id), depth);
      case ValueKind::list:
      case ValueKind::tuple:
        return visit_items(values_.items(id), depth);
      case ValueKind::object:
        if (inside_objects_ == 0 && is_seen_again(id)) return;
        ++inside_objects_;
        visit_items(values_.items(id), depth);
        --inside_objects_;
        return;
      default:
        return;  // sets cannot hold tensors that anybody could name
    }
  }

  // Of what objects hold, all is visited once: children of a configuration know their parents.
  bool is_seen_again(ValueId id) {
    const bool before = seen_[id];
    seen_[id] = true;
    return before;
  }

  void visit_items(std::span<const ValueId> items, int depth) {
    count(items.size());
    for (size_t i = 0; i < items.size(); ++i) {
      if (may_hold_tensors(items[i])) visit_below(concat(i), items[i], depth);
    }
  }

  void visit_pairs(std::span<const ValueId> pairs, int depth) {
    count(pairs.size());
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      if (!may_hold_tensors(pairs[i + 1])) continue;
      if (values_.is(pairs[i], ValueKind::text)) {
        visit_below(values_.text(pairs[i]), pairs[i + 1], depth);
      } else if (values_.is(pairs[i], ValueKind::integer)) {
        visit_below(concat(values_.integer(pairs[i])), pairs[i + 1], depth);
      } else {
        visit_below(concat("#", i / 2), pairs[i + 1], depth);
      }
    }
  }

  bool may_hold_tensors(ValueId id) const {
    const ValueKind kind = values_.kind(id);
    return kind == ValueKind::tensor || kind == ValueKind::dict || kind == ValueKind::list ||
           kind == ValueKind::tuple || kind == ValueKind::object;
  }

  void count(size_t items) {
    visits_ += items;
    if (visits_ > kMaxVisits) throw error_in(source_, "its containers hold each other over and over");
  }

  void visit_below(std::string_view part, ValueId id, int depth) {
    charge(part.size());  // a long key may stand in many places
    const size_t length = name_.size();
    if (depth > 0) name_ += '/';
    name_ += part;
    visit(id, depth + 1);
    name_.resize(length);
  }

  void charge(size_t bytes) {
    charged_ += bytes;
    if (charged_ > kMaxEntryBytes) {
      throw error_in(source_, concat("names and shapes of its tensors need more than ", kMaxEntryBytes, " bytes"));
    }
  }

  std::vector<int64_t> sides(ValueId id, const char* what) const {
    const std::span<const ValueId> items = values_.items(id);
    if (items.size() > kMaxRank) fail("has more than ", kMaxRank, " sides");
    std::vector<int64_t> sides;
    for (const ValueId item : items) {
      if (!values_.is(item, ValueKind::integer)) fail("has a ", what, " that is no whole number");
      sides.push_back(values_.integer(item));
      if (sides.back() < 0) fail("has the negative ", what, " ", sides.back());
    }
    return sides;
  }

  void add(const PickleTensor& tensor) {
    StridedEntry entry{name_, tensor.dtype, sides(tensor.size, "side"), sides(tensor.stride, "stride")};
    charge(sizeof(entry) + name_.size() + 2 * sizeof(int64_t) * entry.shape.size());
    if (entry.shape.size() != entry.strides.size()) {
      fail("has ", entry.shape.size(), " sides and ", entry.strides.size(), " strides");
    }
    const std::optional<uint64_t> bytes = size_of(entry.shape, entry.dtype);
    if (!bytes) fail("has shape ", entry.shape, ", too large for any file");
    if (tensor.offset < 0) fail("begins at the negative offset ", tensor.offset);

    const std::span<const std::byte> storage = storage_of(values_.storage(tensor.storage));
    entry.data = storage.data();
    if (*bytes > 0) {
      const uint64_t extent = extent_of(entry);
      const uint64_t held = elements_in(storage.size(), entry.dtype);
      const auto offset = static_cast<uint64_t>(tensor.offset);
      if (offset > held || extent > held - offset) {
        fail("needs ", extent, " elements from number ", offset, " on, its storage has ", held);
      }
      if (offset * bits_of(entry.dtype) % 8 != 0) fail("begins within a byte");
      if (*bytes > std::max<uint64_t>(storage.size(), kMaxRepeatedBytes)) {
        fail("repeats the elements of its storage to ", *bytes, " bytes");
      }
      entry.data += bytes_of(offset, entry.dtype);
      entry.bytes = bytes_of(extent, entry.dtype);
    }
    entries_.push_back(std::move(entry));
  }

  static uint64_t elements_in(uint64_t bytes, DType dtype) {
    const uint64_t bits = bits_of(dtype);
    return bits >= 8 ? bytes / (bits / 8) : bytes * (8 / bits);
  }

  // Elements from the first to behind the last of a tensor that has some.
  uint64_t extent_of(const StridedEntry& entry) const {
    int64_t last = 0;
    for (size_t i = 0; i < entry.shape.size(); ++i) {
      int64_t reach = 0;
      if (__builtin_mul_overflow(entry.shape[i] - 1, entry.strides[i], &reach) ||
          __builtin_add_overflow(last, reach, &last)) {
        fail("has strides ", entry.strides, ", too large for any file");
      }
    }
    return static_cast<uint64_t>(last) + 1;
  }

  std::span<const std::byte> storage_of(const PickleStorage& storage) const {
    const std::span<const std::byte> bytes = storage_bytes_(storage);
    const uint64_t element = storage.typed ? bytes_of(storage.dtype) : 1, held = bytes.size() / element;
    if (storage.elements < 0 || static_cast<uint64_t>(storage.elements) > held) {
      fail("lies in storage ", quoted(storage.key), " of ", storage.elements, " elements, the file has ", held);
    }
    if (storage.view_elements < 0) return bytes.first(static_cast<uint64_t>(storage.elements) * element);
    if (storage.view_offset > storage.elements || storage.view_elements > storage.elements - storage.view_offset) {
      fail("lies in a part of storage ", quoted(storage.key), " that is not inside it");
    }
    return bytes.subspan(static_cast<uint64_t>(storage.view_offset) * element,
                         static_cast<uint64_t>(storage.view_elements) * element);
  }

  const PickleValues& values_;
  const StorageBytes& storage_bytes_;
  const std::string& source_;
  std::vector<StridedEntry> entries_;
  std::string name_;
  std::vector<bool> seen_;  // by ValueId; objects, and what was met inside them
  size_t inside_objects_ = 0, visits_ = 0, charged_ = 0;
};

}  // namespace

std::vector<StridedEntry> torch_entries(const PickleValues& values, ValueId root, const StorageBytes& bytes_of_storage,
                                        const std::string& source) {
  std::vector<StridedEntry> entries = Walk(values, bytes_of_storage, source).from(root);
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  for (const StridedEntry& entry : entries) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) throw error_in(source, concat(printable(*twice), " is there twice"));
  return entries;
}

}  // namespace pixnerd::checkpoint
