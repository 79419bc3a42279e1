// The lines of an answer before its body.
#pragma once

#include <string>

#include "http/message.h"

namespace pixnerd::http {

// How the other side learns where the body ends.
enum class Framing { none, length, chunked, until_close };  // none: there is no body

struct HeadOptions {
  bool keeps_alive = false;
  bool is_1_1 = true;
  Framing framing = Framing::length;
};

// RequestError for a status that is no final one, and for a header that would say something else than it seems to, such
// as one with a line end in it, or one that is the server's.
void check_head(const Response& response);

// Of a response that was checked.
std::string head_text(const Response& response, const HeadOptions& options);

// Statuses that never have a body.
bool is_without_body(int status);

}  // namespace pixnerd::http
