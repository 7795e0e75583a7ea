package support

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/office/ledger"
)

// objectionDays is how long an enterprise may object to a claim, in calendar days.
const objectionDays = 15

// Recovery is a claim on support that was paid.
type Recovery struct {
	ID        uuid.UUID
	Award     uuid.UUID
	Org       uuid.UUID // the enterprise
	Keeper    uuid.UUID
	Cause     string
	Clause    string // on which it rests, with its document
	Why       string
	Amount    int64
	Received  int64
	State     string // claimed, objected, upheld, withdrawn, received
	Objection string
	Decision  string
	Until     string // last day of objection
	At        int64
}

func recoveryOf(r *recoveryRow) Recovery {
	return Recovery{r.ID, r.Award, r.Org, r.Keeper, r.Cause, r.Clause, r.Why, r.Amount, r.Received, r.State, r.Objection, r.Decision, r.Until, r.At}
}

// Causes are the reasons for which support is claimed back.
func (s *Service) Causes() []SupportCause {
	if s.guide == nil {
		return nil
	}
	return s.guide.Recovery
}

// ClaimBack claims back what was paid of an award: the whole where the cause says so. Errors: ErrCause, ErrReason (why, or the clause),
// ErrAmount, ledger.ErrClaim, store.ErrNotFound.
func (s *Service) ClaimBack(ctx context.Context, award uuid.UUID, cause, clause, why string, amount int64) (Recovery, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Recovery{}, err
	}
	var a awardRow
	if err := s.o.DB.NewSelect().Model(&a).Where("w.id = ?", award).Scan(ctx); err != nil {
		return Recovery{}, wrap("award", err)
	}
	if !scope.Includes(a.Org) && !scope.Includes(a.Keeper) {
		return Recovery{}, wrap("award", store.ErrNotFound)
	}
	if _, err := auth.Allow(ctx, auth.Configure, a.Keeper); err != nil {
		return Recovery{}, theirs(err)
	}
	var rule *SupportCause
	var ids []string
	for i := range s.guide.Recovery {
		ids = append(ids, s.guide.Recovery[i].ID)
		if s.guide.Recovery[i].ID == cause {
			rule = &s.guide.Recovery[i]
		}
	}
	if rule == nil {
		return Recovery{}, ErrCause.At("body.cause", cause).With("causes", strings.Join(ids, ", "))
	}
	if wrong := checkWhy("body.clause", clause); wrong != nil {
		return Recovery{}, wrong
	}
	if wrong := checkWhy("body.why", why); wrong != nil {
		return Recovery{}, wrong
	}
	st, err := s.o.Books.Standing(ctx, a.Keeper, a.Ref)
	if err != nil {
		return Recovery{}, err
	}
	left, err := s.left(ctx, &a, st)
	if err != nil {
		return Recovery{}, err
	}
	if rule.Share == "all" && amount == 0 {
		amount = left
	}
	if amount <= 0 || amount > left || rule.Share == "all" && amount != left {
		return Recovery{}, ErrAmount.At("body.amount", ledger.Yuan(amount)).With("max", ledger.Yuan(left))
	}
	now := s.o.Now()
	r := recoveryRow{ID: uuid.Must(uuid.NewV7()), Award: award, Org: a.Org, Keeper: a.Keeper, Cause: cause, Clause: clause, Why: why, Amount: amount, State: "claimed",
		Until: field.DateOf(now.UTC().AddDate(0, 0, objectionDays).UnixNano()), At: now.UnixNano()}
	act := s.act(ctx, a.Keeper, "claim", "recovery", r.ID.String(), a.Name, nil, map[string]any{"cause": cause, "clause": clause, "amount": ledger.Yuan(amount)})
	act.Reason = why
	r.Actor = string(canonical(act.Actor))
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.o.Books.Recover(ctx, tx, a.Keeper, a.Ref, ledger.Recovery{Kind: ledger.Claim, ID: "C-" + r.ID.String(), Amount: amount, On: s.today(), Document: clause, Why: why}); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return wrap("write a claim", err)
		}
		return audit.Record(ctx, tx, act)
	})
	return recoveryOf(&r), err
}

// left is what can still be claimed back of an award: of what was paid by its commitment, and no more than the award where several of
// one application share a commitment.
func (s *Service) left(ctx context.Context, a *awardRow, st ledger.Standing) (int64, error) {
	var claimed int64
	if err := s.o.DB.NewSelect().Model((*recoveryRow)(nil)).ColumnExpr("COALESCE(SUM(c.amount), 0)").Where("c.award = ? AND c.state <> ?", a.ID, "withdrawn").Scan(ctx, &claimed); err != nil {
		return 0, wrap("claims on an award", err)
	}
	return max(0, min(st.Paid-st.Claimed-st.Recovered, a.Amount-claimed)), nil
}

// recovery reads one of the caller's organisations, with its award.
func (s *Service) recovery(ctx context.Context, id uuid.UUID) (r recoveryRow, a awardRow, err error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return r, a, err
	}
	if err := s.o.DB.NewSelect().Model(&r).Where("c.id = ?", id).Scan(ctx); err != nil {
		return r, a, wrap("claim", err)
	}
	if !scope.Includes(r.Org) && !scope.Includes(r.Keeper) {
		return recoveryRow{}, a, wrap("claim", store.ErrNotFound)
	}
	err = s.o.DB.NewSelect().Model(&a).Where("w.id = ?", r.Award).Scan(ctx)
	return r, a, store.Err(err)
}

// Object is the enterprise's objection, within its time. Errors: ErrLate, ErrRecovery, ErrReason.
func (s *Service) Object(ctx context.Context, id uuid.UUID, why string) (Recovery, error) {
	r, a, err := s.recovery(ctx, id)
	if err != nil {
		return Recovery{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, r.Org); err != nil {
		return Recovery{}, theirs(err)
	}
	if wrong := checkWhy("body.why", why); wrong != nil {
		return Recovery{}, wrong
	}
	if s.today() > r.Until {
		return Recovery{}, ErrLate.At("path.id", id.String()).With("until", r.Until)
	}
	return s.step(ctx, &r, &a, "claimed", "objected", why, func() { r.Objection = why }, nil)
}

// Decide decides on an objection: the claim is upheld, or withdrawn, and then the book too. Errors: ErrRecovery, ErrReason.
func (s *Service) Decide(ctx context.Context, id uuid.UUID, upheld bool, why string) (Recovery, error) {
	r, a, err := s.recovery(ctx, id)
	if err != nil {
		return Recovery{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, r.Keeper); err != nil {
		return Recovery{}, theirs(err)
	}
	if wrong := checkWhy("body.why", why); wrong != nil {
		return Recovery{}, wrong
	}
	if upheld {
		return s.step(ctx, &r, &a, "objected", "upheld", why, func() { r.Decision = why }, nil)
	}
	return s.step(ctx, &r, &a, "objected", "withdrawn", why, func() { r.Decision = why }, &ledger.Recovery{Kind: ledger.Waive, ID: "W-" + id.String(), Amount: r.Amount, On: s.today(), Why: why})
}

// Receive enters that a claim was paid, by a payment id that the bank statement carries. Errors: ErrRecovery, ledger.ErrRef.
func (s *Service) Receive(ctx context.Context, id uuid.UUID, payment, on string) (Recovery, error) {
	r, a, err := s.recovery(ctx, id)
	if err != nil {
		return Recovery{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, r.Keeper); err != nil {
		return Recovery{}, theirs(err)
	}
	from := r.State
	if from != "claimed" && from != "upheld" {
		return Recovery{}, ErrRecovery.At("path.id", id.String()).With("state", from)
	}
	return s.step(ctx, &r, &a, from, "received", "", func() { r.Received = r.Amount }, &ledger.Recovery{Kind: ledger.Receipt, ID: payment, Amount: r.Amount, On: on})
}

func (s *Service) step(ctx context.Context, r *recoveryRow, a *awardRow, from, to, why string, change func(), book *ledger.Recovery) (Recovery, error) {
	was := r.State
	change()
	r.State = to
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := moved(ctx, tx, r, []string{"state", "objection", "decision", "received"}, "state = ?", from, ErrRecovery.At("path.id", r.ID.String()).With("state", was)); err != nil {
			return err
		}
		if book != nil {
			if err := s.o.Books.Recover(ctx, tx, r.Keeper, a.Ref, *book); err != nil {
				return err
			}
		}
		act := s.act(ctx, r.Keeper, to, "recovery", r.ID.String(), a.Name, map[string]any{"state": from}, map[string]any{"state": to})
		act.Reason = why
		return audit.Record(ctx, tx, act)
	})
	return recoveryOf(r), err
}

// Recoveries lists claims on an enterprise and those of a keeper, the newest first.
func (s *Service) Recoveries(ctx context.Context, org uuid.UUID, page store.Page) ([]Recovery, string, error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
		return nil, "", err
	}
	var rows []recoveryRow
	q := s.o.DB.NewSelect().Model(&rows).Where("(c.org = ? OR c.keeper = ?)", org, org)
	return store.List(ctx, newest("c"), q, &rows, page, func(r *recoveryRow) []any { return []any{r.ID.String()} }, recoveryOf)
}
