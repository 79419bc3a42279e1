// Kind preprocess: from files to the network's input and back to bytes; all exact but JPEG, whose decoders may differ
// by 2.
#include <ATen/ATen.h>

#include "core/text.h"
#include "image/codec.h"
#include "image/crop.h"
#include "image/pixels.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

at::Tensor bytes_of(const image::Image& picture) {
  return at::tensor(at::ArrayRef<uint8_t>(picture.rgb.data(), picture.rgb.size()), at::kByte)
      .view({picture.height, picture.width, 3});
}

image::Image picture_of(const at::Tensor& bytes, int width, int height) {
  const at::Tensor flat = bytes.contiguous();
  return {width, height, {flat.data_ptr<uint8_t>(), flat.data_ptr<uint8_t>() + flat.numel()}};
}

at::Tensor model_range(const image::Image& picture) {
  at::Tensor chw = at::empty({3, picture.height, picture.width});
  image::to_model_range(picture.rgb, picture.width, picture.height, chw.data_ptr<float>());
  return chw;
}

// Values that are no whole pictures are repeated over three channels of a picture one pixel high.
at::Tensor over_channels(const at::Tensor& values) {
  return values.unsqueeze(1).expand({-1, 3}).contiguous();
}

at::Tensor table_of(const at::Tensor& u8, float (*convert)(uint8_t)) {
  at::Tensor values = at::empty(u8.sizes());
  for (int64_t i = 0; i < u8.numel(); ++i) values[i] = convert(u8[i].item<uint8_t>());
  return values;
}

void compare_tables(Case& golden) {
  const at::Tensor u8 = golden.tensor("in.u8");
  golden.compare("u8_to_01", table_of(u8, image::to_unit_range), golden.tensor("out.u8_to_01"), 0.0);
  golden.compare("uint82fp", table_of(u8, image::undo_from_model_range), golden.tensor("out.uint82fp"), 0.0);
  const at::Tensor model = model_range(picture_of(over_channels(u8), static_cast<int>(u8.size(0)), 1))[0][0];
  golden.compare("u8_to_model", model, golden.tensor("out.u8_to_model"), 0.0);

  const at::Tensor fp = golden.tensor("in.fp");
  const at::Tensor chw = fp.unsqueeze(0).expand({3, -1}).contiguous();
  const auto picture = image::from_model_range(chw.data_ptr<float>(), static_cast<int>(fp.size(0)), 1);
  golden.compare("fp2uint8", bytes_of(picture)[0].select(1, 0), golden.tensor("out.fp2uint8"), 0.0);
}

}  // namespace

void run_preprocess(Case& golden) {
  const auto path = [&](const nlohmann::json& entry, const char* key) {
    return golden.folder() / entry.at(key).get<std::string>();
  };
  int index = 0;
  for (const auto& entry : golden.config().at("images")) {
    const image::Image picture = image::read_image(path(entry, "input"));
    const int size = entry.at("size");
    const image::Image adm = image::adm_center_crop(picture, size);
    golden.compare(concat("adm crop ", index), bytes_of(adm),
                   bytes_of(image::read_image(path(entry, "adm_center_crop"))), 0.0);
    golden.compare(concat("resize crop ", index), bytes_of(image::resize_center_crop(picture, size)),
                   bytes_of(image::read_image(path(entry, "resize_center_crop"))), 0.0);
    const std::string normalised = concat("out.normalised.", index < 10 ? "0" : "", index);
    if (golden.has(normalised)) golden.compare(normalised, model_range(adm), golden.tensor(normalised), 0.0);
    const std::string raw = concat("out.raw01.", index < 10 ? "0" : "", index);
    if (golden.has(raw)) {
      golden.compare(raw, table_of(bytes_of(adm).permute({2, 0, 1}).flatten(), image::to_unit_range),
                     golden.tensor(raw).flatten(), 0.0);
    }
    ++index;
  }
  for (const auto& entry : golden.config().at("jpegs")) {
    golden.compare_absolute(path(entry, "input").filename().string(), bytes_of(image::read_image(path(entry, "input"))),
                            bytes_of(image::read_image(path(entry, "rgb"))), 2.0);
  }
  compare_tables(golden);
}

}  // namespace pixnerd::parity
