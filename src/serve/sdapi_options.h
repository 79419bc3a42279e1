// The options of A1111's API: the chosen checkpoint, and whatever else clients keep there.
#pragma once

#include <mutex>
#include <string>

#include "config/value.h"
#include "serve/catalogue.h"

namespace pixnerd::serve {

// Threads: every call from any of them.
class SdapiOptions {
 public:
  // The catalogue must outlive them. The first checkpoint is chosen.
  explicit SdapiOptions(const Catalogue& catalogue);

  // All of them, as clients send them back whole to change one.
  config::Value all() const;

  // Refusal: 404 for a checkpoint that is not there, 422 for what is no object or too much; nothing is changed then.
  void change(const config::Value& options);

  std::string model() const;  // its name

 private:
  const Catalogue& catalogue_;
  mutable std::mutex mutex_;
  std::string model_;
  config::Value others_;
};

}  // namespace pixnerd::serve
