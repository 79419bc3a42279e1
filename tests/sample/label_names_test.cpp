#include "sample/label_names.h"

#include <gtest/gtest.h>

#include <set>

#include "core/errors.h"
#include "core/log.h"
#include "sample/imagenet_classes.h"
#include "tests/core/thrown.h"

namespace pixnerd::sample {
namespace {

const std::vector<std::string> kNames = {"Red fox", "fox", "hot dog", "Arctic fox"};

int64_t named(const std::string& text) {
  return label_named(text, kNames, "class");
}

std::string error_of(const std::string& text) {
  return thrown<RequestError>([&] { named(text); });
}

TEST(LabelNames, TheNameOrWhatIsNearestToIt) {
  EXPECT_EQ(named("fox"), 1);
  EXPECT_EQ(named("red FOX"), 0);
  EXPECT_EQ(named("dog"), 2);  // a part of one alone
  EXPECT_EQ(named("arctic"), 3);
}

TEST(LabelNames, APartOfANameIsSaid) {
  std::string said;
  set_log_sink([&](std::string_view line) { said += line; });
  named("arc");
  set_log_sink({});
  EXPECT_NE(said.find("Arctic fox (3)"), std::string::npos) << said;
}

TEST(LabelNames, PartsOfSeveralNamesAreRefusedWithThem) {
  EXPECT_NE(error_of("o").find("Red fox (0), fox (1), hot dog (2), Arctic fox (3)"), std::string::npos);
  EXPECT_NE(error_of("hto dog").find("did you mean 'hot dog'?"), std::string::npos);
  EXPECT_NE(error_of("").find("no class ''"), std::string::npos);
}

TEST(LabelNames, Numbers) {
  EXPECT_EQ(labels_numbered("7", 5, "class"), (std::vector<int64_t>{7}));  // checked by whoever draws it
  EXPECT_EQ(labels_numbered("010", 50, "class"), (std::vector<int64_t>{10}));
  EXPECT_EQ(labels_numbered("all", 3, "class"), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(labels_numbered("1-3", 4, "class"), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_THROW(labels_numbered("1-4", 4, "class"), RequestError);
  EXPECT_THROW(labels_numbered("0-99999999999999", 4, "class"), RequestError);
  EXPECT_THROW(labels_numbered("3-1", 4, "class"), RequestError);
  for (const char* text : {"", "x", "1-", "-", "1-2-3", "0x10", "1 ", "99999999999999999999"}) {
    EXPECT_FALSE(numbers_labels(text)) << text;
  }
  EXPECT_TRUE(numbers_labels("-1"));
}

TEST(LabelNames, NameAndNumberAreShown) {
  EXPECT_EQ(described_label(1, 4, kNames, "class"), "fox (1)");
  EXPECT_EQ(described_label(4, 4, kNames, "class"), "no class");
  EXPECT_EQ(described_label(2, 4, {}, "class"), "class 2");
}

TEST(LabelNames, Namesakes) {
  EXPECT_EQ(namesakes({"b", "a", "z"}, {"a", "b", "c"}), (std::vector<int64_t>{1, 0, -1}));
  EXPECT_EQ(namesakes({"n02099601", "n01440764"}, {"tench", "golden retriever"}), (std::vector<int64_t>{1, 0}));
}

TEST(ImagenetClasses, AThousandUniqueNames) {
  const auto classes = imagenet_classes();
  ASSERT_EQ(classes.size(), 1000U);
  std::set<std::string_view> ids, names;
  for (const ImagenetClass& each : classes) {
    EXPECT_EQ(each.id.size(), 9U) << each.id;
    ids.insert(each.id);
    names.insert(each.name);
  }
  EXPECT_EQ(ids.size(), 1000U);
  EXPECT_EQ(names.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(classes.begin(), classes.end(), [](const auto& a, const auto& b) { return a.id < b.id; }));
  EXPECT_EQ(classes[0].name, "tench");
  EXPECT_EQ(classes[999].name, "toilet paper");
}

TEST(ImagenetClasses, ByNameWordAndId) {
  EXPECT_EQ(imagenet_label("golden retriever"), 207);
  EXPECT_EQ(imagenet_label("n02099601"), 207);
  EXPECT_EQ(imagenet_label("Tinca tinca"), 0);
  EXPECT_EQ(imagenet_label("toilet tissue"), 999);
  EXPECT_EQ(imagenet_label("crane"), std::nullopt);  // a bird and a machine
  EXPECT_EQ(imagenet_label(""), std::nullopt);
}

TEST(ImagenetClasses, ServeNetworksOfAThousandNamelessClasses) {
  ModelDescription description;
  EXPECT_EQ(class_names(description).size(), 1000U);
  EXPECT_EQ(label_named("Tinca tinca", class_names(description), "class"), 0);
  EXPECT_EQ(describe_guess(description.model).classes.size(), 1000U);
  description.model.num_classes = 999;
  EXPECT_TRUE(class_names(description).empty());
  description.classes = kNames;
  EXPECT_EQ(class_names(description), kNames);
}

}  // namespace
}  // namespace pixnerd::sample
