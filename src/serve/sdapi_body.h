// The fields of a request of A1111's API, with the leniency of its own server: numbers may be texts, null is nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/value.h"
#include "http/message.h"
#include "serve/refusal.h"

namespace pixnerd::serve {

inline constexpr const char* kWrongType = "wrong_type";

class SdapiBody {
 public:
  // Refusal: 422 for what is no object. The value must outlive it.
  explicit SdapiBody(const config::Value& body);

  // Nothing where the field is not there or null. Refusal (422, kWrongType) for another type.
  std::optional<int64_t> whole(const char* key);
  std::optional<double> number(const char* key);
  std::optional<bool> flag(const char* key);
  std::optional<std::string> text(const char* key);
  std::vector<std::string> texts(const char* key);
  const config::Value* map(const char* key);

  // Those that nobody has asked for and that say something: not null, false, 0, empty, or what they usually are.
  std::vector<std::string> passed_over() const;

  // Takes them for asked for.
  void leave_out(const std::vector<std::string>& keys) { asked_.insert(keys.begin(), keys.end()); }

 private:
  const config::Value* find(const char* key);
  const config::Value* scalar(const char* key, const char* kind);

  const config::Value& body_;
  std::set<std::string> asked_;
};

// Whether a value says nothing.
bool is_nothing(const config::Value& value);

// {"detail": ...} as FastAPI has it, which such clients show, and {"error": ...} as the other APIs here.
http::Response sdapi_error(const Refusal& refusal);

}  // namespace pixnerd::serve
