// The bytes of a connection end in a refusal, or in the same request however they are cut. The first byte is the size
// of the pieces.
#include "http/request_reader.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using fuzz::require;

constexpr uint64_t kMostHeaderBytes = 1 << 10, kMostBodyBytes = 4 << 10;
constexpr size_t kMostBytes = 8 << 10;  // fewer than a chunk's line may have

struct Outcome {
  bool is_accepted = false, is_done = false;
  size_t taken = 0;
  http::Request request;
};

Outcome read(std::string_view bytes, size_t piece) {
  http::RequestReader reader(kMostHeaderBytes, kMostBodyBytes);
  Outcome outcome;
  std::string pending;
  outcome.is_accepted = fuzz::accepts<http::Refusal>([&] {
    for (size_t at = 0; at < bytes.size() && !reader.is_done(); at += piece) {
      pending += bytes.substr(at, piece);
      for (bool goes_on = true; goes_on && !reader.is_done() && !pending.empty();) {
        const bool had_head = reader.is_header_done();
        const size_t taken = reader.take(pending);
        require(taken <= pending.size(), "no more is taken than there is");
        pending.erase(0, taken);
        outcome.taken += taken;
        goes_on = had_head != reader.is_header_done();
      }
    }
  });
  outcome.is_done = outcome.is_accepted && reader.is_done();
  if (outcome.is_accepted) require(reader.body_bytes() <= kMostBodyBytes, "a body is within its limit");
  if (outcome.is_done) outcome.request = reader.finished();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > kMostBytes) return 0;
  const std::string_view bytes = fuzz::as_text(data, size).substr(1);
  const Outcome whole = read(bytes, bytes.size());
  const Outcome cut = read(bytes, data[0] % 32 + 1);
  require(cut.is_accepted == whole.is_accepted && cut.is_done == whole.is_done, "cuts change no verdict");
  if (!whole.is_done) return 0;
  require(cut.taken == whole.taken, "a request ends at one place");
  require(cut.request.path == whole.request.path && cut.request.headers == whole.request.headers &&
              cut.request.body == whole.request.body,
          "cuts change no request");
  require(whole.request.path.starts_with('/'), "a path begins with a slash");
  for (const auto& [name, value] : whole.request.headers) {
    require(!name.empty() && (name + value).find_first_of("\r\n") == std::string::npos, "a field is one line");
  }
  return 0;
}
