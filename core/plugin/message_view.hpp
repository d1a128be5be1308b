// A message and an inbound request in the shape of the contract. The tables point into the view and into what it was made from.
#pragma once
#include <belfry/plugin.h>

#include <string>
#include <vector>

#include "net/http.hpp"
#include "plugin/channel.hpp"

namespace belfry::plugin {

class MessageView {
 public:
  // `deadline` is the gateway's time, as those of the message are; the plugin sees the wall clock.
  MessageView(const Send& send, belfry_ticket ticket, base::Timestamp deadline, base::Millis wall_ahead);
  MessageView(const MessageView&) = delete;
  MessageView& operator=(const MessageView&) = delete;
  [[nodiscard]] const belfry_message* table() const { return &table_; }

 private:
  std::string body_;
  belfry_message table_{};
};

class InboundView {
 public:
  explicit InboundView(const net::ServerRequest& request);
  InboundView(const InboundView&) = delete;
  InboundView& operator=(const InboundView&) = delete;
  [[nodiscard]] const belfry_inbound_request* table() const { return &table_; }

 private:
  std::vector<belfry_http_header> headers_;
  belfry_inbound_request table_{};
};

[[nodiscard]] std::vector<belfry_http_header> header_tables(const net::Headers& headers);

}  // namespace belfry::plugin
