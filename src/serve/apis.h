// The server's APIs: each adds its routes. The context must outlive the router.
#pragma once

#include "serve/context.h"
#include "serve/router.h"

namespace pixnerd::serve {

void add_native(Router& router, const Context& context);  // native.cpp, events.cpp: /api
void add_openai(Router& router, const Context& context);  // openai.cpp: /v1
void add_sdapi(Router& router, const Context& context);   // sdapi.cpp: /sdapi/v1, as A1111's web UI has it

}  // namespace pixnerd::serve
