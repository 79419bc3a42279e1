#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/pattern.h"

#include <pcre2.h>

#include <algorithm>
#include <array>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::text {
namespace {

constexpr uint32_t kOptions = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
constexpr size_t kStepsAlways = 100'000, kStepsForEachByte = 16;

using Code = std::shared_ptr<pcre2_code>;
using MatchData = std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)>;
using MatchContext = std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)>;

PCRE2_SPTR units(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(error, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

// A match takes some steps for each byte of a run, such as of white space; a pattern that takes their square is
// refused.
MatchContext limits(size_t text_bytes) {
  MatchContext context(pcre2_match_context_create(nullptr), pcre2_match_context_free);
  const size_t steps = std::min<size_t>(UINT32_MAX, kStepsAlways + kStepsForEachByte * text_bytes);
  pcre2_set_match_limit(context.get(), static_cast<uint32_t>(steps));
  pcre2_set_heap_limit(context.get(), 64 * 1024);  // in units of 1024 bytes
  return context;
}

// The byte behind the character at `position`.
size_t next_character(std::string_view text, size_t position) {
  do {
    ++position;
  } while (position < text.size() && (static_cast<unsigned char>(text[position]) & 0xC0) == 0x80);
  return position;
}

// Compiled code takes constant stack; where it runs out, for a pattern with deep repetition, the interpreter goes on.
int match(const pcre2_code* code, std::string_view text, size_t from, pcre2_match_data* data,
          pcre2_match_context* context) {
  const int found = pcre2_match(code, units(text), text.size(), from, PCRE2_NO_UTF_CHECK, data, context);
  if (found != PCRE2_ERROR_JIT_STACKLIMIT) return found;
  return pcre2_match(code, units(text), text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, context);
}

}  // namespace

Pattern::Pattern(std::string_view pcre2, uint32_t options, const std::string& where) : where_(where) {
  constexpr size_t kMaxBytes = 10'000;
  if (pcre2.size() > kMaxBytes) throw DataError(concat(where, " is longer than ", kMaxBytes, " bytes"));
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE position = 0;
  pcre2_code* code = pcre2_compile(units(pcre2), pcre2.size(), options, &error, &position, context.get());
  if (code == nullptr) throw DataError(concat(where, " is no regular expression: ", printable(message_of(error))));
  code_ = Code(code, pcre2_code_free);
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where that fails, the interpreter does the same
}

Pattern Pattern::expression(std::string_view oniguruma, const std::string& where) {
  return {translate(oniguruma, where), kOptions, where};
}

Pattern Pattern::literal(std::string_view text, const std::string& where) {
  return {text, PCRE2_UTF | PCRE2_LITERAL, where};
}

void Pattern::for_each_match(std::string_view text, const std::function<void(size_t, size_t)>& visit) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const MatchData data(pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  const MatchContext context = limits(text.size());
  const PCRE2_SIZE* const ends = pcre2_get_ovector_pointer(data.get());
  size_t from = 0, last_end = std::string_view::npos;
  while (from <= text.size()) {
    const int found = match(code, text, from, data.get(), context.get());
    if (found == PCRE2_ERROR_NOMATCH) return;
    if (found < 0) throw DataError(concat(where_, " gives up on a text: ", printable(message_of(found))));
    const size_t begin = ends[0], end = ends[1];
    if (begin == end && end == last_end) {
      from = next_character(text, from);
      continue;
    }
    visit(begin, end);
    from = last_end = end;
  }
}

}  // namespace pixnerd::text
