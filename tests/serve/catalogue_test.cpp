#include "serve/catalogue.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/core/thrown.h"
#include "tests/serve/refused.h"
#include "tests/serve/studio_fixture.h"

namespace pixnerd::serve {
namespace {

TEST(Catalogue, KnowsItsModelsByTheirFilesNames) {
  const ServedModels models;
  const Catalogue catalogue({models.path("plain"), models.path("fruit"), models.path("plain")}, false);
  ASSERT_EQ(catalogue.models().size(), 3u);
  EXPECT_EQ(catalogue.find("").name, "plain");
  EXPECT_EQ(catalogue.find("plain-2").path, models.path("plain"));
  EXPECT_EQ(catalogue.find("fruit").class_names, (std::vector<std::string>{"apple", "pear", "hot dog"}));
  EXPECT_EQ(catalogue.find("fruit").hash.size(), 16u);
  const Refusal refusal = refused([&] { static_cast<void>(catalogue.find("friut")); });
  EXPECT_EQ(refusal.status, 404);
  EXPECT_EQ(refusal.code, "model_not_found");
  EXPECT_EQ(refusal.nearest, std::vector<std::string>{"fruit"});
}

TEST(Catalogue, RefusesWhatCannotBeServed) {
  const ServedModels models;
  EXPECT_NE(thrown<RequestError>([] { Catalogue({}, false); }), "");
  EXPECT_NE(thrown<RequestError>([&] { Catalogue({models.path("words")}, false); }).find("--text-encoder"),
            std::string::npos);
  EXPECT_THROW(Catalogue({models.path("nothing")}, false), Error);
}

}  // namespace
}  // namespace pixnerd::serve
