// What A1111's API lists: what there is of it here, and empty lists of what there is not.
#pragma once

#include "serve/context.h"
#include "serve/router.h"

namespace pixnerd::serve {

void add_sdapi_lists(Router& router, const Context& context);

}  // namespace pixnerd::serve
