#include "checkpoint/pickle.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

#include "checkpoint/messages.h"
#include "checkpoint/pickle_calls.h"
#include "checkpoint/pickle_opcodes.h"

namespace pixnerd::checkpoint {
namespace {

constexpr uint8_t kNewestProtocol = 5;

// The stack machine. Its items are numbers of values; each operation costs time in proportion to its own bytes and to
// the items that it takes from the stack, and those were put there one at a time.
class Machine {
 public:
  Machine(std::span<const std::byte> bytes, const PickleOptions& options, const std::string& source)
      : bytes_(bytes.first(std::min(bytes.size(), kMaxPickleBytes))),
        cut_(bytes_.size() < bytes.size()),
        source_(source),
        calls_(pickle_.values, options, source),
        none_(values().add(ValueKind::none)),
        false_(values().add(ValueKind::boolean, 0)),
        true_(values().add(ValueKind::boolean, 1)),
        empty_tuple_(values().add_items(ValueKind::tuple)) {}

  Pickle run() {
    while (true) {
      const auto code = number<uint8_t>();
      if (code == kStop) break;
      if (!plain_value(code) && !container(code) && !memory(code)) step(code);
      if (values().size() > kMaxPickleValues || stack_.size() > kMaxPickleValues) {
        fail("has more than ", kMaxPickleValues, " values");
      }
    }
    pickle_.root = pop();
    pickle_.bytes = position_;
    return std::move(pickle_);
  }

 private:
  template <class... What>
  [[noreturn]] void fail(const What&... what) const {
    throw error_in(source_, concat("the pickle ", what...));
  }

  PickleValues& values() { return pickle_.values; }

  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - position_) {
      if (cut_) fail("has more than ", kMaxPickleBytes, " bytes");
      fail("is truncated: ", count, " bytes are missing at its byte ", position_, "; copy the file again");
    }
    const std::string_view taken(reinterpret_cast<const char*>(bytes_.data()) + position_, count);
    position_ += count;
    return taken;
  }

  template <class Number>
  Number number() {
    Number value = 0;
    std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
    return value;
  }

  std::string_view line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + position_, bytes_.size() - position_);
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) take(rest.size() + 1);
    return take(end + 1).substr(0, end);
  }

  void push(ValueId id) { stack_.push_back(id); }

  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  ValueId top() const {
    if (stack_.size() <= floor()) fail("takes a value from an empty stack at its byte ", position_);
    return stack_.back();
  }

  ValueId pop() {
    const ValueId id = top();
    stack_.pop_back();
    return id;
  }

  // The items above the last mark, which goes with them.
  std::vector<ValueId> pop_to_mark() {
    if (marks_.empty()) fail("takes a mark from an empty stack at its byte ", position_);
    const auto begin = stack_.begin() + static_cast<ptrdiff_t>(marks_.back());
    std::vector<ValueId> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }

  std::vector<ValueId> pop_several(size_t count) {
    std::vector<ValueId> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }

  bool plain_value(uint8_t code) {
    switch (code) {
      case kNone:
        return push(none_), true;
      case kNewTrue:
        return push(true_), true;
      case kNewFalse:
        return push(false_), true;
      case kBinInt:
        return push(integer(number<int32_t>())), true;
      case kBinInt1:
        return push(integer(number<uint8_t>())), true;
      case kBinInt2:
        return push(integer(number<uint16_t>())), true;
      case kInt:
        return push(written_integer(line())), true;
      case kLong1:
        return push(long_integer(take(number<uint8_t>()))), true;
      case kLong4:
        return push(long_integer(take(number<uint32_t>()))), true;
      case kBinFloat:
        return push(values().add_real(std::bit_cast<double>(__builtin_bswap64(number<uint64_t>())))), true;
      case kBinUnicode:
      case kBinString:
        return push(text(ValueKind::text, number<uint32_t>())), true;
      case kShortBinUnicode:
      case kShortBinString:
        return push(text(ValueKind::text, number<uint8_t>())), true;
      case kBinUnicode8:
        return push(text(ValueKind::text, number<uint64_t>())), true;
      case kBinBytes:
        return push(text(ValueKind::bytes, number<uint32_t>())), true;
      case kShortBinBytes:
        return push(text(ValueKind::bytes, number<uint8_t>())), true;
      case kBinBytes8:
      case kByteArray8:
        return push(text(ValueKind::bytes, number<uint64_t>())), true;
      default:
        return false;
    }
  }

  ValueId text(ValueKind kind, uint64_t bytes) { return values().add_text(kind, take(bytes)); }
  ValueId integer(int64_t value) { return values().add(ValueKind::integer, value); }

  // Python 2 writes whole numbers beyond 32 bits, and true and false, like this.
  ValueId written_integer(std::string_view digits) {
    if (digits == "00") return false_;
    if (digits == "01") return true_;
    int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) fail("has a malformed number");
    return integer(value);
  }

  ValueId long_integer(std::string_view bytes) {
    if (bytes.size() > sizeof(int64_t)) return values().add_text(ValueKind::big_integer, bytes);
    const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
    int64_t value = negative ? -1 : 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    return integer(value);
  }

  bool container(uint8_t code) {
    switch (code) {
      case kEmptyTuple:
        return push(empty_tuple_), true;
      case kEmptyList:
        return push(values().add_items(ValueKind::list)), true;
      case kEmptyDict:
        return push(values().add_items(ValueKind::dict)), true;
      case kEmptySet:
        return push(values().add_items(ValueKind::set)), true;
      case kTuple:
        return push(values().add_items(ValueKind::tuple, pop_to_mark())), true;
      case kFrozenSet:
        return push(values().add_items(ValueKind::set, pop_to_mark())), true;
      case kTuple1:
      case kTuple2:
      case kTuple3:
        return push(values().add_items(ValueKind::tuple, pop_several(code - kTuple1 + 1))), true;
      case kAppend:
        return extend(ValueKind::list, pop_several(1)), true;
      case kAppends:
        return extend(ValueKind::list, pop_to_mark()), true;
      case kAddItems:
        return extend(ValueKind::set, pop_to_mark()), true;
      case kSetItem:
        return extend(ValueKind::dict, pop_several(2)), true;
      case kSetItems:
        return extend(ValueKind::dict, pop_to_mark()), true;
      default:
        return false;
    }
  }

  // Puts items into the container on top of the stack. Inert objects take whatever they are given.
  void extend(ValueKind kind, const std::vector<ValueId>& items) {
    const ValueId target = top();
    if (!values().is(target, kind) && !values().is(target, ValueKind::object)) {
      fail("puts items into something that holds none");
    }
    if (kind == ValueKind::dict && items.size() % 2 != 0) fail("has a key without a value");
    for (const ValueId item : items) values().append(target, item);
  }

  bool memory(uint8_t code) {
    switch (code) {
      case kBinPut:
        return remember(number<uint8_t>()), true;
      case kLongBinPut:
        return remember(number<uint32_t>()), true;
      case kMemoize:
        return remember(remembered_), true;
      case kBinGet:
        return recall(number<uint8_t>()), true;
      case kLongBinGet:
        return recall(number<uint32_t>()), true;
      default:
        return false;
    }
  }

  void remember(size_t place) {
    if (place >= kMaxPickleValues) fail("remembers more than ", kMaxPickleValues, " values");
    if (place >= memo_.size()) memo_.resize(std::max(place + 1, std::min(2 * place, kMaxPickleValues)), kNoValue);
    if (memo_[place] == kNoValue) ++remembered_;
    memo_[place] = top();
  }

  void recall(size_t place) {
    if (place >= memo_.size() || memo_[place] == kNoValue) fail("recalls value ", place, ", which it never stored");
    push(memo_[place]);
  }

  void step(uint8_t code) {
    switch (code) {
      case kProto:
        if (const auto protocol = number<uint8_t>(); protocol > kNewestProtocol) {
          fail("is of protocol ", protocol, "; the newest that is known is ", kNewestProtocol);
        }
        return;
      case kFrame:
        if (number<uint64_t>() > bytes_.size() - position_ && !cut_) take(bytes_.size() - position_ + 1);
        return;
      case kMark:
        if (marks_.size() >= kMaxPickleValues) fail("has more than ", kMaxPickleValues, " marks");
        return marks_.push_back(stack_.size());
      case kPop:
        if (stack_.size() == floor() && !marks_.empty()) return marks_.pop_back();
        return static_cast<void>(pop());
      case kPopMark:
        return static_cast<void>(pop_to_mark());
      case kDup:
        return push(top());
      case kBinPersId:
        return push(calls_.persistent(pop()));
      default:
        return call(code);
    }
  }

  void call(uint8_t code) {
    switch (code) {
      case kGlobal: {
        const std::string_view module = line();
        return push(calls_.name(module, line()));
      }
      case kStackGlobal: {
        const std::vector<ValueId> names = pop_several(2);
        if (!values().is(names[0], ValueKind::text) || !values().is(names[1], ValueKind::text)) {
          fail("names a class by something that is no text");
        }
        return push(calls_.name(values().text(names[0]), values().text(names[1])));
      }
      case kReduce:
      case kNewObj: {
        const std::vector<ValueId> parts = pop_several(2);
        return push(calls_.call(parts[0], parts[1]));
      }
      case kNewObjEx: {
        const std::vector<ValueId> parts = pop_several(3);  // the last are named arguments, for objects alone
        return push(calls_.call(parts[0], parts[1]));
      }
      case kBuild:
        return build(pop());
      default:
        fail("has the operation ", code, " at its byte ", position_ - 1, ", which no checkpoint needs");
    }
  }

  // The state of an OrderedDict is attributes that nobody reads here; that of an inert object may hold tensors.
  void build(ValueId state) {
    const ValueId target = top();
    if (values().is(target, ValueKind::object)) return values().append(target, state);
    if (!values().is(target, ValueKind::dict)) fail("sets attributes of something that has none");
  }

  std::span<const std::byte> bytes_;
  bool cut_;  // the file goes on where the limit was
  const std::string& source_;
  Pickle pickle_;
  PickleCalls calls_;
  ValueId none_, false_, true_, empty_tuple_;
  size_t position_ = 0;
  std::vector<ValueId> stack_, memo_;
  std::vector<size_t> marks_;
  size_t remembered_ = 0;
};

}  // namespace

Pickle read_pickle(std::span<const std::byte> bytes, const PickleOptions& options, const std::string& source) {
  return Machine(bytes, options, source).run();
}

}  // namespace pixnerd::checkpoint
