// A class and a style in one prompt, as the APIs of other servers have no field for either.
#pragma once

#include "serve/catalogue.h"
#include "serve/draw_request.h"

namespace pixnerd::serve {

// "fox, noto" becomes the class and the style, where a network has both names, letters' case aside, and no class is
// called as the whole prompt. All other prompts stay as they are. Refusal: a style is named besides, and another one.
void split_class_prompt(DrawRequest& request, const ServedModel& model);

// The network's own name of a style that is called so, letters' case aside; "" if there is none.
std::string style_named(const std::string& text, const ServedModel& model);

}  // namespace pixnerd::serve
