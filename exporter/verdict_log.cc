#include "exporter/verdict_log.h"

#include <string>
#include <vector>

#include "exporter/changes.h"
#include "exporter/logging.h"
#include "probe/tls/version.h"

namespace exporter {
namespace {

using probe::tls::KeyType;

std::string ServerText(const probe::Endpoint& endpoint) {
  if (endpoint.server_name.empty()) return endpoint.ServerKey();
  return endpoint.server_name + ":" + std::to_string(endpoint.port);
}

std::string AddressText(const probe::Endpoint& endpoint) {
  return endpoint.address ? endpoint.address->ToString() : "none";
}

void LogChange(const probe::Endpoint& endpoint, KeyType asked,
               const Change& change) {
  std::vector<LogField> fields = {{"server", ServerText(endpoint)},
                                  {"address", AddressText(endpoint)}};
  if (asked != KeyType::kAny) {
    fields.emplace_back("certificate_type",
                        asked == KeyType::kRsa ? "rsa" : "ecdsa");
  }
  fields.insert(fields.end(), change.fields.begin(), change.fields.end());
  const LogLevel level = change.level == Change::Level::kWarning
                             ? LogLevel::kWarn
                             : LogLevel::kInfo;
  LogWith(level, change.message, fields);
}

}  // namespace

void LogTransition(const probe::Endpoint& endpoint,
                   const ResultStore::Transition& transition) {
  const KeyType asked = endpoint.conversation->tls.key_type;
  for (const Change& change :
       WhatChanged(transition.before.get(), *transition.after, asked)) {
    if (change.logged) LogChange(endpoint, asked, change);
  }
}

}  // namespace exporter
