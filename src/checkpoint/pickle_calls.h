// What becomes of the classes and functions of a pickle when it calls them: values, and never a call.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "checkpoint/pickle.h"

namespace pixnerd::checkpoint {

class PickleCalls {
 public:
  PickleCalls(PickleValues& values, const PickleOptions& options, const std::string& source)
      : values_(values), options_(options), source_(source) {}

  // A name of the pickle: a dtype, or a callable. Refused if it is not on the list, unless unknown ones are ignored.
  ValueId name(std::string_view module, std::string_view name);

  // What `callable` makes of `arguments`, a tuple.
  ValueId call(ValueId callable, ValueId arguments);

  // A storage, from the tuple that stands for it outside the pickle.
  ValueId persistent(ValueId id);

 private:
  template <class... What>
  [[noreturn]] void fail(const What&... what) const;

  ValueId call_listed(ValueId callable, std::span<const ValueId> arguments, int depth);
  ValueId tensor(ValueId callable, std::span<const ValueId> arguments, bool with_type);
  ValueId dict(std::span<const ValueId> arguments);
  ValueId copy(ValueKind kind, std::span<const ValueId> arguments);
  void charge(size_t items);
  bool is_sequence(ValueId id) const;
  bool is_text(ValueId id, std::string_view text) const;

  PickleValues& values_;
  const PickleOptions& options_;
  const std::string& source_;
  size_t copied_ = 0;  // items of containers made of others, which cost less in the pickle than in memory
};

}  // namespace pixnerd::checkpoint
