// What a client gets in the place of what it asked for.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/errors.h"

namespace pixnerd::serve {

// The message is one sentence for the person on the other side.
struct Refusal : RequestError {
  Refusal(int http_status, std::string short_code, const std::string& sentence, std::string field = {},
          std::vector<std::string> names = {})
      : RequestError(sentence),
        status(http_status),
        code(std::move(short_code)),
        param(std::move(field)),
        nearest(std::move(names)) {}

  int status = 400;
  std::string code;                  // "queue_full"
  std::string param;                 // the field that is meant; "" for none
  std::vector<std::string> nearest;  // names that may have been meant
  double retry_after = 0;            // seconds; 0: not said
};

}  // namespace pixnerd::serve
