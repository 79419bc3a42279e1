#include "data/treatment.h"

#include "core/counted.h"
#include "core/text.h"

namespace pixnerd::data {

void Treatment::add(const image::Info& info) {
  ++pictures;
  if (info.orientation != 1) ++turned;
  if (info.is_clipped()) ++clipped;
  if (info.has_alpha) ++transparent;
  if (info.is_grey) ++grey;
}

std::vector<std::string> Treatment::lines(const Reading& reading) const {
  std::vector<std::string> lines;
  const auto say = [&](int64_t count, const char* one, const char* more, const char* done) {
    if (count == 0) return;
    lines.push_back(
        concat(count, " of ", counted(pictures, "picture", "pictures"), " ", count == 1 ? one : more, done));
  };
  say(turned, "has an EXIF orientation", "have an EXIF orientation",
      reading.orientation == Orientation::exif ? ", which is followed"
                                               : ", which is ignored: data.orientation exif follows it");
  say(clipped, "is", "are", " grey of 16 bits, clipped to 8 as Pillow does: what is above 255 turns white");
  say(transparent, "has", "have",
      reading.background ? " an alpha channel and lie on the background"
                         : " an alpha channel, which is dropped: a background shows what it hides");
  say(grey, "is grey and counts", "are grey and count", " as colour whose channels are equal");
  return lines;
}

}  // namespace pixnerd::data
