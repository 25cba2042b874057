// The banks of a rank that wait for one kind of action, in two lists kept sorted: those whose own history allows
// it ("ripe"), by who goes first, and the others, by when it will. So the next of both kinds is at hand without
// looking at any other bank; a bank mostly joins at the end of a list.
#pragma once

#include <cstdint>

#include "dram/bank.hpp"
#include "dram/types.hpp"

namespace scanfuse::dram {

// A ring of banks, sorted by one of their members. Stays where it is made: the banks point to it.
template <std::uint64_t BankLink::*Key>
class BankList {
 public:
  BankList() { end_.before = end_.after = &end_; }
  BankList(const BankList&) = delete;
  BankList& operator=(const BankList&) = delete;

  bool empty() const { return end_.after == &end_; }
  Bank& front() const { return *static_cast<Bank*>(end_.after); }
  // Of those in front; kNever where there is none.
  Tick firstReady() const { return end_.after->ready; }
  Tick secondReady() const { return end_.after->after->ready; }

  void insert(Bank& bank) {
    BankLink* at = end_.before;
    while (at->*Key > bank.*Key && at != &end_) at = at->before;  // mostly stays at once
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

class alignas(64) WaitingBanks {
 public:
  // `bank.ready` and `bank.order` are set.
  SCANFUSE_HOT void insert(Bank& bank, Tick now) {
    if (bank.ready < soonest_) soonest_ = bank.ready;
    if (bank.ready <= now) {
      ripe_.insert(bank);
    } else {
      unripe_.insert(bank);
    }
  }
  SCANFUSE_HOT void remove(Bank& bank) {
    unlink(bank);
    soonest_ = ripe_.empty() ? unripe_.firstReady() : 0;
  }
  // For a ripe one whose `order` has changed and which may not be the one that is in line any more.
  SCANFUSE_HOT void reorder(Bank& bank) {
    unlink(bank);
    ripe_.insert(bank);
  }

  // The earliest tick in which a bank can go that the rank allows from `floor` on; kNever if none waits.
  Tick earliest(Tick floor) const { return soonest_ > floor ? soonest_ : floor; }

  // The first in line of those ready by `now`, of which there are some.
  SCANFUSE_HOT Bank& first(Tick now) {
    if (unripe_.firstReady() <= now) {
      if (unripe_.secondReady() > now)  // just one, which need not be brought forward
        return ripe_.empty() || unripe_.front().order < ripe_.front().order ? unripe_.front() : ripe_.front();
      bringForward(now);
    }
    return ripe_.front();
  }
  // Of the same, the first whose turn is not before `turn`; after the last the first has its turn again. For banks
  // that are in line by turn.
  SCANFUSE_HOT Bank& firstFrom(std::uint32_t turn, Tick now) {
    if (ripe_.empty() && unripe_.secondReady() > now) return unripe_.front();
    if (unripe_.firstReady() <= now) bringForward(now);
    for (Bank& bank : ripe_)
      if (bank.turn >= turn) return bank;
    return ripe_.front();
  }

 private:
  static void unlink(Bank& bank) { BankList<&BankLink::order>::remove(bank); }  // out of either list

  SCANFUSE_COLD void bringForward(Tick now) {
    while (unripe_.firstReady() <= now) {
      Bank& bank = unripe_.front();
      unlink(bank);
      ripe_.insert(bank);
    }
  }

  BankList<&BankLink::order> ripe_;
  BankList<&BankLink::ready> unripe_;
  Tick soonest_ = kNever;  // none can go before
};

}  // namespace scanfuse::dram
