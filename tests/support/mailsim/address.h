// Socket addresses as text.
#ifndef TESTS_SUPPORT_MAILSIM_ADDRESS_H_
#define TESTS_SUPPORT_MAILSIM_ADDRESS_H_

#include <sys/socket.h>

#include <string>

namespace mailsim {

// "127.0.0.1:2525", "[::1]:2525"; "" for other families.
std::string AddressText(const sockaddr& address);

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_ADDRESS_H_
