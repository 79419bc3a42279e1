#include "serve/service.h"

#include <atomic>
#include <thread>

#include "config/json.h"
#include "config/scalar.h"
#include "core/errors.h"
#include "core/failure.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "http/workers.h"
#include "serve/apis.h"
#include "serve/metrics.h"
#include "serve/openapi.h"
#include "serve/page_files.h"
#include "serve/studio.h"

namespace pixnerd::serve {
namespace {

constexpr size_t kWorkers = 4;  // that read requests and make answers
constexpr double kStreamSeconds = 2;
constexpr size_t kLargeBody = size_t{4} << 20;  // bytes

// An exchange whose every answer carries the gate's headers.
class Gated : public http::Exchange {
 public:
  Gated(std::shared_ptr<http::Exchange> exchange, http::Fields headers)
      : exchange_(std::move(exchange)), headers_(std::move(headers)) {}

  const http::Request& request() const override { return exchange_->request(); }
  void answer(http::Response response) override { exchange_->answer(with_headers(std::move(response))); }
  void stream(http::Response head, http::Source source, std::string heartbeat) override {
    exchange_->stream(with_headers(std::move(head)), std::move(source), std::move(heartbeat));
  }
  void wake() override { exchange_->wake(); }
  void when_gone(std::function<void()> call) override { exchange_->when_gone(std::move(call)); }

 private:
  http::Response with_headers(http::Response response) const {
    response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
    return response;
  }

  std::shared_ptr<http::Exchange> exchange_;
  http::Fields headers_;
};

http::Response page_file(const std::string& name) {
  for (const PageFile& file : page_files()) {
    if (file.name != name) continue;
    return http::response(200, std::string(file.content_type), std::string(file.content),
                          {{"Cache-Control", "no-cache"}});
  }
  throw Refusal(404, "unknown_route", concat("the page has no file ", quoted(name)));
}

}  // namespace

class Server::State : public http::Service {
 public:
  explicit State(ServeOptions options)
      : options_(std::move(options)),
        catalogue_(options_.checkpoints, !options_.shelf.text_encoder.empty()),
        history_(options_.folder),
        folder_(options_.folder / "pictures"),
        jobs_(history_, folder_, options_.jobs),
        studio_(jobs_, options_.shelf),
        context_{catalogue_,
                 jobs_,
                 folder_,
                 streams_,
                 options_.requests,
                 options_.version,
                 [this] { return studio_.loaded(); },
                 [this](std::function<void()> work) { workers_.post(std::move(work)); }},
        gate_(options_.gate) {
    add_native(router_, context_);
    add_openai(router_, context_);
    add_sdapi(router_, context_);
    add_own_routes();
    sweep();
    restore();
    jobs_.set_listeners([this](Haste haste) { haste == Haste::soon ? streams_.wake_soon() : streams_.wake_all(); },
                        [this] { studio_.wake(); });
    server_ = std::make_unique<http::Server>(options_.server, *this);
  }

  // ---- http::Service ----

  std::optional<http::Response> admit(const http::Request& head) override {
    std::optional<http::Response> answer = gate_.admit(head);
    if (answer) {
      const http::Fields headers = gate_.headers(head);
      answer->headers.insert(answer->headers.end(), headers.begin(), headers.end());
    }
    return answer;
  }

  void handle(std::shared_ptr<http::Exchange> exchange) override {
    auto gated = std::make_shared<Gated>(exchange, gate_.headers(exchange->request()));
    workers_.post([this, gated = std::move(gated)]() mutable {
      const bool was_large = gated->request().body.size() >= kLargeBody;
      router_.handle(gated);
      gated.reset();
      if (was_large) release_freed_memory();  // which malloc would keep for drawing
    });
  }

  http::Response refusal(int status, const std::string& sentence) override {
    return error_response({status, "refused", sentence});
  }

  // ---- the whole ----

  void run() {
    std::thread drawing([this] { studio_.run(); });
    server_->run();
    studio_.stop();
    drawing.join();
    workers_.finish();
  }

  void stop(double grace) {
    if (is_stopping_.exchange(true)) return;
    jobs_.close(grace);
    streams_.close();
    server_->stop(kStreamSeconds);
  }

  uint16_t port() const { return server_->port(); }
  size_t waiting() const { return waiting_; }

 private:
  void add_own_routes() {
    using http::Request;
    const auto add = [&](const char* method, const char* path, auto handler) {
      router_.add(method, path, error_response,
                  std::function<http::Response(const Request&, const Parts&)>(std::move(handler)));
    };
    add("GET", "/", [](const Request&, const Parts&) { return page_file("index.html"); });
    add("GET", "/page/{name}", [](const Request&, const Parts& parts) { return page_file(parts[0]); });
    add("GET", "/favicon.ico", [](const Request&, const Parts&) { return page_file("logo.svg"); });
    add("GET", "/health", [](const Request&, const Parts&) {
      return json_response(200, config::map_value({{"status", config::text_value("ok")}}));
    });
    add("GET", "/metrics", [this](const Request&, const Parts&) {
      return http::response(200, "text/plain; version=0.0.4; charset=utf-8",
                            metrics_text(jobs_.counts(), server_->statistics(), studio_.loaded().size()));
    });
    add("GET", "/api/status", [this](const Request&, const Parts&) { return status(); });
    add("GET", "/api/openapi.json", [this](const Request&, const Parts&) {
      return json_response(200, openapi(router_.routes(), options_.version));
    });
    add("POST", "/login", [this](const Request& request, const Parts&) { return gate_.login(request); });
    add("POST", "/logout", [this](const Request&, const Parts&) { return gate_.logout(); });
  }

  http::Response status() const {
    using config::scalar_value;
    const JobCounts jobs = jobs_.counts();
    const http::ServerStatistics server = server_->statistics();
    return json_response(200,
                         config::map_value({{"version", config::text_value(options_.version)},
                                            {"queued", scalar_value(jobs.queued)},
                                            {"running", scalar_value(jobs.running)},
                                            {"pictures_waiting", scalar_value(jobs.pictures_waiting)},
                                            {"most_pictures", scalar_value(options_.jobs.pictures)},
                                            {"connections", scalar_value(static_cast<int64_t>(server.connections))},
                                            {"token_required", scalar_value(gate_.needs_token())}}));
  }

  // Files that a killed server put into the folder and that no job has.
  void sweep() {
    for (const char* const extension : {"png", kInputExtension}) {
      for (const std::string& hash : folder_.hashes(extension)) {
        if (!history_.is_used(hash)) folder_.remove(hash, extension);
      }
    }
  }

  // What was accepted and not drawn before: kept jobs are drawn, others ended with their connection.
  void restore() {
    for (const store::StoredJob& job : history_.unfinished()) {
      const double now = std::max(job.created, job.started);
      if (!job.is_kept) {
        history_.set_ended(job.id, store::JobState::cancelled, now, "", job.warnings);
        continue;
      }
      try {
        DrawRequest request = draw_request(config::parse_json(job.request, "request", size_t{16} << 20));
        jobs_.restore(job, order_of(std::move(request), catalogue_, folder_, options_.requests));
        ++waiting_;
      } catch (const std::exception& error) {
        const std::string message = concat("it could not be taken up again: ", message_of(error));
        log_warning(concat("job ", job.id, ": ", message));
        history_.set_ended(job.id, store::JobState::failed, now, message, job.warnings);
      }
    }
  }

  const ServeOptions options_;
  const Catalogue catalogue_;
  store::History history_;
  store::PictureFolder folder_;
  Streams streams_;
  http::Workers workers_{kWorkers};
  Jobs jobs_;
  Studio studio_;
  const Context context_;
  Gate gate_;
  Router router_;
  std::unique_ptr<http::Server> server_;
  size_t waiting_ = 0;
  std::atomic<bool> is_stopping_ = false;
};

Server::Server(ServeOptions options) : state_(std::make_unique<State>(std::move(options))) {}

Server::~Server() = default;

uint16_t Server::port() const {
  return state_->port();
}

size_t Server::waiting() const {
  return state_->waiting();
}

void Server::run() {
  state_->run();
}

void Server::stop(double grace) {
  state_->stop(grace);
}

}  // namespace pixnerd::serve
