// Presents a message and an inbound request as tables of the plugin contract.
// Ownership: the tables point into the view and into its source, so both outlive the call that gets them.
#pragma once
#include <belfry/plugin.h>

#include <string>
#include <vector>

#include "net/http.hpp"
#include "plugin/contract/channel.hpp"

namespace belfry::plugin {

class MessageView {
 public:
  // `wall_offset`: wall clock minus gateway time. The message holds gateway time, and the plugin sees wall-clock time.
  MessageView(const SendRequest& send, belfry_ticket ticket, base::SteadyTime deadline, base::Millis wall_offset);
  MessageView(const MessageView&) = delete;
  MessageView& operator=(const MessageView&) = delete;
  [[nodiscard]] const belfry_message* table() const { return &table_; }

 private:
  std::string body_;
  belfry_message table_{};
};

class InboundView {
 public:
  InboundView(const net::ServerRequest& request, base::SteadyTime deadline);
  InboundView(const InboundView&) = delete;
  InboundView& operator=(const InboundView&) = delete;
  [[nodiscard]] const belfry_inbound_request* table() const { return &table_; }

 private:
  std::vector<belfry_http_header> headers_;
  belfry_inbound_request table_{};
};

// The tables point into `headers`.
[[nodiscard]] std::vector<belfry_http_header> header_tables(const net::Headers& headers);

}  // namespace belfry::plugin
