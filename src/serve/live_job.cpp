#include "serve/live_job.h"

#include <algorithm>

#include "core/errors.h"

namespace pixnerd::serve {

int64_t LiveJob::steps_done() const {
  int64_t done = 0;
  for (const LivePicture& picture : pictures) done += picture.steps_done;
  return done;
}

int64_t LiveJob::pictures_left() const {
  return std::count_if(pictures.begin(), pictures.end(), [](const LivePicture& picture) { return !picture.is_over; });
}

std::vector<engine::PictureId> LiveJob::flying() const {
  std::vector<engine::PictureId> ids;
  for (const LivePicture& picture : pictures) {
    if (picture.flying) ids.push_back(*picture.flying);
  }
  return ids;
}

int64_t LiveJob::pixels() const {
  if (order.pictures.empty()) return 0;
  const auto& size = order.pictures.front().settings->size;
  return size[0] * size[1];
}

void LiveJob::stop(const std::vector<engine::PictureId>& ids) const {
  for (const engine::PictureId id : ids) {
    try {
      network->engine->cancel(id);
    } catch (const RequestError&) {
      // it has come to its end meanwhile
    }
  }
}

}  // namespace pixnerd::serve
