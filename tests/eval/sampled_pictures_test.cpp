#include "eval/sampled_pictures.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/errors.h"
#include "core/text.h"
#include "sample/output.h"
#include "sample/sampler.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/models/tiny.h"

namespace pixnerd::eval {
namespace {

class Counted : public Progress {
 public:
  void update(int64_t done, int64_t total, std::string_view) override {
    done_ = done;
    total_ = total;
  }
  int64_t done_ = 0, total_ = 0;
};

sample::Request request_for(std::vector<int64_t> labels) {
  sample::Request request;
  request.labels = std::move(labels);
  request.seed = 5;
  request.batch_size = 2;
  request.sample.size = {8, 12};
  request.sample.sampler.steps = 2;
  return request;
}

at::Tensor rest_of(Pictures& pictures, int64_t at_once) {
  std::vector<at::Tensor> parts;
  for (at::Tensor some = pictures.next(at_once); some.size(0) > 0; some = pictures.next(at_once)) parts.push_back(some);
  return at::cat(parts);
}

TEST(SampledPictures, AreThoseOfTheRequestHoweverManyAreAskedFor) {
  models::ModelConfig config = models::tiny_config();
  config.num_styles = 2;
  const auto network = models::random_network(config, 1);
  sample::Request request = request_for({0, 1, 2, 0, 1});
  request.batch_size = 3;
  at::Tensor expected = at::empty({5, 12, 8, 3}, at::kByte);
  Counted progress;
  sample::sample_images(
      *network, request,
      [&](int64_t i, const image::Image& picture) {
        std::copy(picture.rgb.begin(), picture.rgb.end(), expected[i].mutable_data_ptr<uint8_t>());
      },
      progress);
  for (const int64_t at_once : {1, 3, 9}) {
    SampledPictures pictures(*network, request, "samples", progress);
    EXPECT_EQ(pictures.size(), 5);
    EXPECT_EQ(pictures.height(), 12);
    EXPECT_EQ(pictures.width(), 8);
    const at::Tensor drawn = rest_of(pictures, at_once);
    EXPECT_TRUE(drawn.equal(expected)) << at_once;
    EXPECT_EQ(progress.done_, 10);
    EXPECT_EQ(progress.total_, 10);
  }
}

TEST(SampledPictures, AreDrawnInBatchesOfTheirOwn) {
  const auto network = models::random_network(models::tiny_config(), 1);
  sample::Request request = request_for({0, 1, 2, 0, 1});
  request.batch_size = 4;
  Counted progress;
  SampledPictures pictures(*network, request, "samples", progress);
  EXPECT_EQ(pictures.next(1).size(0), 1);
  EXPECT_EQ(progress.done_, 8) << "a batch of four, two steps each";
  EXPECT_EQ(pictures.next(3).size(0), 3);
  EXPECT_EQ(progress.done_, 8);
  EXPECT_EQ(pictures.next(3).size(0), 1);
  EXPECT_EQ(pictures.next(3).size(0), 0);
}

TEST(SampledPictures, AreCheckedBeforeAnyIsDrawn) {
  const auto network = models::random_network(models::tiny_config(), 1);
  Counted progress;
  EXPECT_NE(thrown<RequestError>([&] { SampledPictures(*network, request_for({7}), "", progress); }).find("class 7"),
            std::string::npos);
}

// What the reader of judged pictures makes of what the sampler's output wrote.
TEST(SampledPictures, InAnNpzAreReadBack) {
  const TemporaryFolder folder;
  const auto output =
      sample::open_output(folder / "batch.npz", {.pictures = 3, .width = 5, .height = 2, .classes = {0, 1, 2}});
  for (uint8_t i = 0; i < 3; ++i) {
    image::Image picture = image::blank(5, 2);
    picture.rgb[29] = static_cast<uint8_t>(100 + i);
    output->put(i, picture);
  }
  output->finish();
  const auto pictures = pictures_at(folder / "batch.npz");
  EXPECT_EQ(pictures->width(), 5);
  const at::Tensor all = rest_of(*pictures, 2);
  EXPECT_EQ(all.sizes(), at::IntArrayRef({3, 2, 5, 3}));
  EXPECT_TRUE(all.flatten(1).select(1, 29).to(at::kLong).equal(at::arange(100, 103)));
  EXPECT_EQ(all.flatten(1).narrow(1, 0, 29).max().item<int>(), 0);
}

TEST(AskInTurn, EveryClassHasEveryStyle) {
  sample::Request request;
  ask_in_turn(request, 8, {4, 5}, {0, 1});
  EXPECT_EQ(request.labels, (std::vector<int64_t>{4, 5, 4, 5, 4, 5, 4, 5}));
  EXPECT_EQ(request.styles, (std::vector<int64_t>{0, 1, 1, 0, 0, 1, 1, 0}));
  ask_in_turn(request, 3, {4, 5}, {});
  EXPECT_EQ(request.labels.size(), 3U);
  EXPECT_TRUE(request.styles.empty());
}

// Pictures with the given labels and styles.
struct Labelled : public data::PictureSet {
  const std::filesystem::path& root() const override { return folder; }
  int64_t size() const override { return static_cast<int64_t>(labels.size()); }
  int64_t label(int64_t i) const override { return labels[static_cast<size_t>(i)]; }
  int64_t style(int64_t i) const override { return drawn_styles.empty() ? -1 : drawn_styles[static_cast<size_t>(i)]; }
  std::string name(int64_t i) const override { return concat(i, ".png"); }
  data::Picture open(int64_t) const override { return {image::blank(1, 1), {}}; }
  const std::vector<std::string>& classes() const override { return class_names; }
  const std::vector<std::string>& styles() const override { return style_names; }
  int64_t num_classes() const override { return 1 + *std::max_element(labels.begin(), labels.end()); }

  std::filesystem::path folder = "set";
  std::vector<int64_t> labels, drawn_styles;
  std::vector<std::string> class_names, style_names;
};

std::map<int64_t, int> counts_of(const std::vector<int64_t>& labels) {
  std::map<int64_t, int> counts;
  for (const int64_t label : labels) ++counts[label];
  return counts;
}

sample::ModelDescription described() {
  sample::ModelDescription description;
  description.model = models::tiny_config();
  return description;
}

TEST(AskAsIn, LabelsAreAsOftenAsInTheSet) {
  Labelled set;
  set.labels = {0, 0, 0, 2, 0, 1};
  sample::Request request;
  ask_as_in(request, 12, set, described(), 3);
  EXPECT_EQ(counts_of(request.labels), (std::map<int64_t, int>{{0, 8}, {1, 2}, {2, 2}}));
  EXPECT_TRUE(request.styles.empty());
  const std::vector<int64_t> all = request.labels;
  ask_as_in(request, 4, set, described(), 3);
  EXPECT_EQ(request.labels, std::vector<int64_t>(all.begin(), all.begin() + 4));
}

TEST(AskAsIn, NamesAreLookedUp) {
  Labelled set;
  set.labels = {0, 0, 1};
  set.drawn_styles = {1, 1, 0};
  set.class_names = {"pear", "apple"};
  set.style_names = {"flat", "round"};
  sample::ModelDescription description = described();
  description.model.num_styles = 2;
  description.classes = {"apple", "hot dog", "pear"};
  description.styles = {"round", "flat"};
  sample::Request request;
  ask_as_in(request, 3, set, description, 0);
  EXPECT_EQ(counts_of(request.labels), (std::map<int64_t, int>{{0, 1}, {2, 2}}));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(request.styles[i], request.labels[i] == 2 ? 0 : 1);
}

TEST(AskAsIn, WhatTheNetworkDoesNotKnowIsNamed) {
  Labelled set;
  sample::Request request;
  const auto message = [&](const sample::ModelDescription& description) {
    return thrown<DataError>([&] { ask_as_in(request, 1, set, description, 0); });
  };
  set.labels = {3};
  EXPECT_NE(message(described()).find("is of the class 3, which"), std::string::npos) << message(described());
  set.labels = {0};
  set.class_names = {"zeppelin"};
  sample::ModelDescription named = described();
  named.classes = {"apple", "pear", "hot dog"};
  EXPECT_NE(message(named).find("'zeppelin'"), std::string::npos) << message(named);
  named.model.num_styles = 2;
  set.class_names = {"pear"};
  EXPECT_NE(message(named).find("'0.png' of 'set' has no style"), std::string::npos) << message(named);
}

}  // namespace
}  // namespace pixnerd::eval
