#include "exporter/findings/quirk_words.h"

#include <array>
#include <cstddef>

namespace exporter::findings {
namespace {

using probe::smtp::Quirk;

constexpr std::array<QuirkWords, probe::smtp::kQuirkCount> kWords = {{
    {Quirk::kMixedCodes, Level::kInfo, "Lines of one answer differ in code",
     "The last line counts here, but some senders go by the first. Postfix's "
     "postscreen does this to clients that it is about to turn away: read the "
     "transcript, and allow the address of this host there."},
    {Quirk::kBareLf, Level::kInfo, "Lines do not end as SMTP wants",
     "They end in a bare line feed, or in several carriage returns. Strict "
     "clients hang up on that; look for a script or proxy that writes the "
     "answers."},
    {Quirk::kNonupperKeyword, Level::kWarning,
     "The list of extensions is not in upper case",
     "That is allowed, but Exim and OpenSMTPD as senders do not see what is "
     "written in lower case: a STARTTLS among it is none for them, and they "
     "deliver in clear."},
    {Quirk::kMiddleboxMasked, Level::kWarning,
     "A firewall rewrites what the server says",
     "Parts of its answers are replaced by '*' or 'X', as Cisco's \"inspect "
     "esmtp\" does. The server may well offer STARTTLS, and nobody can see it: "
     "turn the inspection of SMTP off."},
    {Quirk::kNonconformantGreeting, Level::kInfo,
     "The greeting is not as SMTP wants it",
     "It has another code than 220, or bytes that are no ASCII text. Most "
     "senders deliver all the same, and strict ones do not: correct the banner "
     "of the server."},
    {Quirk::kEhloCode, Level::kInfo,
     "EHLO is answered by another code than 250",
     "Most senders take any 2xx, strict ones do not. Look for a proxy that "
     "writes the answer."},
    {Quirk::kStarttlsCode, Level::kWarning,
     "STARTTLS is answered by another code than 220",
     "Postfix and Exim start TLS all the same, other clients do not, and give "
     "up or go on in clear. Update the server or the proxy before it."},
    {Quirk::kBadSize, Level::kInfo, "SIZE cannot be read",
     "It has a value that is no number, or it is listed twice. Senders ignore "
     "it or guess, and learn too late that a message is too large. Give a "
     "plain number of bytes."},
    {Quirk::kLongEhlo, Level::kInfo, "The list of extensions is very long",
     "It has more than 2048 bytes: Postfix as a sender loses the rest, which "
     "may be STARTTLS. Shorten the server's texts or the list of AUTH "
     "mechanisms."},
    {Quirk::kStarttlsInsideTls, Level::kInfo,
     "STARTTLS is still offered inside TLS",
     "The standard forbids it (RFC 3207), and a client that tried it would "
     "fail. A TLS proxy that does not tell the server about TLS does this."},
    {Quirk::kRequiretlsInClear, Level::kInfo,
     "REQUIRETLS is offered outside TLS",
     "It has no meaning there (RFC 8689), and senders ignore it."},
    {Quirk::kInvalidLines, Level::kInfo,
     "The answer to EHLO has lines without a usable keyword",
     "Senders skip them. Look for a text that was put among the extensions, or "
     "for a proxy that mangles them."},
    {Quirk::kTooManyAddresses, Level::kInfo,
     "The name has more addresses than are tested",
     "Only the first 20 are. List the others as targets of their own if they "
     "are to be watched."},
    {Quirk::kMxIsCname, Level::kInfo, "The MX record leads to a CNAME",
     "The standard forbids it (RFC 2181 10.3). Most senders follow it, but not "
     "all. Let the MX record name the host itself."},
    {Quirk::kImplicitMx, Level::kInfo, "The domain has no MX record",
     "Senders then try the address of the domain itself, which often is a web "
     "server. Publish an MX record, or a null MX if it takes no mail.",
     true},
    {Quirk::kNullMxMixed, Level::kWarning,
     "The domain says that it takes no mail, and names mail servers",
     "A null MX (\"MX 0 .\") beside others is forbidden (RFC 7505): it is "
     "ignored here, but Postfix as a sender gives up on the domain. Remove it.",
     true},
    {Quirk::kMxInvalid, Level::kWarning, "An MX record names no usable host",
     "It names an IP address or something that is no host name. Senders cannot "
     "use it: let it name a host that has an address record.",
     true},
    {Quirk::kTooManyMx, Level::kInfo,
     "The domain has more mail servers than are tested",
     "Only the 20 that senders try first are. List the others as targets of "
     "their own if they are to be watched.",
     true},
    {Quirk::kTooManyPlaces, Level::kInfo,
     "The domain has more addresses of mail servers than one test reaches",
     "Only the first 40 are tested when somebody asks; the schedule tests all.",
     true},
    {Quirk::kPrivateAddress, Level::kWarning,
     "The mail server has an address that is not public",
     "Senders elsewhere cannot reach it, or reach something of their own. "
     "Remove the record from public DNS; where it is meant, permit it with "
     "private_addresses: probe."},
}};

consteval bool IsComplete() {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i].quirk != static_cast<Quirk>(i)) return false;
  }
  return true;
}
static_assert(IsComplete());

}  // namespace

const QuirkWords& WordsOf(Quirk quirk) {
  return kWords[static_cast<std::size_t>(quirk)];
}

}  // namespace exporter::findings
