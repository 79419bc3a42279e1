// Several processes of a group, as threads of a test: each has a group of its own.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "dist/group.h"

namespace pixnerd::dist {

// A port that nobody uses now.
inline uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  bind(socket, reinterpret_cast<sockaddr*>(&address), length);
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  close(socket);
  return ntohs(address.sin_port);
}

// Calls work(group) for every rank, each in a thread; throws what the lowest rank threw. A rank that throws tells the
// others.
inline void in_ranks(int64_t size, const std::function<void(std::shared_ptr<Group>)>& work) {
  const uint16_t port = free_port();
  std::vector<std::exception_ptr> errors(static_cast<size_t>(size));
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      Launch launch;
      launch.rank = launch.local_rank = rank;
      launch.size = launch.local_size = size;
      launch.port = port;
      std::shared_ptr<Group> group;
      try {
        group = Group::join(launch, at::kCPU);
        work(group);
        group->finish();
      } catch (const std::exception& error) {
        errors[static_cast<size_t>(rank)] = std::current_exception();
        if (group) group->fail(error.what());
        // What rank 0 keeps is needed until the others have heard.
        if (rank == 0) std::this_thread::sleep_for(std::chrono::seconds(1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace pixnerd::dist
