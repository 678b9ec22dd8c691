#include "exporter/findings/failure_words.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "exporter/findings/codes.h"

namespace exporter::findings {
namespace {

using probe::Phase;
using probe::Reason;

// What a failure means, wherever it happens or in one phase.
struct Meaning {
  Reason reason;
  Level level;
  // The title; with `tells_when`, what was being waited for is put behind it.
  std::string_view title;
  std::string_view advice;
  bool tells_when = false;
};

struct InPhase {
  Phase phase;
  Meaning meaning;
};

constexpr std::array<Meaning, probe::kReasonCount> kMeanings = {{
    {Reason::kDnsNotFound, Level::kCritical, "The name does not exist in DNS",
     "Whoever sends mail does not find the server either. Check the spelling, "
     "whether the record was removed, and whether the registration of the "
     "domain has run out."},
    {Reason::kDnsTimeout, Level::kCritical, "DNS does not answer",
     "The resolver of this host is out of order, or the name servers in charge "
     "are. Ask another resolver: if it knows the name, mend this host's; if "
     "not, senders wait, too."},
    {Reason::kDnsFailure, Level::kCritical, "DNS answers with an error",
     "SERVFAIL mostly means that the name servers in charge are broken or that "
     "DNSSEC signatures do not hold, REFUSED that the resolver does not serve "
     "this host. Compare with another resolver."},
    {Reason::kNullMx, Level::kWarning,
     "The domain says that it takes no mail (null MX)",
     "Senders give up at once. If it is to receive mail, replace its record "
     "\"MX 0 .\" by those of its mail servers; if not, take it off the list."},
    {Reason::kNoAddress, Level::kCritical,
     "The name leads to no address to connect to",
     "Add an A or AAAA record, or correct the MX record that leads here. Where "
     "there are addresses, this host has no route to them (IPv4, IPv6), or "
     "they are private and not permitted."},
    {Reason::kRefused, Level::kCritical, "The connection was refused",
     "The host is up, but nothing listens on this port, or a firewall says no. "
     "See whether the mail server runs and on which addresses it listens, and "
     "whether a ban (fail2ban) has caught the address of this host."},
    {Reason::kUnreachable, Level::kCritical, "There is no way to the server",
     "A router on the way, or this host, has no route. Check the routes and "
     "firewalls from here, and whether the server still has this address."},
    {Reason::kTimeout, Level::kCritical, "The time ran out",
     "The server is overloaded, hangs, or looks up this host's name or a block "
     "list and gets no answer. Read its log for this moment; a longer timeout "
     "of the phase tells slow from dead.",
     true},
    {Reason::kReset, Level::kCritical, "The connection was reset",
     "A firewall or a load balancer without a working server behind it cut it, "
     "a process crashed, or a ban has caught the address of this host. Read "
     "the log of the server, then of what stands before it.",
     true},
    {Reason::kClosed, Level::kCritical, "The server closed the connection",
     "A process crashed, a limit was reached, or something before the server "
     "gave up on it. Read its log for this moment.",
     true},
    {Reason::kRejectedTemporary, Level::kWarning, "The server refused for now",
     "Its own words tell why; they are mostly about load, rate limits or the "
     "name and address of this host. If it lasts, read the log of the server.",
     true},
    {Reason::kRejectedPermanent, Level::kCritical, "The server refused",
     "Its own words tell why. Read the log of the server, and compare with "
     "what it says to a client from elsewhere.",
     true},
    {Reason::kServiceClosing, Level::kWarning,
     "The server is too busy or shutting down (421)",
     "It asks clients to come back later: a limit on connections is reached, "
     "the load is high, or it restarts. Until it answers, nothing is known of "
     "STARTTLS and the rest. If it lasts, look at its limits, and exempt the "
     "address of this host from those for single clients."},
    {Reason::kProtocolError, Level::kCritical, "No SMTP came",
     "Another program may listen on this port, a script may print something "
     "before the answer, or a proxy on the way mangles it. Connect by hand "
     "(nc, telnet) and look at what comes.",
     true},
    {Reason::kNotSmtp, Level::kCritical, "Another service answers on this port",
     "What came first belongs to another protocol, such as SSH, HTTP or IMAP. "
     "Check the port, what listens on it there, and port forwardings."},
    {Reason::kReplyTooLarge, Level::kCritical,
     "The answer is longer than any mail server's",
     "This is no ordinary mail server, or one whose texts were configured "
     "without end. Senders have limits, too, and give up or lose the rest."},
    {Reason::kDesync, Level::kCritical, "The server answers out of turn",
     "Bytes came that nobody had asked for, so none of its answers can be "
     "trusted: a list that is cut short looks like a missing STARTTLS. Look "
     "for answers with lines that lack their code, and for a proxy on the way "
     "that puts words in between."},
    {Reason::kPlaintextInjection, Level::kCritical,
     "Clear text came between STARTTLS and TLS",
     "Somebody on the way may put words into the server's mouth "
     "(CVE-2021-22947), or the server is broken. Compare from another network, "
     "update the server, and do not trust this connection."},
    {Reason::kTlsOnPlainPort, Level::kCritical,
     "The server speaks TLS from the first byte",
     "This port begins with TLS, as 465 does. Test it with the module "
     "submissions (tls: {mode: implicit}), or turn implicit TLS off there if "
     "clients are to use STARTTLS."},
    {Reason::kPlainOnTlsPort, Level::kCritical,
     "The server speaks clear text where TLS is to come first",
     "The test expects TLS from the first byte, and so do mail clients on port "
     "465. Turn implicit TLS on there (Postfix: smtpd_tls_wrappermode=yes), or "
     "test it with a module that uses STARTTLS."},
    {Reason::kStarttlsNotAdvertised, Level::kCritical,
     "STARTTLS is not offered, and TLS is demanded",
     "Mail and passwords would travel in clear. Turn TLS on at the server, see "
     "that it can read its certificate and key, and look for a firewall that "
     "hides STARTTLS (Cisco \"inspect esmtp\")."},
    {Reason::kTlsAlert, Level::kCritical, "The server broke TLS off",
     "The alert names the cause: handshake_failure and protocol_version mean "
     "no common version or cipher, unrecognized_name an unknown host name, "
     "certificate_required that it wants to see a client certificate, "
     "internal_error mostly a key that it cannot read. Its log says more."},
    {Reason::kTlsProtocol, Level::kCritical, "TLS went wrong",
     "The server, or something between it and us, does not speak TLS as it "
     "should. Compare with \"openssl s_client -starttls smtp\" from here and "
     "from elsewhere, and read the log of the server."},
    {Reason::kTlsLocalPolicy, Level::kCritical, "TLS is too old or too weak",
     "The version is below the module's min_version, or a key, a signature or "
     "a renegotiation is so weak that the TLS library here refuses it. Other "
     "servers with a current library refuse it, too: update the TLS settings "
     "and the certificate of the server."},
    {Reason::kCertificateUntrusted, Level::kCritical,
     "The certificate is not trusted, and the module demands it",
     "Install a certificate of a known authority together with its "
     "intermediates; for an authority of your own, name its root in "
     "tls.ca_file."},
    {Reason::kCertificateName, Level::kCritical,
     "The certificate is for another name, and the module demands this one",
     "Get a certificate that names the host as it is configured and as MX "
     "records have it, or configure the name that the certificate has."},
    {Reason::kBackoff, Level::kInfo, "Not tested, out of politeness",
     "It answered 421 or 4xx a short while ago, or another conversation of "
     "ours with it took all the time. It is tested again by itself."},
    {Reason::kShutdown, Level::kInfo, "The test was stopped before its end",
     "It says nothing about the server. Run it again."},
    {Reason::kInternal, Level::kWarning,
     "The test failed here and not at the server",
     "This host ran out of descriptors, memory or ports. Raise its limits "
     "(LimitNOFILE, ulimit -n) or lower probe.concurrency."},
}};

consteval bool IsComplete() {
  for (std::size_t i = 0; i < kMeanings.size(); ++i) {
    if (kMeanings[i].reason != static_cast<Reason>(i)) return false;
  }
  return true;
}
static_assert(IsComplete());

// Where the phase changes what it means. Before all others.
constexpr InPhase kInPhases[] = {
    {Phase::kConnect,
     {Reason::kTimeout, Level::kCritical, "Nothing answers at the address",
      "The host is down, a firewall drops the packets, or the network here "
      "blocks outgoing connections to port 25, as clouds and providers often "
      "do. Try from another network; if every server times out, it is this "
      "one."}},
    {Phase::kGreeting,
     {Reason::kTimeout, Level::kCritical, "The server does not greet",
      "It took the connection and did not finish its greeting. All its "
      "processes may be busy, or it waits for DNS about the address of this "
      "host; it may wait for TLS (port 465) or for a PROXY header; or it makes "
      "strangers wait longer than timeouts.greeting."}},
    {Phase::kTls,
     {Reason::kTimeout, Level::kCritical, "The TLS handshake does not end",
      "The server fell silent when TLS was to begin. Look at its log and load, "
      "and for something on the way that drops large packets (MTU) or inspects "
      "TLS."}},
    {Phase::kGreeting,
     {Reason::kReset, Level::kCritical,
      "The connection was reset before a greeting",
      "It was taken and cut at once: a load balancer without a working server "
      "behind it, an access list, or a ban of the address of this host."}},
    {Phase::kGreeting,
     {Reason::kClosed, Level::kCritical, "The server closed without a greeting",
      "An access list (tcp wrappers), a limit on connections per client, a "
      "load balancer without a working server behind it, or a server that "
      "expects a PROXY header does this. Read its log for this moment."}},
    {Phase::kEhlo,
     {Reason::kClosed, Level::kCritical, "The server closed upon EHLO",
      "Some servers hang up on a name that they do not like: see that "
      "ehlo_name is a full host name that leads to the address of this host. "
      "Else a process crashed; its log says more."}},
    {Phase::kTls,
     {Reason::kClosed, Level::kCritical,
      "The server closed in the TLS handshake",
      "It offers TLS and cannot do it: mostly a certificate or key file that "
      "is missing, unreadable or does not fit, or a limit on TLS sessions. Its "
      "log says which."}},
    {Phase::kTls,
     {Reason::kReset, Level::kCritical,
      "The connection was reset in the TLS handshake",
      "The server crashed on it, or something on the way does not let TLS "
      "through. Read its log, and compare from another network."}},
    {Phase::kGreeting,
     {Reason::kRejectedTemporary, Level::kWarning,
      "The server turns this host away for now",
      "Its own words tell why: high load, a rate limit, a block list or the "
      "reverse name of this host. It is asked less often until it answers. If "
      "it lasts, allow the address of this host there."}},
    {Phase::kEhlo,
     {Reason::kRejectedTemporary, Level::kWarning, "EHLO was refused for now",
      "Mostly the name is meant that this host gives: set ehlo_name to a full "
      "host name that leads to the address of this host, and see that the "
      "resolver of the server finds it."}},
    {Phase::kStarttls,
     {Reason::kRejectedTemporary, Level::kCritical,
      "STARTTLS is offered and refused for now",
      "Mostly it cannot read its certificate or key (454), or a limit on TLS "
      "sessions is reached. Mail travels in clear meanwhile, or waits. See its "
      "log and the rights of those files."}},
    {Phase::kGreeting,
     {Reason::kRejectedPermanent, Level::kCritical,
      "The server turns this host away",
      "It takes no mail from here: the address of this host is on a block list "
      "or an access list of the server, or the server takes no mail at all. "
      "Its own words tell which. If others get through, allow the address of "
      "this host."}},
    {Phase::kEhlo,
     {Reason::kRejectedPermanent, Level::kCritical, "EHLO was refused",
      "Mostly the name is meant that this host gives: set ehlo_name to a full "
      "host name that leads to the address of this host. If HELO was refused, "
      "too, this may be another service (LMTP, FTP)."}},
    {Phase::kEhloTls,
     {Reason::kRejectedTemporary, Level::kWarning,
      "EHLO inside TLS was refused for now",
      "TLS works, and then the server refuses to go on. Its own words tell "
      "why; if it lasts, read its log."}},
    {Phase::kEhloTls,
     {Reason::kRejectedPermanent, Level::kCritical,
      "EHLO inside TLS was refused",
      "TLS works, and then the server refuses to go on, so mail cannot be "
      "delivered by TLS. Its own words tell why: it may demand a client "
      "certificate, or a proxy that ends TLS talks to the wrong server."}},
    {Phase::kStarttls,
     {Reason::kRejectedPermanent, Level::kCritical,
      "STARTTLS is offered and refused",
      "Something is wrong with the TLS settings of the server, or something on "
      "the way does not let STARTTLS through. Mail travels in clear meanwhile, "
      "or waits. Read its log."}},
};

const Meaning& MeaningOf(const probe::Failure& failure) {
  const auto* const special =
      std::ranges::find_if(kInPhases, [&](const InPhase& entry) {
        return entry.phase == failure.phase &&
               entry.meaning.reason == failure.reason;
      });
  if (special != std::end(kInPhases)) return special->meaning;
  return kMeanings[static_cast<std::size_t>(failure.reason)];
}

// Of the title: when it happened.
std::string_view When(Phase phase) {
  switch (phase) {
    case Phase::kResolve:
      return "while the name was looked up";
    case Phase::kConnect:
      return "while connecting";
    case Phase::kGreeting:
      return "while we waited for the greeting";
    case Phase::kEhlo:
      return "while we waited for the answer to EHLO";
    case Phase::kStarttls:
      return "while we waited for the answer to STARTTLS";
    case Phase::kTls:
      return "in the TLS handshake";
    case Phase::kEhloTls:
      return "while we waited for the answer to EHLO inside TLS";
    case Phase::kQuit:
      return "while we waited for the answer to QUIT";
  }
  return "";
}

// Of the advice, before what came: what it came to.
std::string_view Doing(Phase phase) {
  switch (phase) {
    case Phase::kResolve:
      return "Looking the name up";
    case Phase::kConnect:
      return "Connecting";
    case Phase::kGreeting:
      return "The greeting";
    case Phase::kEhlo:
      return "The answer to EHLO";
    case Phase::kStarttls:
      return "The answer to STARTTLS";
    case Phase::kTls:
      return "The TLS handshake";
    case Phase::kEhloTls:
      return "The answer to EHLO inside TLS";
    case Phase::kQuit:
      return "The answer to QUIT";
  }
  return "";
}

// Their details tell what was waited for.
bool TellsPhase(Reason reason) {
  return reason == Reason::kTimeout || reason == Reason::kReset ||
         reason == Reason::kClosed;
}

// What came, as a sentence.
std::string Came(const probe::Failure& failure) {
  std::string text = failure.detail;
  if (TellsPhase(failure.reason)) {
    if (text[0] >= 'a' && text[0] <= 'z') {
      text[0] = static_cast<char>(text[0] - 'a' + 'A');
    }
  } else {
    text = std::string(Doing(failure.phase)) + ": " + text;
  }
  // A server may have put an end to its sentence itself.
  if (!text.ends_with('.')) text += '.';
  return text;
}

}  // namespace

std::string_view CodeOf(const probe::Failure& failure) {
  return failure.reason == Reason::kStarttlsNotAdvertised
             ? kStarttlsMissing
             : Name(failure.reason);
}

Level LevelOf(const probe::Failure& failure) {
  return MeaningOf(failure).level;
}

Text WordsOf(const probe::Failure& failure) {
  const Meaning& meaning = MeaningOf(failure);
  Text text{std::string(meaning.title)};
  if (meaning.tells_when) {
    text.title += ' ';
    text.title += When(failure.phase);
  }
  if (!failure.detail.empty()) text.advice = Came(failure) + ' ';
  text.advice += meaning.advice;
  return text;
}

}  // namespace exporter::findings
