#include "eval/sampled_pictures.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/errors.h"
#include "core/text.h"
#include "sample/output.h"
#include "sample/requests.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/eval/labelled.h"
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

std::vector<sample::PictureRequest> requests_for(const std::vector<int64_t>& labels, int64_t steps = 2) {
  sample::SampleConfig settings;
  settings.size = {8, 12};
  settings.sampler.steps = steps;
  return sample::requests_of(labels, {}, std::ssize(labels), sample::ClassOrder::runs, 5, settings);
}

at::Tensor rest_of(Pictures& pictures, int64_t at_once) {
  std::vector<at::Tensor> parts;
  for (at::Tensor some = pictures.next(at_once); some.size(0) > 0; some = pictures.next(at_once)) parts.push_back(some);
  return at::cat(parts);
}

TEST(SampledPictures, AreThoseOfTheRequestsHoweverManyAreAskedFor) {
  models::ModelConfig config = models::tiny_config();
  config.num_styles = 2;
  const auto network = models::random_network(config, 1);
  auto requests = requests_for({0, 1, 2, 0, 1});
  for (size_t i = 0; i < requests.size(); ++i) requests[i].style = static_cast<int64_t>(i % 3);
  at::Tensor expected = at::empty({5, 12, 8, 3}, at::kByte);
  Counted progress;
  sample::draw(
      *network, requests, {.batch = 3},
      [&](int64_t i, const image::Image& picture) {
        std::copy(picture.rgb.begin(), picture.rgb.end(), expected[i].mutable_data_ptr<uint8_t>());
      },
      progress);
  for (const int64_t at_once : {1, 3, 9}) {
    SampledPictures pictures(*network, requests, {.batch = 3}, "samples", progress);
    EXPECT_EQ(pictures.size(), 5);
    EXPECT_EQ(pictures.height(), 12);
    EXPECT_EQ(pictures.width(), 8);
    const at::Tensor drawn = rest_of(pictures, at_once);
    EXPECT_TRUE(drawn.equal(expected)) << at_once;
    EXPECT_EQ(progress.done_, 10);
    EXPECT_EQ(progress.total_, 10);
  }
}

// The one that is asked for, and no more than may share its evaluations.
TEST(SampledPictures, AreDrawnAsTheyAreAskedFor) {
  const auto network = models::random_network(models::tiny_config(), 1);
  Counted progress;
  SampledPictures pictures(*network, requests_for({0, 1, 2, 0, 1, 2, 0}), {.batch = 2}, "samples", progress);
  EXPECT_EQ(progress.done_, 0);
  EXPECT_EQ(pictures.next(1).size(0), 1);
  EXPECT_EQ(progress.done_, 4) << "two at a time, two steps each";
  EXPECT_EQ(pictures.next(1).size(0), 1);
  EXPECT_EQ(progress.done_, 4);
  EXPECT_EQ(pictures.next(4).size(0), 4);
  EXPECT_EQ(progress.done_, 12);
  EXPECT_EQ(pictures.next(3).size(0), 1);
  EXPECT_EQ(pictures.next(3).size(0), 0);
  EXPECT_EQ(progress.done_, 14);
}

TEST(SampledPictures, AreCheckedBeforeAnyIsDrawn) {
  const auto network = models::random_network(models::tiny_config(), 1);
  Counted progress;
  const auto refusal = [&](const std::vector<sample::PictureRequest>& requests) {
    return thrown<RequestError>([&] { SampledPictures(*network, requests, {}, "", progress); });
  };
  EXPECT_NE(refusal(requests_for({7})).find("class 7"), std::string::npos);
  EXPECT_NE(refusal({}).find("class"), std::string::npos);
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

std::vector<int64_t> labels_of(const std::vector<sample::PictureRequest>& pictures) {
  std::vector<int64_t> labels;
  for (const sample::PictureRequest& picture : pictures) labels.push_back(picture.label.value());
  return labels;
}

std::map<int64_t, int> counts_of(const std::vector<sample::PictureRequest>& pictures) {
  std::map<int64_t, int> counts;
  for (const int64_t label : labels_of(pictures)) ++counts[label];
  return counts;
}

sample::ModelDescription described() {
  sample::ModelDescription description;
  description.model = models::tiny_config();
  return description;
}

TEST(RequestsAsIn, LabelsAreAsOftenAsInTheSet) {
  Labelled set;
  set.labels = {0, 0, 0, 2, 0, 1};
  const auto pictures = requests_as_in(set, 12, described(), 3, {});
  EXPECT_EQ(counts_of(pictures), (std::map<int64_t, int>{{0, 8}, {1, 2}, {2, 2}}));
  for (size_t i = 0; i < pictures.size(); ++i) {
    EXPECT_FALSE(pictures[i].style) << i;
    EXPECT_EQ(pictures[i].seed, 3 + i);
  }
  const std::vector<int64_t> all = labels_of(pictures);
  EXPECT_EQ(labels_of(requests_as_in(set, 4, described(), 3, {})), std::vector<int64_t>(all.begin(), all.begin() + 4));
}

TEST(RequestsAsIn, NamesAreLookedUp) {
  Labelled set;
  set.labels = {0, 0, 1};
  set.drawn_styles = {1, 1, 0};
  set.class_names = {"pear", "apple"};
  set.style_names = {"flat", "round"};
  sample::ModelDescription description = described();
  description.model.num_styles = 2;
  description.classes = {"apple", "hot dog", "pear"};
  description.styles = {"round", "flat"};
  const auto pictures = requests_as_in(set, 3, description, 0, {});
  EXPECT_EQ(counts_of(pictures), (std::map<int64_t, int>{{0, 1}, {2, 2}}));
  for (const sample::PictureRequest& picture : pictures) EXPECT_EQ(picture.style, picture.label == 2 ? 0 : 1);
}

TEST(RequestsAsIn, WhatTheNetworkDoesNotKnowIsNamed) {
  Labelled set;
  const auto message = [&](const sample::ModelDescription& description) {
    return thrown<DataError>([&] { requests_as_in(set, 1, description, 0, {}); });
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
