#include "engine/inbox.h"

#include <utility>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::engine {

PictureId Inbox::submit(Picture picture, std::shared_ptr<Observer> observer) {
  std::unique_lock lock(mutex_);
  require_open();
  const PictureId id = next_id_++;
  lock.unlock();
  observer->queued(id);
  lock.lock();
  require_open();
  live_.insert(id);
  news_.pictures.push_back({id, std::move(picture), std::move(observer)});
  changed_.notify_all();
  return id;
}

void Inbox::cancel(PictureId id) {
  const std::lock_guard lock(mutex_);
  if (live_.erase(id) == 0) {
    throw RequestError(concat("picture ", id, " is not being drawn: it is done, has failed, or was cancelled before"));
  }
  news_.cancelled.push_back(id);
  changed_.notify_all();
}

void Inbox::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

bool Inbox::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return is_closed_ || !live_.empty() || !news_.cancelled.empty(); });
  return !live_.empty() || !news_.cancelled.empty();
}

size_t Inbox::size() const {
  const std::lock_guard lock(mutex_);
  return live_.size();
}

Inbox::News Inbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

bool Inbox::end(PictureId id) {
  const std::lock_guard lock(mutex_);
  std::erase(news_.cancelled, id);
  return live_.erase(id) > 0;
}

void Inbox::require_open() const {
  if (is_closed_) throw RequestError("the engine is shut down and takes no more pictures");
}

}  // namespace pixnerd::engine
