#include "serve/class_prompt.h"

#include <algorithm>

#include "core/text.h"
#include "serve/refusal.h"

namespace pixnerd::serve {
namespace {

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string named(const std::string& text, const std::vector<std::string>& names) {
  const std::string wanted = ascii_lower(text);
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const std::string& name) { return ascii_lower(name) == wanted; });
  return found == names.end() ? "" : *found;
}

}  // namespace

std::string style_named(const std::string& text, const ServedModel& model) {
  return named(trimmed(text), model.description.styles);
}

void split_class_prompt(DrawRequest& request, const ServedModel& model) {
  if (!request.prompt || request.class_label.kind != config::Value::Kind::null) return;
  request.prompt = trimmed(*request.prompt);
  const size_t comma = request.prompt->rfind(',');
  if (comma == std::string::npos || !named(*request.prompt, model.class_names).empty()) return;
  const std::string name = named(trimmed(request.prompt->substr(0, comma)), model.class_names);
  const std::string style = style_named(request.prompt->substr(comma + 1), model);
  if (name.empty() || style.empty()) return;
  if (request.style.kind != config::Value::Kind::null && style_named(request.style.scalar, model) != style) {
    throw Refusal(
        400, "invalid_field",
        concat("the prompt names the style ", quoted(style), ", and style says ", quoted(request.style.scalar)),
        "style");
  }
  request.class_label = config::text_value(name);
  request.style = config::text_value(style);
  request.prompt.reset();
}

}  // namespace pixnerd::serve
