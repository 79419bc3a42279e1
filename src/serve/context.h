// What every API of the server works with.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "config/value.h"
#include "http/server.h"
#include "serve/catalogue.h"
#include "serve/jobs.h"
#include "serve/order.h"
#include "serve/refusal.h"
#include "serve/streams.h"

namespace pixnerd::serve {

struct Context {
  const Catalogue& catalogue;
  Jobs& jobs;
  store::PictureFolder& folder;
  Streams& streams;
  RequestLimits limits;
  std::string version;
  std::function<std::set<std::string>()> loaded;    // names of the networks in memory
  std::function<void(std::function<void()>)> work;  // done by another thread than the server's
};

// A request understood, accepted and in the history: the job's id. Errors as order_of() and Jobs::accept().
std::string submit(const Context& context, DrawRequest request, const Origin& origin);

// Whose share a request counts for: the other side's address, and the word it may name itself by.
std::string client_of(const http::Request& request, const std::string& word = {});

// The JSON of a body, and {} of an empty one. Refusal: 415 for another Content-Type than application/json where there
// is a body, 400 for what is no JSON.
config::Value json_body(const http::Request& request);

// Answers once the job has ended, by what `answer` makes of it, in another thread; what that throws becomes an answer
// by `error`. If the client goes before, the job is cancelled, unless `is_kept`.
void answer_when_ended(const Context& context, const std::shared_ptr<http::Exchange>& exchange, const std::string& id,
                       bool is_kept, std::function<http::Response(const JobView&)> answer,
                       std::function<http::Response(const Refusal&)> error);

// The job of a client that goes before its answer is whole is cancelled.
void cancel_when_gone(const Context& context, http::Exchange& exchange, const std::string& id);

// A finished picture's PNG. DataError: its file is gone or damaged.
std::string png_of(const Context& context, const store::StoredPicture& picture);

// What became of a job that is not done, as a Refusal to be thrown or answered: 500 for one that failed, 499 for one
// that was cancelled.
Refusal refusal_of(const JobView& view);

}  // namespace pixnerd::serve
