#include "cli/serve.h"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "cli/checks.h"
#include "cli/command.h"
#include "cli/compute_flags.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/text.h"
#include "diffusion/limits.h"
#include "serve/service.h"

namespace pixnerd::cli {
namespace {

constexpr size_t kShortestToken = 8, kLongestToken = 4096;

struct ServeFlags {
  std::vector<std::string> checkpoints;
  std::string text_encoder, prompt_cache, address = "127.0.0.1", token_file, folder;
  int64_t port = 7860;
  bool without_token = false;
  std::vector<std::string> hosts, origins;
  int64_t queue = 512, history = 10'000, steps = 250, tokens = 4096, pixels = int64_t{1} << 22, connections = 1024,
          batch = 0, loaded = 0;
  double deadline = 3600, grace = 10;
  ComputeFlags compute;
};

void define_network(CLI::App& command, ServeFlags& flags) {
  command
      .add_option("--address", flags.address, "the address to listen on; others than this machine's own need a token")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command.add_option("--port", flags.port, "the port; 0 takes any that is free")
      ->check(between(0, 65535))
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--token-file", flags.token_file,
                  "a file with the token that clients must know, on its first line; PIXNERD_TOKEN in the environment "
                  "holds one as well")
      ->type_name("FILE");
  command.add_flag("--without-token", flags.without_token,
                   "listen on other addresses than this machine's own without a token: whoever reaches them may draw");
  command
      .add_option("--allow-host", flags.hosts, "a name that the server is known by, behind a proxy; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME");
  command
      .add_option("--allow-origin", flags.origins,
                  "pages of this origin may use the server, as in https://example.org; may be repeated")
      ->allow_extra_args(false)
      ->type_name("ORIGIN");
}

void define_limits(CLI::App& command, ServeFlags& flags) {
  const auto number = [&](const char* name, int64_t& value, int64_t least, int64_t most, const char* help) {
    command.add_option(name, value, help)->check(between(least, most))->type_name("N")->capture_default_str();
  };
  const auto seconds = [&](const char* name, double& value, const char* help) {
    command.add_option(name, value, help)->check(positive(1e7))->type_name("SECONDS")->capture_default_str();
  };
  number("--queue", flags.queue, 1, 1'000'000, "pictures that may wait, of all clients; more are refused with 429");
  number("--history", flags.history, 1, 10'000'000, "jobs that are kept with their pictures; the oldest give way");
  number("--most-steps", flags.steps, 1, diffusion::kMostSteps, "steps of a picture");
  number("--most-tokens", flags.tokens, 1, 1 << 20, "patches of a picture");
  number("--most-pixels", flags.pixels, 1, int64_t{1} << 28, "pixels of a picture");
  number("--connections", flags.connections, 1, 100'000, "open connections");
  number("--loaded", flags.loaded, 0, 1000, "networks in memory; 0: as many as it holds");
  command
      .add_option("--batch", flags.batch, "pictures that share an evaluation at most; as many as is best unless given")
      ->check(between(1, diffusion::kLargestBatch))
      ->type_name("N");
  seconds("--deadline", flags.deadline, "after which a job is given up");
  seconds("--grace", flags.grace, "that a server which is stopped gives to clients that wait");
}

void define(CLI::App& command, ServeFlags& flags) {
  command
      .add_option("--checkpoint", flags.checkpoints,
                  "a network, as `pixnerd sample` takes it; may be repeated: each is loaded when it is asked for")
      ->required()
      ->allow_extra_args(false)
      ->type_name("FILE");
  command.add_option("--text-encoder", flags.text_encoder, "the text encoder's folder, for networks that draw prompts")
      ->type_name("DIR");
  command.add_option("--prompt-cache", flags.prompt_cache, "a folder that keeps encoded prompts for the next time")
      ->type_name("DIR");
  command
      .add_option("--folder", flags.folder,
                  "where jobs and pictures are kept; ~/.local/share/pixnerd/serve unless given")
      ->type_name("DIR");
  define_network(command, flags);
  define_limits(command, flags);
  add_compute_flags(command, flags.compute);
  command.footer("Jobs and pictures stay over restarts. docs/serving.md has every route.");
}

std::filesystem::path folder_of(const ServeFlags& flags) {
  if (!flags.folder.empty()) return flags.folder;
  const char* const data = std::getenv("XDG_DATA_HOME");
  const char* const home = std::getenv("HOME");
  if (data != nullptr && *data == '/') return std::filesystem::path(data) / "pixnerd" / "serve";
  if (home != nullptr && *home == '/') return std::filesystem::path(home) / ".local/share/pixnerd/serve";
  throw CLI::ValidationError("--folder is required where there is no HOME");
}

std::string token_of(const ServeFlags& flags) {
  std::string token;
  if (const char* const given = std::getenv("PIXNERD_TOKEN")) token = given;
  if (!flags.token_file.empty()) {
    token = read_file(flags.token_file, kLongestToken);
    token = token.substr(0, token.find_first_of("\r\n"));
  }
  const bool is_asked_for = !flags.token_file.empty() || std::getenv("PIXNERD_TOKEN") != nullptr;
  if (is_asked_for && token.size() < kShortestToken) {
    throw RequestError(concat("the token has ", token.size(), " bytes; one of at least ", kShortestToken,
                              ", such as `openssl rand -hex 16` makes, is harder to guess"));
  }
  return token;
}

// Only this machine reaches it.
bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1" || address == "localhost";
}

void check_names(const ServeFlags& flags) {
  in6_addr parsed;
  const char* const address = flags.address.c_str();
  if (flags.address != "localhost" && inet_pton(AF_INET, address, &parsed) != 1 &&
      inet_pton(AF_INET6, address, &parsed) != 1) {
    throw CLI::ValidationError(concat("--address ", printable(flags.address),
                                      " is no address of IPv4 or IPv6 (write that as ::1, without brackets)"));
  }
  for (const std::string& host : flags.hosts) {
    if (host.empty() || host.find_first_of("/: ") != host.npos) {
      throw CLI::ValidationError(
          concat("--allow-host ", printable(host), " is no name; write it without scheme and port"));
    }
  }
  for (const std::string& origin : flags.origins) {
    const size_t scheme = origin.find("://");
    if (scheme == origin.npos || origin.find('/', scheme + 3) != origin.npos) {
      throw CLI::ValidationError(concat("--allow-origin ", printable(origin), " must be as in https://example.org"));
    }
  }
}

serve::ServeOptions options_of(const ServeFlags& flags) {
  check_names(flags);
  serve::ServeOptions options;
  options.gate.token = token_of(flags);
  if (!is_loopback(flags.address) && options.gate.token.empty() && !flags.without_token) {
    throw CLI::ValidationError(
        concat("--address ", printable(flags.address),
               " is open to other machines; set a token (--token-file), or say --without-token"));
  }
  options.checkpoints = flags.checkpoints;
  options.folder = folder_of(flags);
  options.server.address = flags.address == "localhost" ? "127.0.0.1" : flags.address;
  options.server.port = static_cast<uint16_t>(flags.port);
  options.server.most_connections = static_cast<size_t>(flags.connections);
  options.gate.allowed_hosts = flags.hosts;
  options.gate.allowed_origins = flags.origins;
  options.jobs.pictures = flags.queue;
  options.jobs.history = flags.history;
  options.jobs.deadline = flags.deadline;
  options.requests.steps = flags.steps;
  options.requests.tokens = flags.tokens;
  options.requests.pixels = flags.pixels;
  options.requests.precision = flags.compute.precision();
  options.shelf.device = options.requests.device = set_up(flags.compute);
  options.shelf.batch = flags.batch;
  options.shelf.most_loaded = flags.loaded;
  options.shelf.text_encoder = flags.text_encoder;
  options.shelf.prompt_cache = flags.prompt_cache;
  options.version = PIXNERD_VERSION;
  return options;
}

std::string url_of(const std::string& address, uint16_t port) {
  const bool is_any = address == "0.0.0.0" || address == "::";
  const std::string host = is_any ? "localhost" : address;
  return concat("http://", host.find(':') == std::string::npos ? host : concat("[", host, "]"), ":", port);
}

void run(const ServeFlags& flags) {
  ::umask(077);  // prompts and pictures are nobody else's
  serve::ServeOptions options = options_of(flags);
  const std::string folder = options.folder.string(), address = options.server.address;
  const InterruptScope interrupt("jobs that are kept and not drawn yet go on after the next start");
  serve::Server server(std::move(options));
  if (server.waiting() > 0) log_info(concat("going on with ", server.waiting(), " jobs of before"));
  std::cout << "pixnerd serves on " << url_of(address, server.port()) << "\n" << std::flush;
  log_info(concat("jobs and pictures are kept in ", quoted(folder), "; Ctrl+C stops"));
  std::atomic<bool> has_ended = false;
  std::thread watch([&] {
    while (!has_ended && !InterruptScope::interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(200));
    server.stop(flags.grace);
  });
  server.run();
  has_ended = true;
  watch.join();
}

}  // namespace

void add_serve(CLI::App& program) {
  add_command<ServeFlags>(program, "serve", "draw for other programs and people: an HTTP server, and a page", define,
                          run);
}

}  // namespace pixnerd::cli
