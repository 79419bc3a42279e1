#include "cli/drawing_together.h"

#include <exception>
#include <mutex>
#include <utility>

#include "core/failure.h"
#include "dist/parcels.h"

namespace pixnerd::cli {
namespace {

// Every size()-th of the pictures.
std::vector<sample::PictureRequest> share_of(const dist::Group& group, std::vector<sample::PictureRequest> pictures) {
  std::vector<sample::PictureRequest> share;
  for (auto i = static_cast<size_t>(group.rank()); i < pictures.size(); i += static_cast<size_t>(group.size())) {
    share.push_back(std::move(pictures[i]));
  }
  return share;
}

}  // namespace

void draw_together(const Processes& processes, const DrawingTools& tools, std::vector<sample::PictureRequest> pictures,
                   const std::function<void(const sample::DrawSettings&)>& begin,
                   const std::function<void(int64_t index, image::Image picture)>& put, Progress& progress,
                   const sample::FrameSink& frames) {
  const dist::Group& group = *processes.group;
  std::vector<sample::PictureRequest> share = share_of(group, std::move(pictures));
  std::mutex mutex;
  dist::Parcels parcels(processes.group, [&](dist::Parcel parcel) {
    const std::lock_guard lock(mutex);
    put(parcel.number, {static_cast<int>(parcel.width), static_cast<int>(parcel.height), std::move(parcel.bytes)});
  });
  const auto number = [&](int64_t own) { return own * group.size() + group.rank(); };
  if (!share.empty()) {
    sample::DrawSettings settings = prepare(tools, share);
    begin(settings);
    sample::draw(
        *tools.file.network, std::move(share), std::move(settings),
        [&](int64_t own, image::Image picture) {
          group.check();
          if (!group.is_first())
            return parcels.send({number(own), picture.width, picture.height, std::move(picture.rgb)});
          const std::lock_guard lock(mutex);
          put(number(own), std::move(picture));
        },
        progress, frames);
  }
  parcels.finish();
}

void as_one_of(const Processes& processes, const std::function<void()>& work) {
  try {
    work();
    processes.group->finish();
  } catch (const dist::PeerError&) {
    throw;
  } catch (const std::exception& error) {
    processes.group->fail(message_of(error));
    throw;
  }
}

}  // namespace pixnerd::cli
