package ledger

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// The methods that take a transaction are for rooms: they have asked who may, and what they write is written with the entry or not
// at all.

// Commit promises money. The same reference with the same content changes nothing. Errors: ErrBudget with fund, free and asked;
// ErrDiffers, ErrFund, ErrAmount, ErrRef.
func (s *Service) Commit(ctx context.Context, tx bun.Tx, c Commitment) error {
	if wrong := checkRef("body.ref", c.Ref); wrong != nil {
		return wrong
	}
	if wrong := checkAmount("body.amount", c.Amount); wrong != nil {
		return wrong
	}
	old, err := s.commitment(ctx, tx, c.Org, c.Ref)
	if err == nil {
		if old.Fund != c.Fund || old.Year != c.Year || old.Party != store.Word(c.Party) || old.Amount != c.Amount {
			return ErrDiffers.At("body.ref", c.Ref).With("what", Yuan(old.Amount)+" "+old.Fund)
		}
		return nil
	}
	if !errors.Is(err, ErrCommitment) {
		return err
	}
	if err := s.fund(ctx, tx, c.Org, c.Fund); err != nil {
		return err
	}
	e := Entry{Org: c.Org, Act: ActCommit, Ref: c.Ref, Day: s.today(), Fund: c.Fund, Year: c.Year, Amount: c.Amount, Memo: c.Memo,
		Postings: s.chart.postings(ActCommit, c.Fund, c.Year, c.Amount)}
	if err := s.post(ctx, tx, &e); err != nil {
		return err
	}
	row := commitmentRow{Org: c.Org, Ref: c.Ref, Fund: c.Fund, Year: c.Year, Party: store.Word(c.Party), Amount: c.Amount, Memo: c.Memo, Number: e.Number, At: e.At}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return wrap("write a commitment", err)
	}
	return nil
}

// Release gives a part of a commitment that is not paid back to the budget. Errors: ErrCommitment, ErrOver, ErrReason.
func (s *Service) Release(ctx context.Context, tx bun.Tx, org uuid.UUID, ref string, amount int64, why string) error {
	if wrong := checkAmount("body.amount", amount); wrong != nil {
		return wrong
	}
	if wrong := checkWhy("body.why", why); wrong != nil {
		return wrong
	}
	c, err := s.commitment(ctx, tx, org, ref)
	if err != nil {
		return err
	}
	if amount > c.open() {
		return ErrOver.At("body.amount", Yuan(amount)).With("ref", ref).With("left", Yuan(c.open())).With("asked", Yuan(amount))
	}
	e := Entry{Org: org, Act: ActRelease, Ref: ref, Day: s.today(), Fund: c.Fund, Year: c.Year, Amount: amount, Memo: c.Memo, Why: why,
		Postings: s.chart.postings(ActRelease, c.Fund, c.Year, amount)}
	if err := s.post(ctx, tx, &e); err != nil {
		return err
	}
	c.Released += amount
	return s.keep(ctx, tx, c)
}

// Pay orders a payment of a commitment. The same ID with the same content changes nothing. Errors: ErrCommitment, ErrOver,
// ErrDiffers, ErrDay, ErrRef, ErrAmount.
func (s *Service) Pay(ctx context.Context, tx bun.Tx, org uuid.UUID, ref string, p Payment) error {
	return s.move(ctx, tx, org, ref, "pay", p.ID, p.Amount, p.On, p.Document, "", func(c *commitmentRow) error {
		if p.Amount > c.open() {
			return ErrOver.At("body.amount", Yuan(p.Amount)).With("ref", ref).With("left", Yuan(c.open())).With("asked", Yuan(p.Amount))
		}
		c.Paid += p.Amount
		return nil
	})
}

// Recover takes a step of a claw-back. Errors: ErrCommitment, ErrClaim where more is claimed than was paid, or more received than is
// claimed; ErrRecovery, ErrDiffers, ErrReason, ErrDay, ErrRef, ErrAmount.
func (s *Service) Recover(ctx context.Context, tx bun.Tx, org uuid.UUID, ref string, r Recovery) error {
	if r.Kind != Claim && r.Kind != Waive && r.Kind != Receipt {
		return ErrRecovery.At("body.kind", r.Kind)
	}
	if r.Kind != Receipt {
		if wrong := checkWhy("body.why", r.Why); wrong != nil {
			return wrong
		}
	}
	return s.move(ctx, tx, org, ref, r.Kind, r.ID, r.Amount, r.On, r.Document, r.Why, func(c *commitmentRow) error {
		left := c.Claimed
		if r.Kind == Claim {
			left = c.Paid - c.Claimed - c.Received
		}
		if r.Amount > left {
			return ErrClaim.At("body.amount", Yuan(r.Amount)).With("ref", ref).With("left", Yuan(left)).With("asked", Yuan(r.Amount))
		}
		switch r.Kind {
		case Claim:
			c.Claimed += r.Amount
		case Waive:
			c.Claimed -= r.Amount
		case Receipt:
			c.Claimed, c.Received = c.Claimed-r.Amount, c.Received+r.Amount
		}
		return nil
	})
}

var actOf = map[string]string{"pay": ActPay, Claim: ActClaim, Waive: ActWaive, Receipt: ActReceive}

func (s *Service) move(ctx context.Context, tx bun.Tx, org uuid.UUID, ref, kind, id string, amount int64, day, document, why string, change func(*commitmentRow) error) error {
	if wrong := checkRef("body.id", id); wrong != nil {
		return wrong
	}
	if wrong := checkAmount("body.amount", amount); wrong != nil {
		return wrong
	}
	if wrong := checkDay("body.on", day); wrong != nil {
		return wrong
	}
	c, err := s.commitment(ctx, tx, org, ref)
	if err != nil {
		return err
	}
	old, err := s.movement(ctx, tx, org, ref, id)
	if err != nil {
		return err
	}
	if old != nil {
		if old.State == "reversed" || old.Kind != kind || old.Amount != amount || old.Day != day || old.Document != document || old.Why != why {
			return ErrDiffers.At("body.id", id).With("what", old.Kind+" "+Yuan(old.Amount)+" "+old.Day+" "+old.State)
		}
		return nil
	}
	if err := change(c); err != nil {
		return err
	}
	e := Entry{Org: org, Act: actOf[kind], Ref: ref, Day: day, Fund: c.Fund, Year: c.Year, Amount: amount, Memo: c.Memo, Why: why, Document: document,
		Postings: s.chart.postings(actOf[kind], c.Fund, c.Year, amount)}
	if err := s.post(ctx, tx, &e); err != nil {
		return err
	}
	row := movementRow{Org: org, Ref: ref, ID: id, Kind: kind, Amount: amount, Day: day, Document: document, Why: why, Entry: e.ID.String(), Number: e.Number, State: "open"}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return wrap("write a payment", err)
	}
	return s.keep(ctx, tx, c)
}

// Count moves vouchers of a budget line between their accounts; act is one of the voucher acts.
func (s *Service) Count(ctx context.Context, tx bun.Tx, org uuid.UUID, act, ref string, amount int64, memo text.Text, why string) error {
	c, err := s.commitment(ctx, tx, org, ref)
	if err != nil {
		return err
	}
	return s.post(ctx, tx, &Entry{Org: org, Act: act, Ref: ref, Day: s.today(), Fund: c.Fund, Year: c.Year, Amount: amount, Memo: memo, Why: why,
		Postings: s.chart.postings(act, c.Fund, c.Year, amount)})
}

// Standing tells how a commitment stands. Error: ErrCommitment.
func (s *Service) Standing(ctx context.Context, org uuid.UUID, ref string) (Standing, error) {
	c, err := s.commitment(ctx, s.o.DB, org, ref)
	if err != nil {
		return Standing{}, err
	}
	st := standing(c)
	st.Free, err = s.balance(ctx, s.o.DB, org, FreeAccount, c.Fund, c.Year)
	return st, err
}

func standing(c *commitmentRow) Standing {
	return Standing{Fund: c.Fund, Year: c.Year, Party: store.ID(c.Party), Amount: c.Amount, Released: c.Released, Committed: c.open(), Paid: c.Paid, Claimed: c.Claimed, Recovered: c.Received}
}

// ReleaseBy, PayBy and RecoverBy are what officers do from the ledger's own page. Errors: also those of auth.

// ReleaseBy releases a part of a commitment.
func (s *Service) ReleaseBy(ctx context.Context, org uuid.UUID, ref string, amount int64, why string) error {
	return s.by(ctx, org, func(ctx context.Context, tx bun.Tx) error { return s.Release(ctx, tx, org, ref, amount, why) })
}

// CommitBy promises money.
func (s *Service) CommitBy(ctx context.Context, c Commitment) error {
	return s.by(ctx, c.Org, func(ctx context.Context, tx bun.Tx) error { return s.Commit(ctx, tx, c) })
}

// PayBy orders a payment.
func (s *Service) PayBy(ctx context.Context, org uuid.UUID, ref string, p Payment) error {
	return s.by(ctx, org, func(ctx context.Context, tx bun.Tx) error { return s.Pay(ctx, tx, org, ref, p) })
}

// RecoverBy takes a step of a claw-back.
func (s *Service) RecoverBy(ctx context.Context, org uuid.UUID, ref string, r Recovery) error {
	return s.by(ctx, org, func(ctx context.Context, tx bun.Tx) error { return s.Recover(ctx, tx, org, ref, r) })
}

func (s *Service) by(ctx context.Context, org uuid.UUID, do func(context.Context, bun.Tx) error) error {
	if _, err := auth.Allow(ctx, auth.Configure, org); err != nil {
		return err
	}
	return s.o.DB.InTx(ctx, do)
}
