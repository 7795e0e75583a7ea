package ledger

import (
	"fmt"
	"io/fs"
	"slices"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder of charts among the packs.
const Dir = "ledger"

// Chart is a chart of accounts, and what each act debits and credits: a pack.
type Chart struct {
	pack.Header `yaml:",inline"`

	Accounts []LedgerAccount `json:"accounts" yaml:"accounts"`
	Acts     []LedgerAct     `json:"acts" yaml:"acts"`
}

// LedgerAccount is one account of a book; its balance is kept for each fund and year.
type LedgerAccount struct {
	ID     string    `json:"id" yaml:"id"`
	Name   text.Text `json:"name" yaml:"name"`
	Side   string    `json:"side" yaml:"side" enum:"debit,credit" doc:"The side on which it grows"`
	Floor  bool      `json:"floor,omitempty" yaml:"floor" doc:"Its balance never goes below zero"`
	Manual bool      `json:"manual,omitempty" yaml:"manual" doc:"Officers may enter into it by hand"`
	Note   text.Text `json:"note,omitzero" yaml:"note"`
}

// LedgerAct is a kind of entry.
type LedgerAct struct {
	ID   string      `json:"id" yaml:"id"`
	Name text.Text   `json:"name" yaml:"name"`
	Legs []LedgerLeg `json:"legs" yaml:"legs"`
}

// LedgerLeg debits one account and credits another by the same amount.
type LedgerLeg struct {
	Debit  string `json:"debit" yaml:"debit"`
	Credit string `json:"credit" yaml:"credit"`
}

// Acts that a chart must have.
const (
	ActBudget  = "budget"    // an appropriation; what is taken away is its reversal
	ActCommit  = "commit"    // a promise
	ActRelease = "release"   // a promise, or a part of it, that is not kept
	ActPay     = "pay"       // an order to pay
	ActSettle  = "settle"    // the bank has paid
	ActClaim   = "claim"     // what was paid is asked back
	ActWaive   = "waive"     // a claim is withdrawn
	ActReceive = "receive"   // a claim, or a part of it, is paid
	ActArrive  = "settle-in" // the bank has received it
	ActIssue   = "voucher-issue"
	ActSpend   = "voucher-spend"
	ActReturn  = "voucher-return" // a spending that came to nothing
	ActRedeem  = "voucher-redeem"
	ActExpire  = "voucher-expire"
	ActJournal = "journal" // by hand; it has no legs in a chart
)

var needed = []string{ActBudget, ActCommit, ActRelease, ActPay, ActSettle, ActClaim, ActWaive, ActReceive, ActArrive, ActIssue, ActSpend, ActReturn, ActRedeem, ActExpire}

// FreeAccount is the one that commitments are held against.
const FreeAccount = "free"

// Check reports what is wrong (pack.Body).
func (c *Chart) Check(report func(where, what string)) {
	for i, a := range c.Accounts {
		at := fmt.Sprintf("$.accounts[%d]", i)
		if a.ID == "" || slices.ContainsFunc(c.Accounts[:i], func(o LedgerAccount) bool { return o.ID == a.ID }) {
			report(at+".id", fmt.Sprintf("%q is missing or is there twice", a.ID))
		}
		if a.Side != "debit" && a.Side != "credit" {
			report(at+".side", fmt.Sprintf("%q is not debit or credit", a.Side))
		}
		if a.Name.Zh == "" || a.Name.En == "" {
			report(at+".name", "needs zh and en")
		}
	}
	if a := c.account(FreeAccount); a == nil || !a.Floor {
		report("$.accounts", "needs the account free with floor: true; commitments are held against it")
	}
	for i, a := range c.Acts {
		at := fmt.Sprintf("$.acts[%d]", i)
		if !slices.Contains(needed, a.ID) || slices.ContainsFunc(c.Acts[:i], func(o LedgerAct) bool { return o.ID == a.ID }) {
			report(at+".id", fmt.Sprintf("%q is no act, or is there twice; there are %v", a.ID, needed))
		}
		if len(a.Legs) == 0 {
			report(at+".legs", "are missing; an act moves something")
		}
		for j, l := range a.Legs {
			for where, id := range map[string]string{"debit": l.Debit, "credit": l.Credit} {
				if c.account(id) == nil {
					report(fmt.Sprintf("%s.legs[%d].%s", at, j, where), fmt.Sprintf("%q is not an account of this chart", id))
				}
			}
			if l.Debit == l.Credit {
				report(fmt.Sprintf("%s.legs[%d]", at, j), fmt.Sprintf("%q is debited and credited at once", l.Debit))
			}
		}
	}
	for _, id := range needed {
		if c.act(id) == nil {
			report("$.acts", fmt.Sprintf("the act %q is missing", id))
		}
	}
}

func (c *Chart) account(id string) *LedgerAccount {
	if i := slices.IndexFunc(c.Accounts, func(a LedgerAccount) bool { return a.ID == id }); i >= 0 {
		return &c.Accounts[i]
	}
	return nil
}

func (c *Chart) act(id string) *LedgerAct {
	if i := slices.IndexFunc(c.Acts, func(a LedgerAct) bool { return a.ID == id }); i >= 0 {
		return &c.Acts[i]
	}
	return nil
}

// postings of an act over an amount, in fen.
func (c *Chart) postings(act, fund string, year int, amount int64) (out []Posting) {
	for _, l := range c.act(act).Legs {
		out = append(out, Posting{Account: l.Debit, Fund: fund, Year: year, Debit: amount}, Posting{Account: l.Credit, Fund: fund, Year: year, Credit: amount})
	}
	return out
}

// Load reads the chart: exactly one. Error: pack.Faults.
func Load(files fs.FS) (*Chart, error) {
	set, err := pack.Load[Chart](files, Dir)
	if err != nil {
		return nil, err
	}
	if n := len(set.All()); n != 1 {
		return nil, fmt.Errorf("%d charts of accounts in %s; a node has one", n, Dir)
	}
	return set.All()[0], nil
}
