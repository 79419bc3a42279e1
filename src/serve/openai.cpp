#include "serve/apis.h"

namespace pixnerd::serve {
void add_openai(Router&, const Context&) {}
void add_sdapi(Router&, const Context&) {}
}  // namespace pixnerd::serve
