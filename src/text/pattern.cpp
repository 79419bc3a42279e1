#include "text/pattern.h"

#include <oniguruma.h>

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::text {
namespace {

using CodeRange = std::pair<OnigCodePoint, OnigCodePoint>;  // both ends are in it

// What Unicode 15 and 16 added. A library that knows them already takes no harm.
constexpr std::array<CodeRange, 35> kNewLetters = {
    {{0x1c89, 0x1c8a},   {0xa7cb, 0xa7cd},   {0xa7da, 0xa7dc},   {0x105c0, 0x105f3}, {0x10d4a, 0x10d65},
     {0x10d6f, 0x10d85}, {0x10ec2, 0x10ec4}, {0x1123f, 0x11240}, {0x11380, 0x11389}, {0x1138b, 0x1138b},
     {0x1138e, 0x1138e}, {0x11390, 0x113b5}, {0x113b7, 0x113b7}, {0x113d1, 0x113d1}, {0x113d3, 0x113d3},
     {0x11bc0, 0x11be0}, {0x11f02, 0x11f02}, {0x11f04, 0x11f10}, {0x11f12, 0x11f33}, {0x1342f, 0x1342f},
     {0x13441, 0x13446}, {0x13460, 0x143fa}, {0x16100, 0x1611d}, {0x16d40, 0x16d6c}, {0x18cff, 0x18cff},
     {0x1b132, 0x1b132}, {0x1b155, 0x1b155}, {0x1df25, 0x1df2a}, {0x1e030, 0x1e06d}, {0x1e4d0, 0x1e4eb},
     {0x1e5d0, 0x1e5ed}, {0x1e5f0, 0x1e5f0}, {0x2b739, 0x2b739}, {0x2ebf0, 0x2ee5d}, {0x31350, 0x323af}}};
constexpr std::array<CodeRange, 10> kNewNumbers = {{{0x10d40, 0x10d49},
                                                    {0x116d0, 0x116e3},
                                                    {0x11bf0, 0x11bf9},
                                                    {0x11f50, 0x11f59},
                                                    {0x16130, 0x16139},
                                                    {0x16d70, 0x16d79},
                                                    {0x1ccf0, 0x1ccf9},
                                                    {0x1d2c0, 0x1d2d3},
                                                    {0x1e4f0, 0x1e4f9},
                                                    {0x1e5f1, 0x1e5fa}}};

OnigUChar* units(std::string_view text) {
  return const_cast<OnigUChar*>(reinterpret_cast<const OnigUChar*>(text.data()));  // that nothing writes to
}

void require_success(int code) {
  if (code != ONIG_NORMAL) throw DataError(concat("the regular expressions of Oniguruma do not start: ", code));
}

// The ranges of the library's property of this name with those that are added, as the library lists them: their number,
// then their ends, in order and apart.
std::vector<OnigCodePoint> extended(std::string_view name, std::span<const CodeRange> added) {
  OnigEncodingType* const utf8 = ONIG_ENCODING_UTF8;
  const int property = utf8->property_name_to_ctype(utf8, units(name), units(name) + name.size());
  if (property < 0) require_success(property);
  OnigCodePoint unused = 0;
  const OnigCodePoint* known = nullptr;
  require_success(utf8->get_ctype_code_range(static_cast<OnigCtype>(property), &unused, &known));
  std::vector<CodeRange> ranges(added.begin(), added.end());
  for (OnigCodePoint i = 0; i < known[0]; ++i) ranges.emplace_back(known[1 + 2 * i], known[2 + 2 * i]);
  std::sort(ranges.begin(), ranges.end());
  std::vector<OnigCodePoint> list{0};
  for (const auto& [first, last] : ranges) {
    if (list.size() > 1 && first <= list.back() + 1) {
      list.back() = std::max(list.back(), last);
    } else {
      list.insert(list.end(), {first, last});
    }
  }
  list.front() = static_cast<OnigCodePoint>(list.size() / 2);
  return list;
}

// The library's own syntax without what a tokenizer has no use for and a hostile one has: constructs that call
// functions, and those of absence, whose steps are not counted. Sets the library up at the first call.
const OnigSyntaxType* expression_syntax() {
  static const OnigSyntaxType syntax = [] {
    constexpr unsigned kMaxDepth = 250;
    OnigEncoding encoding = ONIG_ENCODING_UTF8;
    require_success(onig_initialize(&encoding, 1));
    onig_set_parse_depth_limit(kMaxDepth);
    // A property that is defined goes before the library's own; it keeps the addresses.
    static std::vector<OnigCodePoint> letters = extended("L", kNewLetters), numbers = extended("N", kNewNumbers);
    require_success(onig_unicode_define_user_property("L", letters.data()));
    require_success(onig_unicode_define_user_property("N", numbers.data()));
    constexpr unsigned kLeftOut = ONIG_SYN_OP2_QMARK_BRACE_CALLOUT_CONTENTS | ONIG_SYN_OP2_ASTERISK_CALLOUT_NAME |
                                  ONIG_SYN_OP2_QMARK_TILDE_ABSENT_GROUP;
    OnigSyntaxType own;
    onig_copy_syntax(&own, ONIG_SYNTAX_ONIGURUMA);
    onig_set_syntax_op2(&own, onig_get_syntax_op2(&own) & ~kLeftOut);
    return own;
  }();
  return &syntax;
}

std::string message_of(int code, OnigErrorInfo* info = nullptr) {
  std::array<OnigUChar, ONIG_MAX_ERROR_MESSAGE_LEN> buffer{};
  const int size =
      info == nullptr ? onig_error_code_to_str(buffer.data(), code) : onig_error_code_to_str(buffer.data(), code, info);
  return printable(std::string(buffer.data(), buffer.data() + size));
}

// A match takes some steps back for each byte of a run, such as of white space; a pattern that takes their square is
// refused. Each step that may be taken back takes 40 bytes or so.
using MatchLimits = std::unique_ptr<OnigMatchParam, decltype(&onig_free_match_param)>;
MatchLimits limits(size_t text_bytes) {
  constexpr size_t kStepsAlways = 100'000, kStepsForEachByte = 16;
  constexpr unsigned kMaxPending = 4'500'000;
  MatchLimits param(onig_new_match_param(), onig_free_match_param);
  if (param == nullptr) throw std::bad_alloc();
  onig_initialize_match_param(param.get());
  const size_t steps = kStepsAlways + kStepsForEachByte * text_bytes;
  onig_set_retry_limit_in_match_of_match_param(param.get(), steps);
  onig_set_retry_limit_in_search_of_match_param(param.get(), steps);
  onig_set_match_stack_limit_size_of_match_param(param.get(), kMaxPending);
  return param;
}

// The byte behind the character at `position`.
size_t next_character(std::string_view text, size_t position) {
  do {
    ++position;
  } while (position < text.size() && (static_cast<unsigned char>(text[position]) & 0xC0) == 0x80);
  return position;
}

}  // namespace

Pattern::Pattern(std::string_view pattern, const void* syntax, const std::string& where) : where_(where) {
  constexpr size_t kMaxBytes = 10'000;
  if (pattern.size() > kMaxBytes) throw DataError(concat(where, " is longer than ", kMaxBytes, " bytes"));
  OnigRegex code = nullptr;
  OnigErrorInfo info{};
  const int result =
      onig_new(&code, units(pattern), units(pattern) + pattern.size(), ONIG_OPTION_NONE, ONIG_ENCODING_UTF8,
               const_cast<OnigSyntaxType*>(static_cast<const OnigSyntaxType*>(syntax)), &info);
  if (result != ONIG_NORMAL) throw DataError(concat(where, " is no regular expression: ", message_of(result, &info)));
  code_ = std::shared_ptr<void>(code, [](void* regex) { onig_free(static_cast<OnigRegex>(regex)); });
}

Pattern Pattern::expression(std::string_view oniguruma, const std::string& where) {
  return {oniguruma, expression_syntax(), where};
}

Pattern Pattern::literal(std::string_view text, const std::string& where) {
  expression_syntax();
  return {text, ONIG_SYNTAX_ASIS, where};
}

void Pattern::for_each_match(std::string_view text, const std::function<void(size_t, size_t)>& visit) const {
  const std::unique_ptr<OnigRegion, void (*)(OnigRegion*)> region(onig_region_new(),
                                                                  [](OnigRegion* each) { onig_region_free(each, 1); });
  const MatchLimits param = limits(text.size());
  OnigUChar *const begin_of_text = units(text), *const end_of_text = begin_of_text + text.size();
  size_t from = 0, last_end = std::string_view::npos;
  while (from <= text.size()) {
    const int found =
        onig_search_with_param(static_cast<OnigRegex>(code_.get()), begin_of_text, end_of_text, begin_of_text + from,
                               end_of_text, region.get(), ONIG_OPTION_NONE, param.get());
    if (found == ONIG_MISMATCH) return;
    if (found < 0) throw DataError(concat(where_, " gives up on a text: ", message_of(found)));
    const auto begin = static_cast<size_t>(region->beg[0]), end = static_cast<size_t>(region->end[0]);
    if (begin == end && end == last_end) {
      from = next_character(text, from);
      continue;
    }
    visit(begin, end);
    from = last_end = end;
  }
}

}  // namespace pixnerd::text
