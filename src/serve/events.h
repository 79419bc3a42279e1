// Jobs as server-sent events, for as many watchers as there are.
//
// A stream says what has changed since its watcher was last written to, so that one who reads slowly gets the newest
// state of each job and not every step on the way. The last event of those that are said together has an id, "BOOT-N":
// BOOT is of this run of the server, N counts changes. Who comes back with the last one it has seen (Last-Event-ID)
// gets what has changed since.
#pragma once

#include <memory>
#include <string>

#include "serve/context.h"

namespace pixnerd::serve {

// All jobs: first "hello" with those that are queued or drawn, then "job", "progress" and "preview".
void stream_all(const Context& context, const std::shared_ptr<http::Exchange>& exchange);

// One job, until its end. Answers 204 to a watcher that has seen that. Refusal (404): no such job.
void stream_job(const Context& context, const std::shared_ptr<http::Exchange>& exchange, const std::string& id);

// "event: NAME\ndata: TEXT\n\n", with an id where there is one. The text has no line's end.
std::string event_text(const std::string& name, const std::string& data, const std::string& id = {});

// The head of a streamed answer of events.
http::Response event_stream_head();

}  // namespace pixnerd::serve
