// Responses in the forms that are common to the server's APIs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/value.h"
#include "http/message.h"
#include "serve/refusal.h"

namespace pixnerd::serve {

// A JSON list.
config::Value list_of(std::vector<config::Value> items);

http::Response json_response(int status, const config::Value& value, http::Fields more = {});

// {"error": {"message", "type", "code", "param", "nearest"}}, with Retry-After where it is known: the form of OpenAI's
// API, and of ours.
http::Response error_response(const Refusal& refusal);

using ErrorForm = std::function<http::Response(const Refusal&)>;

// What `answer` returns, or the error's form of what it throws. What is no Refusal is: 400 for what was asked for
// wrongly, 500 for the rest.
http::Response guarded(const std::function<http::Response()>& answer, const ErrorForm& error);
Refusal refusal_of(const std::exception& error);

}  // namespace pixnerd::serve
