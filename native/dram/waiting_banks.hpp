// The banks of a rank that wait for one kind of action, in two lists kept sorted: those whose own history allows
// it ("ripe"), by who goes first, and the others, by when it will. So the next of both kinds is at hand without
// looking at any other bank; a bank mostly joins at the end of a list.
#pragma once

#include <cstdint>

#include "dram/bank.hpp"
#include "dram/types.hpp"

namespace scanfuse::dram {

// A ring of banks, sorted by one of their members. Stays where it is made: the banks point to it.
template <std::uint64_t Bank::*Key>
class BankList {
 public:
  BankList() { end_.before = end_.after = &end_; }
  BankList(const BankList&) = delete;
  BankList& operator=(const BankList&) = delete;

  bool empty() const { return end_.after == &end_; }
  Bank& front() const { return *static_cast<Bank*>(end_.after); }

  void insert(Bank& bank) {
    BankLink* at = end_.before;
    while (at != &end_ && static_cast<Bank*>(at)->*Key > bank.*Key) at = at->before;
    bank.before = at;
    bank.after = at->after;
    at->after->before = &bank;
    at->after = &bank;
  }
  static void remove(Bank& bank) {
    bank.before->after = bank.after;
    bank.after->before = bank.before;
  }

  class Iterator {
   public:
    explicit Iterator(BankLink* at) : at_(at) {}
    Bank& operator*() const { return *static_cast<Bank*>(at_); }
    Iterator& operator++() {
      at_ = at_->after;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    BankLink* at_;
  };
  Iterator begin() { return Iterator(end_.after); }
  Iterator end() { return Iterator(&end_); }

 private:
  BankLink end_;
};

class WaitingBanks {
 public:
  bool empty() const { return ripe_.empty() && unripe_.empty(); }
  BankList<&Bank::order>& ripe() { return ripe_; }

  // `bank.ready` and `bank.order` are set.
  void insert(Bank& bank, Tick now) {
    if (bank.ready <= now) {
      ripe_.insert(bank);
    } else {
      unripe_.insert(bank);
    }
  }
  static void remove(Bank& bank) { BankList<&Bank::order>::remove(bank); }  // out of either list

  // The earliest tick in which a bank can go that the rank allows from `floor` on; kNever if none waits.
  Tick earliest(Tick floor) const {
    if (!ripe_.empty()) return floor;
    if (unripe_.empty()) return kNever;
    const Tick ready = unripe_.front().ready;
    return ready > floor ? ready : floor;
  }

  // Brings those forward that have become ripe by `now`.
  void ripen(Tick now) {
    while (!unripe_.empty() && unripe_.front().ready <= now) {
      Bank& bank = unripe_.front();
      remove(bank);
      ripe_.insert(bank);
    }
  }

 private:
  BankList<&Bank::order> ripe_;
  BankList<&Bank::ready> unripe_;
};

}  // namespace scanfuse::dram
