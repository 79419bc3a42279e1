// For tests of folders that may not be written.
#pragma once

#include <unistd.h>

namespace pixnerd::store {

// While it lives, a test that root runs is a user whom permissions bind, as they bind everybody else anyway.
class OtherUser {
 public:
  OtherUser() {
    if (user_ == 0) changed_ = seteuid(65534) == 0;
  }
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;
  ~OtherUser() {
    if (changed_ && seteuid(user_) != 0) _exit(1);
  }

 private:
  uid_t user_ = geteuid();
  bool changed_ = false;
};

}  // namespace pixnerd::store
