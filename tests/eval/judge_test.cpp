#include "eval/judge.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/text.h"
#include "eval/retrieval.h"
#include "tests/core/thrown.h"
#include "tests/eval/random.h"

namespace pixnerd::eval {
namespace {

constexpr int64_t kClasses = 8;

std::string name_of(int64_t number) {
  return concat("class ", number);
}

// Of each class one picture in each style. What the network sees differs by class and by style, thumbnails by class.
Exemplars exemplars(const std::vector<std::string>& styles, uint64_t seed, double noise = 0.3) {
  const int64_t count = kClasses * std::ssize(styles);
  Exemplars all;
  const at::Tensor of_classes = random({kClasses, 24}, 1), of_styles = random({8, 24}, 2);
  const at::Tensor looks = random({kClasses, 192}, 3).mul(0.1).add(0.5);
  all.features.pooled = at::empty({count, 24});
  all.features.thumbnails = at::empty({count, 192});
  const at::Tensor seen = random({count, 24}, seed), pixels = random({count, 192}, seed + 1) * 0.05;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t number = i % kClasses, style = i / kClasses;
    all.features.pooled[i] = (of_classes[number] + of_styles[style] + seen[i] * noise + 6).clamp_min(0);
    all.features.thumbnails[i] = looks[number] + pixels[i];
    all.shown.push_back({{name_of(number)}, styles[static_cast<size_t>(style)], "", 0});
  }
  return all;
}

const std::vector<std::string> kStyles = {"flat", "round", "shaded"};

TEST(Judge, NamesClassesAndStylesOfWhatItHasNotSeen) {
  const Judge judge(exemplars(kStyles, 10), {});
  EXPECT_EQ(judge.classes().size(), static_cast<size_t>(kClasses));
  EXPECT_EQ(judge.exemplars(), 24);
  const Exemplars drawn = exemplars(kStyles, 20);
  const Rates rates = rates_of(drawn.shown, judge.opinions(drawn.features, drawn.shown));
  EXPECT_GE(rates.top1, 0.9);
  EXPECT_EQ(rates.styled, 24);
  EXPECT_GE(rates.style, 0.5) << "by chance a third";
  // Features of other pictures than those that were asked for.
  std::vector<Asked> wrong = drawn.shown;
  std::rotate(wrong.begin(), wrong.begin() + 3, wrong.end());
  EXPECT_LE(rates_of(wrong, judge.opinions(drawn.features, wrong)).top1, 0.1);
}

TEST(Judge, GivesThePlaceOfEveryClassThatIsAskedFor) {
  const Judge judge(exemplars(kStyles, 10), {});
  Exemplars one = exemplars({"flat"}, 20);
  std::vector<Asked> asked(kClasses);
  for (Asked& each : asked) {
    for (int64_t i = 0; i < kClasses; ++i) each.classes.push_back(name_of(i));
  }
  for (const Opinion& opinion : judge.opinions(one.features, asked)) {
    std::vector<int64_t> places = opinion.places;
    const auto first = std::find(places.begin(), places.end(), 1) - places.begin();
    EXPECT_EQ(opinion.named, name_of(first));
    std::sort(places.begin(), places.end());
    for (int64_t i = 0; i < kClasses; ++i) EXPECT_EQ(places[static_cast<size_t>(i)], i + 1);
  }
}

TEST(Judge, LearnsFromOtherArtistsButNotTheirStyles) {
  Exemplars more = exemplars({"pixels", "ink"}, 30);
  more.shown[0].classes = {"unknown"};
  const Judge judge(exemplars({"flat"}, 10), more);
  EXPECT_EQ(judge.exemplars(), kClasses + 2 * kClasses - 1);
  EXPECT_EQ(judge.classes().size(), static_cast<size_t>(kClasses));
  const Exemplars drawn = exemplars(kStyles, 20);
  const double with_more = rates_of(drawn.shown, judge.opinions(drawn.features, drawn.shown)).top1;
  for (const Opinion& opinion : judge.opinions(drawn.features, drawn.shown)) EXPECT_EQ(opinion.style, "flat");
  const Judge alone(exemplars({"flat"}, 10), {});
  EXPECT_GE(with_more, rates_of(drawn.shown, alone.opinions(drawn.features, drawn.shown)).top1);
}

TEST(Judge, OfUnseenPicturesLeavesOutWhatNearlyRepeatsThem) {
  // Noise for pictures: nothing can be told but from the picture itself.
  Exemplars noise = exemplars(kStyles, 10);
  noise.features.pooled = random({24, 24}, 40).abs();
  noise.features.thumbnails = random({24, 192}, 41).mul(0.1).add(0.5);
  Exemplars copies = noise;
  const Judge judge(noise, copies);
  EXPECT_EQ(rates_of(noise.shown, judge.opinions(noise.features, noise.shown)).top1, 1) << "it knows these";
  const Rates unseen = rates_of(judge.shown(), judge.of_unseen(5, 0));
  EXPECT_EQ(unseen.pictures, 24);
  EXPECT_LT(unseen.top1, 0.5) << "neither a picture nor its copy may tell of it";

  const Judge sound(exemplars(kStyles, 10), {});
  EXPECT_GE(rates_of(sound.shown(), sound.of_unseen(6, 0)).top1, 0.8);
}

TEST(Judge, DoesNotJudgeWhatItDoesNotKnow) {
  const std::vector<Asked> shown = exemplars(kStyles, 10).shown;
  check_known({{{name_of(0), name_of(1)}, "", "", 0}}, shown);
  EXPECT_NE(thrown<DataError>([&] {
              check_known({{{"zeppelin"}, "", "", 0}}, shown);
            }).find("'zeppelin'"),
            std::string::npos);
}

TEST(Thumbnails, AreMeansOfAreas) {
  at::Tensor picture = at::zeros({1, 16, 24, 3}, at::kByte);
  picture[0][0][0][1] = 255;
  const at::Tensor seen = thumbnails(picture);
  EXPECT_EQ(seen.sizes(), at::IntArrayRef({1, 192}));
  EXPECT_NEAR(seen[0][64].item<double>(), 1.0 / 6, 1e-6);
  EXPECT_NEAR(seen.sum().item<double>(), 1.0 / 6, 1e-6);
  const auto nothing = [](const at::Tensor&) { return Features{}; };
  EXPECT_TRUE(with_thumbnails(nothing)(picture).thumbnails.equal(seen));
}

}  // namespace
}  // namespace pixnerd::eval
