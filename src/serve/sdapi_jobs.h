// The jobs of A1111's API that are drawn or wait: such clients know of one at a time, their own.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/value.h"
#include "serve/context.h"

namespace pixnerd::serve {

inline constexpr const char* kSdapi = "a1111";

// Threads: every call from any of them.
class SdapiJobs {
 public:
  // The context must outlive them.
  explicit SdapiJobs(const Context& context) : context_(context) {}

  // {"progress", "eta_relative", "state", "current_image", "textinfo"} of the client's job that is drawn, or else of
  // the one that waits first; 0 where there is none. Who asks for the picture on the way gets it from then on.
  config::Value progress(const std::string& client, bool with_image);

  // Ends those of the client that are drawn, or, where none is, the one that waits first: it has what is there then.
  void interrupt(const std::string& client);

 private:
  std::vector<JobView> of(const std::string& client) const;
  config::Value image_of(const std::string& id);

  const Context& context_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<void>> holds_;  // on previews, by job
};

}  // namespace pixnerd::serve
