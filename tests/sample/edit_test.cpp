#include "sample/edit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/errors.h"
#include "image/codec.h"
#include "image/crop.h"
#include "image/upright.h"
#include "sample/drawing.h"
#include "sample/record.h"
#include "sample/requests.h"
#include "tests/checkpoint/files.h"
#include "tests/core/thrown.h"
#include "tests/image/pictures.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::sample {
namespace {

using image::Image;

class Watched : public Progress {
 public:
  void update(int64_t done, int64_t total, std::string_view) override {
    EXPECT_GE(done, last);
    EXPECT_LE(done, total);
    last = done;
    of = total;
  }
  int64_t last = 0, of = -1;
};

class SampleEditTest : public testing::Test {
 protected:
  SampleEditTest() { network_->set_mode(models::Mode::infer); }

  std::filesystem::path written(const std::string& name, const Image& image) const {
    image::write_png(folder_ / name, image);
    return folder_ / name;
  }

  // Grey, by a function of the place.
  template <class Value>
  std::filesystem::path mask(const std::string& name, int width, int height, Value value) const {
    Image image = image::blank(width, height);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) std::fill_n(image.row(y) + 3 * x, 3, static_cast<uint8_t>(value(x, y)));
    }
    return written(name, image);
  }

  PictureEdit read(const std::filesystem::path& input, const std::filesystem::path& mask = {},
                   EditRecord how = {}) const {
    return read_edit(input, mask, std::move(how), description_.model);
  }

  Image draw(const PictureEdit& edit, const diffusion::SamplerConfig& sampler, uint64_t seed = 7) {
    PictureRequest picture;
    picture.label = 1;
    picture.seed = seed;
    SampleConfig settings;
    settings.size = edit.canvas_size();
    settings.sampler = sampler;
    picture.settings = std::make_shared<const SampleConfig>(settings);
    picture.edit = std::make_shared<const PictureEdit>(edit);
    Watched progress;
    Image drawn;
    sample::draw(
        *network_, {picture}, {}, [&](int64_t, Image image) { drawn = std::move(image); }, progress);
    EXPECT_EQ(progress.last, progress.of);
    return drawn;
  }

  TemporaryFolder folder_;
  ModelDescription description_ = tiny_description();
  std::shared_ptr<models::Network> network_ = models::random_network(description_.model, 1);
};

TEST_F(SampleEditTest, WhatStaysHasItsBytesWithEverySolverAndForm) {
  const auto input = written("in.png", image::noise(10, 9, 1));
  const auto soft = mask("m.png", 10, 9, [](int x, int) { return std::clamp(100 * (x - 4), 0, 255); });
  using diffusion::SolverKind;
  using diffusion::Stochastic;
  for (const int64_t resample : {1, 3}) {
    EditRecord how;
    how.resample = resample;
    const PictureEdit edit = read(input, soft, how);
    EXPECT_EQ(edit.canvas_size(), (PictureSize{12, 12}));  // whole patches of 4
    for (const auto solver :
         {SolverKind::euler, SolverKind::heun, SolverKind::heun_reuse, SolverKind::adams, SolverKind::dpm}) {
      for (const auto form : {Stochastic::none, Stochastic::mean, Stochastic::sde, Stochastic::preserve}) {
        const bool may_be_random = solver != SolverKind::adams && solver != SolverKind::dpm;
        if (form != Stochastic::none && !may_be_random) continue;
        diffusion::SamplerConfig sampler;
        sampler.solver = solver;
        sampler.steps = 4;
        sampler.stochastic = form;
        sampler.guidance = 2;
        const Image drawn = draw(edit, sampler), before = image::noise(10, 9, 1);
        ASSERT_EQ(drawn.width, 10);
        ASSERT_EQ(drawn.height, 9);
        const image::Rectangle kept{0, 0, 5, 9}, fresh{6, 0, 4, 9};
        EXPECT_EQ(image::crop(drawn, kept).rgb, image::crop(before, kept).rgb);
        EXPECT_GT(image::distance(image::crop(drawn, fresh), image::crop(before, fresh)), 20);
      }
    }
  }
}

TEST_F(SampleEditTest, SoftEdgesLieBetween) {
  // Where little is drawn anew, little changes.
  const auto input = written("in.png", image::noise(8, 8, 1));
  diffusion::SamplerConfig sampler;
  sampler.steps = 4;
  double before = 0;
  for (const int m : {60, 140, 255}) {
    const Image drawn = draw(read(input, mask("m.png", 8, 8, [&](int, int) { return m; })), sampler);
    const Image image = image::noise(8, 8, 1);
    double change = 0;
    for (size_t i = 0; i < image.rgb.size(); ++i) change += std::abs(drawn.rgb[i] - image.rgb[i]);
    EXPECT_GT(change, 1.5 * before) << m;
    EXPECT_LE(image::distance(drawn, image), m + 1);
    before = change;
  }
}

TEST_F(SampleEditTest, TransparentIsDrawnAnew) {
  const PictureEdit edit = read("tests/image/data/rgba8.png");  // 9 x 6
  const Image colours = image::read_image("tests/image/data/rgba8.png");
  ASSERT_EQ(edit.canvas_size(), (PictureSize{12, 8}));
  const image::UprightImage file = image::upright(checkpoint::read_whole("tests/image/data/rgba8.png"), "rgba8.png");
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 12; ++x) {
      const bool is_added = x >= 9 || y >= 6;
      const uint8_t m = edit.mask[static_cast<size_t>(12 * y + x)];
      EXPECT_EQ(m, is_added ? 255 : 255 - file.alpha[static_cast<size_t>(9 * y + x)]);
    }
  }
  EXPECT_EQ(image::crop(edit.canvas, edit.result).rgb, colours.rgb);
  EXPECT_EQ(edit.record.strength, 1.0);
}

TEST_F(SampleEditTest, TheMaskIsTurned) {
  const auto input = written("in.png", image::noise(8, 8, 1));
  const auto some = mask("m.png", 8, 8, [](int x, int) { return 30 * x; });
  EditRecord how;
  how.invert_mask = true;
  const PictureEdit plain = read(input, some), inverted = read(input, some, how);
  for (size_t i = 0; i < plain.mask.size(); ++i) EXPECT_EQ(plain.mask[i] + inverted.mask[i], 255);
  EXPECT_NE(thrown<RequestError>([&] { read(input, {}, how); }).find("no mask to invert"), std::string::npos);
}

TEST_F(SampleEditTest, PicturesAreTurnedAsExifAsksAndSoAreMasks) {
  const Image lying = image::read_image("tests/image/data/exif6.png");
  const PictureEdit edit = read("tests/image/data/exif6.png");
  EXPECT_EQ(edit.size(), (PictureSize{lying.height, lying.width}));
  // Turned to the right: the first row becomes the last column.
  for (int x = 0; x < lying.width; ++x) {
    EXPECT_TRUE(
        std::equal(lying.row(0) + 3 * x, lying.row(0) + 3 * x + 3, edit.canvas.row(x) + 3 * (lying.height - 1)));
  }
  const auto input = written("in.png", image::noise(lying.height, lying.width, 1));
  EXPECT_EQ(read(input, "tests/image/data/exif6.png").size(), edit.size());
}

TEST_F(SampleEditTest, SixteenBitsAreReadByTheirHighByte) {
  const image::UprightImage grey = image::upright(checkpoint::read_whole("tests/image/data/grey16.png"), "grey16.png");
  const image::UprightImage tiff = image::upright(checkpoint::read_whole("tests/image/data/grey16.tif"), "grey16.tif");
  EXPECT_EQ(grey.colours.rgb[0], 54545 >> 8);
  EXPECT_EQ(grey.colours.rgb[3], 50738 >> 8);
  EXPECT_EQ(grey.colours.rgb.back(), 65337 >> 8);
  EXPECT_EQ(tiff.colours.rgb[0], 375 >> 8);
  EXPECT_EQ(tiff.colours.rgb.back(), 597 >> 8);
}

TEST_F(SampleEditTest, MoreIsDrawnAroundAPicture) {
  const Image before = image::noise(6, 5, 1);
  EditRecord how;
  how.extend = {3, 1, 2, 0};
  const PictureEdit edit = read(written("in.png", before), {}, how);
  EXPECT_EQ(edit.size(), (PictureSize{11, 6}));
  EXPECT_EQ(edit.canvas_size(), (PictureSize{12, 8}));
  EXPECT_EQ(std::count(edit.mask.begin(), edit.mask.end(), 0), 30);
  diffusion::SamplerConfig sampler;
  sampler.steps = 3;
  const Image drawn = draw(edit, sampler);
  EXPECT_EQ(drawn.width, 11);
  EXPECT_EQ(image::crop(drawn, {3, 1, 6, 5}).rgb, before.rgb);
}

TEST_F(SampleEditTest, APictureIsFittedToASizeWithItsMask) {
  EditRecord how;
  how.size = PictureSize{8, 8};
  // The left half of what the middle shows.
  const auto half = mask("m.png", 32, 16, [](int x, int) { return x < 16 ? 255 : 0; });
  const PictureEdit edit = read(written("in.png", image::noise(32, 16, 1)), half, how);
  EXPECT_EQ(edit.size(), (PictureSize{8, 8}));
  EXPECT_EQ(edit.mask[0], 255);
  EXPECT_EQ(edit.mask[7], 0);
  const PictureEdit own =
      read(folder_ / "in.png", mask("s.png", 8, 8, [](int, int y) { return y > 3 ? 255 : 0; }), how);
  EXPECT_EQ(std::count(own.mask.begin(), own.mask.end(), 255), 32);
}

TEST_F(SampleEditTest, WhatCannotBeEditedIsRefused) {
  const auto input = written("in.png", image::noise(8, 8, 1));
  const auto says = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  const auto other = mask("other.png", 8, 12, [](int, int) { return 255; });
  const std::string sizes = thrown<RequestError>([&] { read(input, other); });
  says(sizes, "8x12");
  says(sizes, "8x8");
  const auto black = mask("black.png", 8, 8, [](int, int) { return 0; });
  const auto white = mask("white.png", 8, 8, [](int, int) { return 255; });
  says(thrown<RequestError>([&] { read(input, black); }), "nothing to draw");
  EditRecord inverted;
  inverted.invert_mask = true;
  says(thrown<RequestError>([&] { read(input, white, inverted); }), "nothing to draw");
  EXPECT_TRUE(read(input, white).mask.empty());
  for (const double strength : {0.0, -0.5, 1.5, std::nan("")}) {
    EditRecord how;
    how.strength = strength;
    says(thrown<RequestError>([&] { read(input, white, how); }), "strength");
  }
  std::ofstream(folder_ / "text.png") << "no picture";
  says(thrown<DataError>([&] { read(folder_ / "text.png"); }), "is not a PNG");
  says(thrown<DataError>([&] { read(input, folder_ / "text.png"); }), "is not a PNG");
  says(thrown<DataError>([&] { read("tests/image/data/huge.hostile.png"); }), "huge");
  thrown<DataError>([&] { read(folder_ / "none.png"); });
  EditRecord wide;
  wide.extend = {16384, 0, 16384, 0};
  says(thrown<RequestError>([&] { read(input, {}, wide); }), "between 1 and");
}

TEST_F(SampleEditTest, RequestsOfAnotherSizeAreRefused) {
  const PictureEdit edit = read(written("in.png", image::noise(8, 8, 1)));
  SampleConfig settings;
  settings.size = {8, 12};
  PictureRequest picture;
  picture.label = 1;
  picture.edit = std::make_shared<const PictureEdit>(edit);
  picture.settings = std::make_shared<const SampleConfig>(settings);
  EXPECT_NE(thrown<RequestError>([&] { check(network_->config(), {picture}); }).find("another size"),
            std::string::npos);
  settings.size = {8, 8};
  settings.decode_size = PictureSize{16, 16};
  picture.settings = std::make_shared<const SampleConfig>(settings);
  EXPECT_NE(thrown<RequestError>([&] { check(network_->config(), {picture}); }).find("one size"), std::string::npos);
}

TEST_F(SampleEditTest, ItsRecordSaysEverything) {
  const PictureEdit edit =
      read(written("in.png", image::noise(8, 8, 1)), mask("m.png", 8, 8, [](int x, int) { return 30 * x; }));
  PictureRequest picture;
  picture.label = 1;
  picture.settings = std::make_shared<const SampleConfig>();
  picture.edit = std::make_shared<const PictureEdit>(edit);
  picture.variation = Variation{9, 0.25};
  picture.mixture = Mixture{2, {}, {}, 0.5};
  const std::string line = to_json(record_of({}, picture));
  std::ofstream(folder_ / "manifest.jsonl") << line;
  const PictureRecord record = read_records(folder_ / "manifest.jsonl").front();
  EXPECT_EQ(record.edit, edit.record);
  EXPECT_EQ(record.edit->input, "in.png");
  EXPECT_EQ(record.edit->input_hash, picture_hash(folder_ / "in.png"));
  EXPECT_EQ(record.edit->mask_hash, picture_hash(folder_ / "m.png"));
  EXPECT_NE(record.edit->input_hash, record.edit->mask_hash);
  EXPECT_EQ(record.variation->seed, 9U);
  EXPECT_EQ(record.mixture->share, 0.5);
  picture.edit = nullptr;
  picture.variation.reset();
  picture.mixture.reset();
  EXPECT_EQ(to_json(record_of({}, picture)).find("edit"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::sample
