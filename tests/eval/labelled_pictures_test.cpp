#include "eval/labelled_pictures.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/core/thrown.h"
#include "tests/eval/labelled.h"

namespace pixnerd::eval {
namespace {

image::Image flat(int width, int height, uint8_t level) {
  image::Image picture = image::blank(width, height);
  for (uint8_t& each : picture.rgb) each = level;
  return picture;
}

std::shared_ptr<Labelled> three() {
  auto set = std::make_shared<Labelled>();
  set->labels = {1, -1, 0};
  set->drawn_styles = {0, 0, -1};
  set->class_names = {"fox", "owl"};
  set->style_names = {"round"};
  set->images = {flat(4, 4, 10), flat(4, 4, 20), flat(4, 4, 30)};
  return set;
}

TEST(LabelledPictures, ComeInTheOrderOfTheSetWithWhatTheyShow) {
  LabelledPictures pictures(three(), 0);
  EXPECT_EQ(pictures.size(), 2);
  EXPECT_EQ(pictures.width(), 4);
  EXPECT_EQ(pictures.shown()[0].classes, std::vector<std::string>{"owl"});
  EXPECT_EQ(pictures.shown()[0].style, "round");
  EXPECT_EQ(pictures.shown()[1].classes, std::vector<std::string>{"fox"});
  EXPECT_EQ(pictures.shown()[1].style, "");
  EXPECT_EQ(pictures.next(1)[0][3][3][0].item<int>(), 10);
  EXPECT_EQ(pictures.next(5)[0][0][0][0].item<int>(), 30);
  EXPECT_EQ(pictures.next(5).size(0), 0);
  LabelledPictures all(three(), 0, {}, Take::all);
  EXPECT_EQ(all.size(), 3);
  EXPECT_TRUE(all.shown()[1].classes.empty());
}

TEST(LabelledPictures, ComeToOneSize) {
  const auto set = three();
  set->images = {flat(4, 4, 10), flat(9, 9, 20), flat(2, 2, 30)};
  set->images[0].rgb[0] = 50;
  set->labels = {0, 0, 1};
  LabelledPictures pictures(set, 0, {2, 2});
  const at::Tensor all = pictures.next(3);
  EXPECT_EQ(all.sizes(), at::IntArrayRef({3, 2, 2, 3}));
  EXPECT_EQ(all[0][0][0][0].item<int>(), 20) << "the mean of the area";
  EXPECT_EQ(all[2][1][1][2].item<int>(), 30);
  LabelledPictures larger(set, 0, {18, 18});
  EXPECT_EQ(larger.next(3)[1][17][17][1].item<int>(), 20);
  EXPECT_NE(thrown<DataError>([&] { LabelledPictures(set, 0).next(3); }).find("'1.png' of 'set' has 9x9 pixels"),
            std::string::npos);
  LabelledPictures cut(set, 3);
  EXPECT_EQ(cut.next(3).size(1), 3);
}

TEST(LabelledPictures, RefuseOtherShapesAndSetsWithoutClasses) {
  const auto set = three();
  set->images[0] = flat(4, 5, 1);
  EXPECT_NE(thrown<DataError>([&] { LabelledPictures(set, 0, {2, 2}).next(1); }).find("--crop"), std::string::npos);
  set->labels = {-1, -1, -1};
  EXPECT_NE(thrown<DataError>([&] { LabelledPictures(set, 0); }).find("has a class"), std::string::npos);
}

TEST(LabelledPictures, ClassesWithoutNamesAreNumbers) {
  const auto set = three();
  set->class_names.clear();
  EXPECT_EQ(class_name(*set, 0), "1");
  EXPECT_EQ(class_name(*set, 1), "");
  EXPECT_EQ(style_name(*set, 0), "round");
}

}  // namespace
}  // namespace pixnerd::eval
