#include "models/device.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::models {
namespace {

TEST(Device, NamesAreThoseOfACpuAndOfGpus) {
  for (const char* name : {"auto", "cpu", "cuda", "cuda:0", "cuda:12"}) EXPECT_TRUE(is_device_name(name)) << name;
  for (const char* name :
       {"", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda:1:2", "cpu:0", "meta", "xla", "tpu", "gpu"}) {
    EXPECT_FALSE(is_device_name(name)) << name;
    EXPECT_THROW(device_of(name), RequestError) << name;
  }
}

TEST(Device, TheCpuIsAlwaysThere) {
  EXPECT_TRUE(device_of("cpu").is_cpu());
  EXPECT_EQ(device_of("auto").is_cpu(), !at::hasCUDA());
  EXPECT_NO_THROW(synchronize(at::kCPU));
}

TEST(Device, AGpuThatIsNotThereIsAnError) {
  if (at::hasCUDA()) GTEST_SKIP() << "there is a GPU here";
  for (const char* name : {"cuda", "cuda:1"}) {
    const std::string message = thrown<RequestError>([&] { device_of(name); });
    EXPECT_NE(message.find(std::string("--device ") + name), std::string::npos) << message;
    EXPECT_NE(message.find("use --device cpu"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace pixnerd::models
