// The texts beside a shard's picture end in a DataError, or in labels within their limits and names that are fit to be
// shown. The first byte says which text the rest is.
#include "data/sample_text.h"

#include "core/errors.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using fuzz::require;

void add(std::string_view input, data::SampleText& text) {
  const std::string_view rest = input.substr(1);
  switch (input.front()) {
    case '{':
      return data::add_json(input, text);
    case 'c':
      return data::add_class(rest, text);
    default:
      return data::add_caption(rest, text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  data::SampleText text;
  if (!fuzz::accepts<DataError>([&] { add(fuzz::as_text(data, size), text); })) return 0;
  require(text.label.value_or(0) >= 0 && text.label.value_or(0) <= data::kMaxLabel, "a label is within its limits");
  if (text.class_name) data::check_name(*text.class_name, "class");
  if (text.style) data::check_name(*text.style, "style");
  // A second file of the same sample may say the same again.
  add(fuzz::as_text(data, size), text);
  return 0;
}
