// What a pickle says, as plain values. Nothing in here is ever called: a class or function that the pickle names is a
// word.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/dtype.h"

namespace pixnerd::checkpoint {

using ValueId = uint32_t;
inline constexpr ValueId kNoValue = std::numeric_limits<ValueId>::max();

enum class ValueKind : uint8_t {
  none,
  boolean,
  integer,      // of at most 64 bits
  big_integer,  // text() has its little-endian two's complement bytes
  real,
  text,
  bytes,  // those that protocol 2 writes as text are kept as that text, in UTF-8
  list,
  tuple,  // also torch.Size
  dict,   // also OrderedDict and the like
  set,
  dtype,    // torch.float32
  storage,  // the bytes of tensors, by their key
  tensor,
  callable,  // the name of a class or function of the list, by itself
  object,    // an inert object: text() is the class, items() are the arguments and states it was given
};

// Bytes that tensors share. A pickle holds only their key.
struct PickleStorage {
  bool typed = false;  // an untyped storage counts bytes
  DType dtype = DType::U8;
  std::string_view key;
  int64_t elements = 0;
  int64_t view_offset = 0;     // of the older form: elements before the start of this part of the storage,
  int64_t view_elements = -1;  // which has so many; -1: it is no part
};

// As the file states it; nothing but the kinds of the values has been checked. size and stride are tuples or lists.
struct PickleTensor {
  ValueId storage = kNoValue, size = kNoValue, stride = kNoValue;
  DType dtype = DType::F32;
  int64_t offset = 0;  // elements
};

// All values of one pickle. They refer to each other by number, so neither nesting nor cycles cost anything here; who
// walks through them must bound depth and visits. Texts point into the pickle's bytes, or into this, which may be
// moved.
class PickleValues {
 public:
  ValueKind kind(ValueId id) const { return nodes_[id].kind; }
  bool is(ValueId id, ValueKind kind) const { return nodes_[id].kind == kind; }

  bool boolean(ValueId id) const { return nodes_[id].number != 0; }
  int64_t integer(ValueId id) const { return nodes_[id].number; }
  double real(ValueId id) const;
  DType dtype(ValueId id) const { return static_cast<DType>(nodes_[id].number); }
  std::string_view text(ValueId id) const;           // text, bytes, big_integer, callable and object
  std::span<const ValueId> items(ValueId id) const;  // list, tuple, set, object; of a dict key, value, key, value, ...
  const PickleStorage& storage(ValueId id) const { return storages_[index(id)]; }
  const PickleTensor& tensor(ValueId id) const { return tensors_[index(id)]; }

  // The value of a dict under a text key, the last one if there are several; kNoValue if there is none.
  ValueId find(ValueId dict, std::string_view key) const;

  size_t size() const { return nodes_.size(); }
  size_t callables() const { return callables_.size(); }

  ValueId add(ValueKind kind, int64_t number = 0);  // none, boolean, integer, dtype
  ValueId add_real(double value);
  ValueId add_text(ValueKind kind, std::string_view text);             // text, bytes, big_integer
  ValueId add_callable(const std::string& name);                       // the same value for the same name
  ValueId add_items(ValueKind kind, std::vector<ValueId> items = {});  // list, tuple, set, dict
  ValueId add_object(ValueId callable, std::vector<ValueId> items);
  ValueId add_storage(PickleStorage storage);
  ValueId add_tensor(PickleTensor tensor);
  void append(ValueId id, ValueId item) { lists_[index(id)].items.push_back(item); }

 private:
  struct Node {
    ValueKind kind;
    int64_t number;  // the value itself, its bits, or its place in one of the lists below
  };
  struct List {
    std::vector<ValueId> items;
    std::string_view name;  // of an object's class
  };

  size_t index(ValueId id) const { return static_cast<size_t>(nodes_[id].number); }

  std::vector<Node> nodes_;
  std::vector<List> lists_;
  std::vector<std::string_view> texts_;
  std::vector<PickleStorage> storages_;
  std::vector<PickleTensor> tensors_;
  std::map<std::string, ValueId, std::less<>> callables_;  // owns the names of callables and objects
};

}  // namespace pixnerd::checkpoint
