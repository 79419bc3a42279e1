#include "checkpoint/pickle_calls.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "checkpoint/messages.h"
#include "checkpoint/pickle_names.h"

namespace pixnerd::checkpoint {
namespace {

constexpr size_t kMaxNameBytes = 1000;
constexpr size_t kMaxUnknownNames = 10'000;
constexpr size_t kMaxTensorMetadata = 100;  // keys and values, which are searched for each tensor that shares them

}  // namespace

template <class... What>
void PickleCalls::fail(const What&... what) const {
  throw error_in(source_, concat("the pickle ", what...));
}

ValueId PickleCalls::name(std::string_view module, std::string_view name) {
  if (module == "__builtin__") module = "builtins";
  if (module.size() + name.size() > kMaxNameBytes) fail("has a class name of more than ", kMaxNameBytes, " bytes");
  const std::string full = concat(module, ".", name);
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(full.begin(), full.end(), is_control)) fail("has a class name with control characters");
  if (const std::optional<DType> dtype = torch_dtype(full)) {
    return values_.add(ValueKind::dtype, static_cast<int64_t>(*dtype));
  }
  if (!listed_name(full) && !options_.ignore_unknown) {
    fail("names ", printable(full),
         ", which no checkpoint of weights needs; nothing was run (--ignore-unknown passes over it)");
  }
  if (values_.callables() >= kMaxUnknownNames) fail("names more than ", kMaxUnknownNames, " classes");
  return values_.add_callable(full);
}

ValueId PickleCalls::call(ValueId callable, ValueId arguments) {
  if (!values_.is(callable, ValueKind::callable)) fail("calls something that is no class or function");
  if (!values_.is(arguments, ValueKind::tuple)) fail("calls ", values_.text(callable), " without a tuple of arguments");
  return call_listed(callable, values_.items(arguments), 0);
}

ValueId PickleCalls::call_listed(ValueId callable, std::span<const ValueId> arguments, int depth) {
  const std::string_view name = values_.text(callable);
  const std::optional<PickleName> listed = listed_name(name);
  switch (listed ? listed->call : PickleCall::make_object) {
    case PickleCall::make_dict:
      return dict(arguments);
    case PickleCall::make_set:
      return copy(ValueKind::set, arguments);
    case PickleCall::keep_first:
      if (!arguments.empty()) return arguments[0];
      return values_.add_items(ValueKind::tuple);
    case PickleCall::make_object:
      charge(arguments.size());
      return values_.add_object(callable, {arguments.begin(), arguments.end()});
    case PickleCall::rebuild_tensor:
      return tensor(callable, arguments, false);
    case PickleCall::rebuild_tensor_with_type:
      return tensor(callable, arguments, true);
    case PickleCall::rebuild_quantised:
      if (arguments.size() == 7) return tensor(callable, arguments.first(4), false);
      break;
    case PickleCall::rebuild_parameter:
      if (!arguments.empty()) return arguments[0];
      break;
    case PickleCall::rebuild_from_type:
      if (depth == 0 && arguments.size() == 4 && values_.is(arguments[0], ValueKind::callable) &&
          values_.is(arguments[2], ValueKind::tuple)) {
        return call_listed(arguments[0], values_.items(arguments[2]), depth + 1);
      }
      break;
    case PickleCall::storage:
      break;
  }
  fail("calls ", name, " with arguments that it does not take");
}

ValueId PickleCalls::tensor(ValueId callable, std::span<const ValueId> arguments, bool with_type) {
  const std::string_view name = values_.text(callable);
  const size_t metadata = with_type ? 7 : 6;
  if (arguments.size() < (with_type ? 7U : 4U) || arguments.size() > metadata + 1) {
    fail("calls ", name, " with ", arguments.size(), " arguments");
  }
  const bool unknown_type = !values_.is(arguments[0], ValueKind::storage) ||
                            (with_type && !values_.is(arguments[6], ValueKind::dtype)) ||
                            (!with_type && !values_.storage(arguments[0]).typed);
  if (unknown_type && options_.ignore_unknown) return values_.add_object(callable, {});
  if (unknown_type) fail("calls ", name, " with a storage or dtype of no known kind");
  if (!values_.is(arguments[1], ValueKind::integer) || !is_sequence(arguments[2]) || !is_sequence(arguments[3])) {
    fail("calls ", name, " with arguments that are no offset, size and stride");
  }
  if (arguments.size() > metadata && values_.is(arguments[metadata], ValueKind::dict)) {
    if (values_.items(arguments[metadata]).size() > kMaxTensorMetadata) fail("has a tensor with too many attributes");
    for (const char* bit : {"neg", "conj"}) {
      const ValueId set = values_.find(arguments[metadata], bit);
      if (set != kNoValue && (!values_.is(set, ValueKind::boolean) || values_.boolean(set))) {
        fail("has a tensor with its '", bit, "' bit set; save it with .resolve_", bit, "()");
      }
    }
  }
  const DType dtype = with_type ? values_.dtype(arguments[6]) : values_.storage(arguments[0]).dtype;
  return values_.add_tensor({arguments[0], arguments[2], arguments[3], dtype, values_.integer(arguments[1])});
}

ValueId PickleCalls::dict(std::span<const ValueId> arguments) {
  if (arguments.empty()) return values_.add_items(ValueKind::dict);
  if (arguments.size() == 1 && values_.is(arguments[0], ValueKind::dict)) return copy(ValueKind::dict, arguments);
  std::vector<ValueId> pairs;
  if (arguments.size() != 1 || !is_sequence(arguments[0])) fail("makes a dict of something else");
  for (const ValueId pair : values_.items(arguments[0])) {
    if (!is_sequence(pair) || values_.items(pair).size() != 2) fail("makes a dict of something else");
    pairs.insert(pairs.end(), values_.items(pair).begin(), values_.items(pair).end());
  }
  charge(pairs.size());
  return values_.add_items(ValueKind::dict, std::move(pairs));
}

ValueId PickleCalls::copy(ValueKind kind, std::span<const ValueId> arguments) {
  if (arguments.empty()) return values_.add_items(kind);
  if (arguments.size() != 1 || !(is_sequence(arguments[0]) || values_.is(arguments[0], kind))) {
    fail("makes a container of something else");
  }
  const std::span<const ValueId> items = values_.items(arguments[0]);
  charge(items.size());
  return values_.add_items(kind, {items.begin(), items.end()});
}

ValueId PickleCalls::persistent(ValueId id) {
  const auto refuse = [&] { fail("refers to something outside of it that is no storage"); };
  if (!values_.is(id, ValueKind::tuple)) refuse();
  const std::span<const ValueId> parts = values_.items(id);
  // The older form writes the source code of a module's class beside it.
  if (parts.size() == 4 && is_text(parts[0], "module")) return parts[1];
  if (parts.size() < 5 || parts.size() > 6 || !is_text(parts[0], "storage")) refuse();
  if (!values_.is(parts[1], ValueKind::callable) || !values_.is(parts[2], ValueKind::text) ||
      !values_.is(parts[4], ValueKind::integer)) {
    refuse();
  }
  const std::optional<PickleName> type = listed_name(values_.text(parts[1]));
  if (!type && options_.ignore_unknown) return values_.add_object(parts[1], {});
  if (!type || type->call != PickleCall::storage) fail("has a storage of type ", values_.text(parts[1]));

  PickleStorage storage{type->dtype.has_value(), type->dtype.value_or(DType::U8), values_.text(parts[2]),
                        values_.integer(parts[4])};
  if (parts.size() == 6 && !values_.is(parts[5], ValueKind::none)) {
    if (!is_sequence(parts[5])) refuse();
    const std::span<const ValueId> view = values_.items(parts[5]);  // key, offset, elements
    if (view.size() != 3 || !values_.is(view[1], ValueKind::integer) || !values_.is(view[2], ValueKind::integer)) {
      refuse();
    }
    storage.view_offset = values_.integer(view[1]);
    storage.view_elements = values_.integer(view[2]);
    if (storage.view_offset < 0 || storage.view_elements < 0) refuse();
  }
  return values_.add_storage(storage);
}

void PickleCalls::charge(size_t items) {
  copied_ += items;
  if (copied_ > kMaxPickleValues) fail("copies containers over and over");
}

bool PickleCalls::is_sequence(ValueId id) const {
  return values_.is(id, ValueKind::tuple) || values_.is(id, ValueKind::list);
}

bool PickleCalls::is_text(ValueId id, std::string_view text) const {
  return values_.is(id, ValueKind::text) && values_.text(id) == text;
}

}  // namespace pixnerd::checkpoint
