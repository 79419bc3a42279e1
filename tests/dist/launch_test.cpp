#include "dist/launch.h"

#include <gtest/gtest.h>

#include <map>

#include "core/errors.h"

namespace pixnerd::dist {
namespace {

Launch from(const std::map<std::string, std::string>& variables) {
  return launch_from([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(Launch, IsAloneWithoutALauncher) {
  EXPECT_EQ(from({}).size, 1);
  EXPECT_EQ(from({{"RANK", "0"}, {"WORLD_SIZE", "1"}}).size, 1);
  // A shell that sbatch started: its tasks are those of srun, which there is none of.
  EXPECT_EQ(from({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}).size, 1);
}

TEST(Launch, ByTorchrun) {
  const Launch launch = from({{"RANK", "9"},
                              {"WORLD_SIZE", "16"},
                              {"LOCAL_RANK", "1"},
                              {"LOCAL_WORLD_SIZE", "8"},
                              {"MASTER_ADDR", "gpu1"},
                              {"MASTER_PORT", "4321"},
                              {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                              {"TORCHELASTIC_RUN_ID", "abc"},
                              {"TORCHELASTIC_RESTART_COUNT", "2"}});
  EXPECT_EQ(launch.rank, 9);
  EXPECT_EQ(launch.size, 16);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.local_size, 8);
  EXPECT_EQ(launch.address, "gpu1");
  EXPECT_EQ(launch.port, 4321);
  EXPECT_TRUE(launch.has_agent);
  EXPECT_EQ(launch.attempt, "abc.2");
}

TEST(Launch, BySrun) {
  const Launch launch = from({{"SLURM_PROCID", "5"},
                              {"SLURM_STEP_NUM_TASKS", "16"},
                              {"SLURM_LOCALID", "1"},
                              {"SLURM_STEP_TASKS_PER_NODE", "4(x4)"},
                              {"SLURM_STEP_NODELIST", "gpu[03-06]"},
                              {"SLURM_JOB_ID", "123456"}});
  EXPECT_EQ(launch.rank, 5);
  EXPECT_EQ(launch.local_size, 4);
  EXPECT_EQ(launch.address, "gpu03");
  EXPECT_EQ(launch.port, 20000 + 123456 % 20000);
  EXPECT_FALSE(launch.has_agent);
}

TEST(Launch, ByMpirun) {
  const Launch open = from({{"OMPI_COMM_WORLD_RANK", "1"},
                            {"OMPI_COMM_WORLD_SIZE", "2"},
                            {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                            {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}});
  EXPECT_EQ(open.rank, 1);
  EXPECT_EQ(open.address, "127.0.0.1");
  EXPECT_EQ(from({{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}}).rank, 3);
}

TEST(Launch, WhatDoesNotFitIsRefused) {
  EXPECT_THROW(from({{"WORLD_SIZE", "4"}}), RequestError);
  EXPECT_THROW(from({{"WORLD_SIZE", "4"}, {"RANK", "4"}}), RequestError);
  EXPECT_THROW(from({{"WORLD_SIZE", "four"}, {"RANK", "0"}}), RequestError);
  EXPECT_THROW(from({{"WORLD_SIZE", "2"}, {"RANK", "0"}, {"MASTER_PORT", "70000"}}), RequestError);
  // On several machines, and none is said to be the first.
  EXPECT_THROW(from({{"WORLD_SIZE", "4"}, {"RANK", "0"}, {"LOCAL_WORLD_SIZE", "2"}}), RequestError);
}

TEST(Launch, TheFirstMachineOfAList) {
  EXPECT_EQ(first_machine("login"), "login");
  EXPECT_EQ(first_machine("a,b"), "a");
  EXPECT_EQ(first_machine("gpu[03-07,9],login"), "gpu03");
  EXPECT_EQ(first_machine("gpu[7,9]-ib,login"), "gpu7-ib");
  EXPECT_EQ(first_machine("login,gpu[1-2]"), "login");
  EXPECT_EQ(first_machine("broken["), "broken[");
}

}  // namespace
}  // namespace pixnerd::dist
