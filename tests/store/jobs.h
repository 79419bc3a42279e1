// Jobs for tests of the history.
#pragma once

#include <string>

#include "store/history.h"

namespace pixnerd::store {

inline std::string some_hash(int number) {
  std::string hash = std::to_string(number);
  return std::string(64 - hash.size(), '0') + hash;
}

inline StoredJob some_job(const std::string& id, double created = 1000) {
  StoredJob job;
  job.id = id;
  job.api = "native";
  job.client = "somebody";
  job.model = "emoji64";
  job.request = R"({"class": "pear"})";
  job.count = 4;
  job.created = created;
  return job;
}

inline StoredPicture some_picture(int64_t index, const std::string& hash) {
  return {.index = index, .hash = hash, .width = 64, .height = 48, .seed = 7, .record = R"({"steps": 25})"};
}

// Adds a job that has ended.
inline void add_done(History& history, const std::string& id, double created, JobState state = JobState::done) {
  history.add(some_job(id, created));
  history.set_ended(id, state, created + 1, "", {});
}

}  // namespace pixnerd::store
