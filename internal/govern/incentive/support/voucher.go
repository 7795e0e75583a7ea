package support

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/ledger"
)

// Voucher is a right to services of a listed provider, paid from a fund (“上云上平台”服务券).
type Voucher struct {
	ID       uuid.UUID
	Number   string
	Keeper   uuid.UUID // who issued it and pays
	Holder   uuid.UUID
	Provider uuid.UUID // with whom it was spent
	Fund     string
	Year     int
	Amount   int64 // fen
	Purpose  string
	Issued   string
	Expires  string // last day on which it can be spent
	State    string // held, spent, delivered, confirmed, redeemed, expired
	Contract string
	Delivery string
	Reply    string
	Payment  string
	Revision int64
	At       int64
}

func voucherOf(r *voucherRow) Voucher {
	return Voucher{r.ID, r.Number, r.Keeper, r.Holder, store.ID(r.Provider), r.Fund, r.Year, r.Amount, r.Purpose, r.Issued, r.Expires, r.State, r.Contract, r.Delivery, r.Reply, r.Payment, r.Revision, r.At}
}

func ref(v *voucherRow) string { return "voucher-" + v.Number }

// Issue gives a voucher to an enterprise of the register, and commits its amount. Errors: ErrHolder, ErrSpan, ErrAmount, ErrReason,
// ledger.ErrBudget.
func (s *Service) Issue(ctx context.Context, v Voucher) (Voucher, error) {
	if _, err := auth.Allow(ctx, auth.Configure, v.Keeper); err != nil {
		return Voucher{}, err
	}
	if v.Amount <= 0 || v.Amount > ledger.MaxAmount {
		return Voucher{}, ErrAmount.At("body.amount", ledger.Yuan(v.Amount)).With("max", ledger.Yuan(ledger.MaxAmount))
	}
	today := s.today()
	if wrong := checkDay("body.expires", v.Expires); wrong != nil {
		return Voucher{}, wrong
	}
	if v.Expires < today {
		return Voucher{}, ErrSpan.At("body.expires", v.Expires).With("from", today)
	}
	if wrong := checkWhy("body.purpose", v.Purpose); wrong != nil {
		return Voucher{}, wrong
	}
	if _, ok, err := s.o.Enterprises.Enterprise(ctx, v.Holder, today); err != nil {
		return Voucher{}, err
	} else if !ok {
		return Voucher{}, ErrHolder.At("body.holder", v.Holder.String())
	}
	row := voucherRow{ID: uuid.Must(uuid.NewV7()), Keeper: v.Keeper, Holder: v.Holder, Fund: v.Fund, Year: v.Year, Amount: v.Amount, Purpose: v.Purpose, Issued: today, Expires: v.Expires,
		State: "held", Revision: 1, At: s.o.Now().UnixNano()}
	// The last twelve digits of a UUIDv7 are random: 48 bits, and unique in the table.
	row.Number = fmt.Sprintf("V%s-%s", today[:4], row.ID.String()[24:])
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		memo := text.Text{Zh: "服务券 " + v.Purpose, En: "voucher " + v.Purpose}
		if err := s.o.Books.Commit(ctx, tx, ledger.Commitment{Org: v.Keeper, Fund: v.Fund, Year: v.Year, Ref: ref(&row), Party: v.Holder, Amount: v.Amount, Memo: memo}); err != nil {
			return err
		}
		if err := s.o.Books.Count(ctx, tx, v.Keeper, ledger.ActIssue, ref(&row), v.Amount, memo, ""); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return wrap("write a voucher", err)
		}
		return audit.Record(ctx, tx, s.act(ctx, v.Keeper, "issue", "voucher", row.ID.String(), row.Number, nil, map[string]any{"holder": v.Holder, "amount": ledger.Yuan(v.Amount), "expires": v.Expires}))
	})
	return voucherOf(&row), err
}

// voucher reads one that an organisation of the caller issued, holds, or was given in payment.
func (s *Service) voucher(ctx context.Context, id uuid.UUID) (voucherRow, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return voucherRow{}, err
	}
	var v voucherRow
	if err := s.o.DB.NewSelect().Model(&v).Where("v.id = ?", id).Scan(ctx); err != nil {
		return v, wrap("voucher", err)
	}
	if !scope.Includes(v.Holder) && !scope.Includes(v.Keeper) && (v.Provider == "" || !scope.Includes(store.ID(v.Provider))) {
		return voucherRow{}, wrap("voucher", store.ErrNotFound)
	}
	return v, nil
}

// turn takes a voucher from one state to another: whoever is second, or finds it elsewhere, is refused.
func (s *Service) turn(ctx context.Context, v *voucherRow, from, to, act string, change func(), book func(context.Context, bun.Tx) error) (Voucher, error) {
	wrong := ErrVoucher.At("path.id", v.ID.String()).With("number", v.Number).With("state", v.State).With("want", from)
	if v.State != from {
		return Voucher{}, wrong
	}
	change()
	v.State = to
	basis := v.Revision
	v.Revision++
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := moved(ctx, tx, v, []string{"state", "provider", "contract", "delivery", "reply", "payment", "revision"}, "revision = ?", basis, wrong); err != nil {
			return err
		}
		if book != nil {
			if err := book(ctx, tx); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, s.act(ctx, v.Keeper, act, "voucher", v.ID.String(), v.Number, map[string]any{"state": from}, map[string]any{"state": to}))
	})
	return voucherOf(v), err
}

// Spend spends a held voucher with a listed provider, under a contract. Errors: ErrVoucher where it is spent already, ErrExpired,
// ErrProvider, ErrReason; not found where it is another's.
func (s *Service) Spend(ctx context.Context, id, provider uuid.UUID, contract string) (Voucher, error) {
	v, err := s.voucher(ctx, id)
	if err != nil {
		return Voucher{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, v.Holder); err != nil {
		return Voucher{}, theirs(err)
	}
	today := s.today()
	if v.State == "held" && today > v.Expires || v.State == "expired" {
		return Voucher{}, ErrExpired.At("path.id", id.String()).With("number", v.Number).With("expires", v.Expires)
	}
	if wrong := checkWhy("body.contract", contract); wrong != nil {
		return Voucher{}, wrong
	}
	listed, err := s.o.Providers.Listed(ctx, provider, today)
	if err != nil {
		return Voucher{}, err
	}
	if !listed || provider == v.Holder {
		return Voucher{}, ErrProvider.At("body.provider", provider.String())
	}
	return s.turn(ctx, &v, "held", "spent", "spend", func() { v.Provider, v.Contract = provider.String(), contract }, s.count(&v, ledger.ActSpend, contract))
}

func (s *Service) count(v *voucherRow, act, why string) func(context.Context, bun.Tx) error {
	return func(ctx context.Context, tx bun.Tx) error {
		return s.o.Books.Count(ctx, tx, v.Keeper, act, ref(v), v.Amount, text.Both(v.Number), why)
	}
}

// Deliver is the provider's word that the service was rendered. Errors: ErrVoucher, ErrReason.
func (s *Service) Deliver(ctx context.Context, id uuid.UUID, what string) (Voucher, error) {
	v, err := s.voucher(ctx, id)
	if err != nil {
		return Voucher{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, store.ID(v.Provider)); err != nil {
		return Voucher{}, theirs(err)
	}
	if wrong := checkWhy("body.what", what); wrong != nil {
		return Voucher{}, wrong
	}
	return s.turn(ctx, &v, "spent", "delivered", "deliver", func() { v.Delivery = what }, nil)
}

// Confirm is the holder's answer: the service was rendered, or it was not and the voucher is held again. Errors: ErrVoucher, ErrReason.
func (s *Service) Confirm(ctx context.Context, id uuid.UUID, good bool, what string) (Voucher, error) {
	v, err := s.voucher(ctx, id)
	if err != nil {
		return Voucher{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, v.Holder); err != nil {
		return Voucher{}, theirs(err)
	}
	if wrong := checkWhy("body.what", what); wrong != nil {
		return Voucher{}, wrong
	}
	if good {
		return s.turn(ctx, &v, "delivered", "confirmed", "confirm", func() { v.Reply = what }, nil)
	}
	return s.turn(ctx, &v, "delivered", "held", "dispute", func() { v.Reply, v.Provider, v.Contract, v.Delivery = what, "", "", "" }, s.count(&v, ledger.ActReturn, what))
}

// Redeem pays the provider for a voucher that both sides have confirmed; payment is the reference that the bank statement will carry.
// Errors: ErrVoucher, those of ledger.Pay.
func (s *Service) Redeem(ctx context.Context, id uuid.UUID, payment, on string) (Voucher, error) {
	v, err := s.voucher(ctx, id)
	if err != nil {
		return Voucher{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, v.Keeper); err != nil {
		return Voucher{}, theirs(err)
	}
	return s.turn(ctx, &v, "confirmed", "redeemed", "redeem", func() { v.Payment = payment }, func(ctx context.Context, tx bun.Tx) error {
		if err := s.o.Books.Count(ctx, tx, v.Keeper, ledger.ActRedeem, ref(&v), v.Amount, text.Both(v.Number), ""); err != nil {
			return err
		}
		return s.o.Books.Pay(ctx, tx, v.Keeper, ref(&v), ledger.Payment{ID: payment, Amount: v.Amount, On: on, Document: v.Number})
	})
}

// Vouchers lists those that an organisation issued, holds, or was paid with, the newest first.
func (s *Service) Vouchers(ctx context.Context, org uuid.UUID, page store.Page) ([]Voucher, string, error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
		return nil, "", err
	}
	var rows []voucherRow
	q := s.o.DB.NewSelect().Model(&rows).Where("(v.keeper = ? OR v.holder = ? OR v.provider = ?)", org, org, org.String())
	return store.List(ctx, newest("v"), q, &rows, page, func(r *voucherRow) []any { return []any{r.ID.String()} }, voucherOf)
}

// expire lets held vouchers whose last day is past expire, and gives their money back to the budget. It returns how many.
func (s *Service) expire(ctx context.Context) (int, error) {
	var rows []voucherRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("v.state = ? AND v.expires < ?", "held", s.today()).OrderExpr("v.id").Limit(500).Scan(ctx); err != nil {
		return 0, wrap("vouchers", err)
	}
	done := 0
	for i := range rows {
		v := &rows[i]
		_, err := s.turn(ctx, v, "held", "expired", "expire", func() {}, func(ctx context.Context, tx bun.Tx) error {
			if err := s.o.Books.Count(ctx, tx, v.Keeper, ledger.ActExpire, ref(v), v.Amount, text.Both(v.Number), "过期 expired"); err != nil {
				return err
			}
			return s.o.Books.Release(ctx, tx, v.Keeper, ref(v), v.Amount, "服务券过期 voucher expired")
		})
		if errors.Is(err, ErrVoucher) { // it was spent meanwhile
			continue
		}
		if err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

// Run lets vouchers expire, looking once an hour.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if _, err := s.expire(auth.AsSystem(ctx, "vouchers")); err != nil && ctx.Err() == nil {
			s.o.Logger.Error("vouchers did not expire", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Reconciled holds the vouchers of a keeper against its book.
type Reconciled struct {
	Held, Spent, Redeemed int64 // fen, by the vouchers themselves; spent includes what is delivered and confirmed
	Count                 int
}

// Reconcile adds up the vouchers of a keeper by state, to be held against the accounts of the book.
func (s *Service) Reconcile(ctx context.Context, keeper uuid.UUID) (r Reconciled, err error) {
	if _, err := auth.Allow(ctx, auth.Read, keeper); err != nil {
		return r, err
	}
	type sum struct {
		State  string
		Count  int
		Amount int64
	}
	var sums []sum
	err = s.o.DB.NewSelect().Model((*voucherRow)(nil)).ColumnExpr("v.state AS state, COUNT(*) AS count, CAST(SUM(v.amount) AS BIGINT) AS amount").Where("v.keeper = ?", keeper).GroupExpr("v.state").Scan(ctx, &sums)
	if err != nil {
		return r, wrap("vouchers", err)
	}
	for _, x := range sums {
		r.Count += x.Count
		switch x.State {
		case "held":
			r.Held += x.Amount
		case "spent", "delivered", "confirmed":
			r.Spent += x.Amount
		case "redeemed":
			r.Redeemed += x.Amount
		}
	}
	return r, nil
}
