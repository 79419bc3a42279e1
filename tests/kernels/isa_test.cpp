#include "kernels/isa.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/errors.h"

namespace pixnerd::kernels {
namespace {

// PIXNERD_ISA for the time of a test.
class IsaTest : public testing::Test {
 protected:
  IsaTest() : had_(std::getenv("PIXNERD_ISA") != nullptr), before_(had_ ? std::getenv("PIXNERD_ISA") : "") {}
  ~IsaTest() override {
    if (had_) {
      setenv("PIXNERD_ISA", before_.c_str(), 1);
    } else {
      unsetenv("PIXNERD_ISA");
    }
  }

 private:
  bool had_;
  std::string before_;
};

TEST_F(IsaTest, TheReferenceIsAlwaysThereAndLast) {
  const auto available = available_isas();
  ASSERT_FALSE(available.empty());
  EXPECT_EQ(available.back(), Isa::reference);
  EXPECT_EQ(std::count(available.begin(), available.end(), Isa::reference), 1);
}

TEST_F(IsaTest, TheBestIsTakenUnlessTheEnvironmentNamesOne) {
  unsetenv("PIXNERD_ISA");
  EXPECT_EQ(isa_from_environment(), available_isas().front());
  setenv("PIXNERD_ISA", "", 1);
  EXPECT_EQ(isa_from_environment(), available_isas().front());
  for (const Isa isa : available_isas()) {
    setenv("PIXNERD_ISA", std::string(isa_name(isa)).c_str(), 1);
    EXPECT_EQ(isa_from_environment(), isa);
  }
}

// No kernels are a choice, too, but none that a processor offers.
TEST_F(IsaTest, TheFrameworksOperatorsCanBeAskedFor) {
  const auto available = available_isas();
  EXPECT_EQ(std::count(available.begin(), available.end(), Isa::aten), 0);
  setenv("PIXNERD_ISA", "aten", 1);
  EXPECT_EQ(isa_from_environment(), Isa::aten);
}

TEST_F(IsaTest, AnUnknownNameIsRefusedWithThoseThatAreThere) {
  for (const char* name : {"sse9", "AVX2", "reference "}) {
    setenv("PIXNERD_ISA", name, 1);
    try {
      isa_from_environment();
      FAIL() << name << " was taken";
    } catch (const ConfigError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(name), std::string::npos) << message;
      for (const Isa isa : available_isas()) EXPECT_NE(message.find(isa_name(isa)), std::string::npos) << message;
      EXPECT_NE(message.find("aten"), std::string::npos) << message;
    }
  }
}

TEST_F(IsaTest, ASetOfAnotherProcessorIsRefused) {
  for (const Isa isa : {Isa::neon, Isa::avx2}) {
    const auto available = available_isas();
    if (std::find(available.begin(), available.end(), isa) != available.end()) continue;
    setenv("PIXNERD_ISA", std::string(isa_name(isa)).c_str(), 1);
    EXPECT_THROW(isa_from_environment(), ConfigError);
  }
}

}  // namespace
}  // namespace pixnerd::kernels
