package ledger

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("ledger")

// LedgerFund is a fund.
type LedgerFund struct {
	ID   string    `json:"id" maxLength:"60"`
	Name text.Text `json:"name"`
	Line string    `json:"line,omitempty" maxLength:"60" doc:"Budget line of the measures that it pays"`
}

// LedgerLine is a fund in a year. Amounts are whole fen.
type LedgerLine struct {
	Fund     string           `json:"fund"`
	Year     int              `json:"year"`
	Balances map[string]int64 `json:"balances" doc:"By account, in fen, positive on the account's own side"`
}

// LedgerPosting is a line of an entry.
type LedgerPosting struct {
	Account string `json:"account" maxLength:"60"`
	Fund    string `json:"fund" maxLength:"60"`
	Year    int    `json:"year"`
	Debit   int64  `json:"debit,omitempty" doc:"Fen"`
	Credit  int64  `json:"credit,omitempty" doc:"Fen"`
}

// LedgerEntry is a journal entry.
type LedgerEntry struct {
	ID       uuid.UUID       `json:"id" format:"uuid"`
	Number   int64           `json:"number"`
	Act      string          `json:"act"`
	Ref      string          `json:"ref"`
	Day      string          `json:"day"`
	Fund     string          `json:"fund"`
	Year     int             `json:"year"`
	Amount   int64           `json:"amount" doc:"Fen"`
	Memo     text.Text       `json:"memo,omitzero"`
	Why      string          `json:"why,omitempty"`
	Document string          `json:"document,omitempty"`
	Reverses *uuid.UUID      `json:"reverses,omitempty" format:"uuid"`
	Reversed *uuid.UUID      `json:"reversed,omitempty" format:"uuid" doc:"By this entry"`
	By       audit.Actor     `json:"by"`
	At       time.Time       `json:"at"`
	Lines    []LedgerPosting `json:"lines" nullable:"false"`
}

func idOr(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func entryView(e *Entry) LedgerEntry {
	v := LedgerEntry{ID: e.ID, Number: e.Number, Act: e.Act, Ref: e.Ref, Day: e.Day, Fund: e.Fund, Year: e.Year, Amount: e.Amount, Memo: e.Memo, Why: e.Why, Document: e.Document,
		Reverses: idOr(e.Reverses), Reversed: idOr(e.Reversed), By: e.By, At: time.Unix(0, e.At).UTC(), Lines: []LedgerPosting{}}
	for _, p := range e.Postings {
		v.Lines = append(v.Lines, LedgerPosting(p))
	}
	return v
}

// LedgerCommitment is a promise. Amounts are whole fen.
type LedgerCommitment struct {
	Ref       string     `json:"ref"`
	Fund      string     `json:"fund"`
	Year      int        `json:"year"`
	Party     *uuid.UUID `json:"party,omitempty" format:"uuid"`
	Memo      text.Text  `json:"memo,omitzero"`
	Amount    int64      `json:"amount"`
	Released  int64      `json:"released"`
	Committed int64      `json:"committed" doc:"Promised and not yet paid"`
	Paid      int64      `json:"paid"`
	Claimed   int64      `json:"claimed" doc:"Claimed back and not yet received"`
	Recovered int64      `json:"recovered"`
	At        time.Time  `json:"at"`
}

func promiseView(p *Promise) LedgerCommitment {
	return LedgerCommitment{Ref: p.Ref, Fund: p.Fund, Year: p.Year, Party: idOr(p.Party), Memo: p.Memo, Amount: p.Amount, Released: p.Released, Committed: p.Committed, Paid: p.Paid,
		Claimed: p.Claimed, Recovered: p.Recovered, At: p.At}
}

// LedgerMovement is a payment, claim, waiver or receipt.
type LedgerMovement struct {
	Ref      string    `json:"ref"`
	ID       string    `json:"id"`
	Kind     string    `json:"kind" enum:"pay,claim,waive,receipt"`
	Amount   int64     `json:"amount" doc:"Fen"`
	Day      string    `json:"day"`
	Document string    `json:"document,omitempty"`
	Why      string    `json:"why,omitempty"`
	Entry    uuid.UUID `json:"entry" format:"uuid"`
	State    string    `json:"state" enum:"open,settled,reversed" doc:"settled: the bank has done it"`
}

func movementView(m *Movement) LedgerMovement {
	return LedgerMovement{m.Ref, m.ID, m.Kind, m.Amount, m.Day, m.Document, m.Why, m.Entry, m.State}
}

// LedgerTrialRow is an account of a trial balance.
type LedgerTrialRow struct {
	Account string `json:"account"`
	Debit   int64  `json:"debit"`
	Credit  int64  `json:"credit"`
	Kept    int64  `json:"kept" doc:"Balance as it is kept, debit less credit"`
}

// LedgerTrial is a trial balance.
type LedgerTrial struct {
	Balanced bool             `json:"balanced" doc:"Debits and credits of the journal are equal, and every kept balance is that of its lines"`
	Rows     []LedgerTrialRow `json:"rows" nullable:"false"`
}

// LedgerChart is the chart of accounts.
type LedgerChart struct {
	ID       string          `json:"id"`
	Version  string          `json:"version"`
	Name     text.Text       `json:"name"`
	Accounts []LedgerAccount `json:"accounts" nullable:"false"`
	Acts     []LedgerAct     `json:"acts" nullable:"false"`
}

// OfBook names the organisation whose book it is.
type OfBook struct {
	Org uuid.UUID `query:"org" format:"uuid" required:"true" doc:"The organisation that keeps the book"`
}

// BookFilter narrows lists of a book.
type BookFilter struct {
	OfBook
	Fund string `query:"fund" maxLength:"60"`
	Year int    `query:"year"`
	Ref  string `query:"ref" maxLength:"120"`
}

func (f BookFilter) filter() Filter { return Filter{f.Fund, f.Year, f.Ref} }

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	api.Register(a, tag.Operation(http.MethodGet, "getLedgerChart", "/ledger/chart", "The chart of accounts"),
		func(ctx context.Context, _ *struct{}) (*struct{ Body LedgerChart }, error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			return &struct{ Body LedgerChart }{LedgerChart{s.chart.ID, s.chart.Version, s.chart.Name, s.chart.Accounts, s.chart.Acts}}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listFunds", "/ledger/funds", "Funds of a book"),
		func(ctx context.Context, in *OfBook) (*api.List[LedgerFund], error) {
			list, err := s.Funds(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, func(f *Fund) LedgerFund { return LedgerFund(*f) }), ""), nil
		})
	type fund struct {
		Body struct {
			Org uuid.UUID `json:"org" format:"uuid"`
			LedgerFund
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "addFund", "/ledger/funds", "Make a fund")),
		func(ctx context.Context, in *fund) (*struct{ Body LedgerFund }, error) {
			if err := s.AddFund(ctx, in.Body.Org, Fund(in.Body.LedgerFund)); err != nil {
				return nil, err
			}
			return &struct{ Body LedgerFund }{in.Body.LedgerFund}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listBudgetLines", "/ledger/budget", "Budget lines of a book with their balances"),
		func(ctx context.Context, in *OfBook) (*api.List[LedgerLine], error) {
			list, err := s.Budget(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, func(l *BudgetLine) LedgerLine { return LedgerLine(*l) }), ""), nil
		})
	type appropriate struct {
		Body struct {
			Org      uuid.UUID `json:"org" format:"uuid"`
			Fund     string    `json:"fund" maxLength:"60"`
			Year     int       `json:"year"`
			Amount   int64     `json:"amount" doc:"Fen; negative takes away what is free"`
			Document string    `json:"document,omitempty" maxLength:"200"`
			Why      string    `json:"why" maxLength:"2000"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "appropriate", "/ledger/budget", "Give money to a budget line, or take it away")),
		func(ctx context.Context, in *appropriate) (*struct{ Body LedgerEntry }, error) {
			b := &in.Body
			return one(s.Appropriate(ctx, b.Org, Appropriation{b.Fund, b.Year, b.Amount, b.Document, b.Why}))
		})
	s.commitmentRoutes(a)
	s.journalRoutes(a)
	s.statementRoutes(a)
}

func one(e Entry, err error) (*struct{ Body LedgerEntry }, error) {
	if err != nil {
		return nil, err
	}
	return &struct{ Body LedgerEntry }{entryView(&e)}, nil
}

// LedgerRelease gives a part of a commitment back to the budget.
type LedgerRelease struct {
	Org    uuid.UUID `json:"org" format:"uuid"`
	Ref    string    `json:"ref" maxLength:"120"`
	Amount int64     `json:"amount" doc:"Fen"`
	Why    string    `json:"why" maxLength:"2000"`
}

// LedgerStep is a payment or a step of a claw-back.
type LedgerStep struct {
	Org      uuid.UUID `json:"org" format:"uuid"`
	Ref      string    `json:"ref" maxLength:"120"`
	Kind     string    `json:"kind" enum:"pay,claim,waive,receipt"`
	ID       string    `json:"id" maxLength:"120" doc:"By which the bank statement will know it; the same again changes nothing"`
	Amount   int64     `json:"amount" doc:"Fen"`
	On       string    `json:"on" format:"date"`
	Document string    `json:"document,omitempty" maxLength:"200"`
	Why      string    `json:"why,omitempty" maxLength:"2000" doc:"Of claims and waivers: reason and clause"`
}

func (s *Service) commitmentRoutes(a *api.Server) {
	type list struct {
		BookFilter
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listCommitments", "/ledger/commitments", "Commitments of a book, the newest first"),
		func(ctx context.Context, in *list) (*api.List[LedgerCommitment], error) {
			items, next, err := s.Commitments(ctx, in.Org, in.filter(), in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, promiseView), next), nil
		})
	type commit struct {
		Body struct {
			Org    uuid.UUID `json:"org" format:"uuid"`
			Fund   string    `json:"fund" maxLength:"60"`
			Year   int       `json:"year"`
			Ref    string    `json:"ref" maxLength:"120"`
			Party  uuid.UUID `json:"party,omitempty" format:"uuid" required:"false"`
			Amount int64     `json:"amount" doc:"Fen"`
			Memo   text.Text `json:"memo,omitempty" required:"false"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "commit", "/ledger/commitments", "Promise money of a budget line")),
		func(ctx context.Context, in *commit) (*struct{ Body LedgerCommitment }, error) {
			b := &in.Body
			if err := s.CommitBy(ctx, Commitment(*b)); err != nil {
				return nil, err
			}
			return s.stands(ctx, b.Org, b.Ref)
		})
	type release struct{ Body LedgerRelease }
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "releaseCommitment", "/ledger/releases", "Give a part of a commitment that is not paid back to the budget")),
		func(ctx context.Context, in *release) (*struct{ Body LedgerCommitment }, error) {
			b := &in.Body
			if err := s.ReleaseBy(ctx, b.Org, b.Ref, b.Amount, b.Why); err != nil {
				return nil, err
			}
			return s.stands(ctx, b.Org, b.Ref)
		})
	type step struct{ Body LedgerStep }
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "moveCommitment", "/ledger/movements", "Pay a commitment, claim back what was paid, receive it")),
		func(ctx context.Context, in *step) (*struct{ Body LedgerCommitment }, error) {
			b := &in.Body
			var err error
			if b.Kind == "pay" {
				err = s.PayBy(ctx, b.Org, b.Ref, Payment{b.ID, b.Amount, b.On, b.Document})
			} else {
				err = s.RecoverBy(ctx, b.Org, b.Ref, Recovery{b.Kind, b.ID, b.Amount, b.On, b.Document, b.Why})
			}
			if err != nil {
				return nil, err
			}
			return s.stands(ctx, b.Org, b.Ref)
		})
	type moves struct {
		OfBook
		Ref string `query:"ref" maxLength:"120"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listMovements", "/ledger/movements", "Payments, claims and receipts of a book, the newest first"),
		func(ctx context.Context, in *moves) (*api.List[LedgerMovement], error) {
			items, next, err := s.Movements(ctx, in.Org, in.Ref, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, movementView), next), nil
		})
}

func (s *Service) stands(ctx context.Context, org uuid.UUID, ref string) (*struct{ Body LedgerCommitment }, error) {
	list, _, err := s.Commitments(ctx, org, Filter{Ref: ref}, store.Page{})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrCommitment.At("body.ref", ref)
	}
	return &struct{ Body LedgerCommitment }{promiseView(&list[0])}, nil
}

func (s *Service) journalRoutes(a *api.Server) {
	type list struct {
		BookFilter
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listLedgerEntries", "/ledger/entries", "The journal of a book, the newest entry first"),
		func(ctx context.Context, in *list) (*api.List[LedgerEntry], error) {
			items, next, err := s.Entries(ctx, in.Org, in.filter(), in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, entryView), next), nil
		})
	type write struct {
		Body struct {
			Org      uuid.UUID       `json:"org" format:"uuid"`
			Ref      string          `json:"ref" maxLength:"120"`
			Day      string          `json:"day" format:"date"`
			Lines    []LedgerPosting `json:"lines" minItems:"2" maxItems:"100"`
			Memo     text.Text       `json:"memo,omitempty" required:"false"`
			Document string          `json:"document,omitempty" maxLength:"200"`
			Why      string          `json:"why" maxLength:"2000"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "writeLedgerEntry", "/ledger/entries", "Write a balanced entry by hand")),
		func(ctx context.Context, in *write) (*struct{ Body LedgerEntry }, error) {
			b := &in.Body
			j := Journal{Ref: b.Ref, Day: b.Day, Memo: b.Memo, Document: b.Document, Why: b.Why}
			for _, l := range b.Lines {
				j.Lines = append(j.Lines, Posting(l))
			}
			return one(s.Write(ctx, b.Org, j))
		})
	type reverse struct {
		api.ByID
		Body struct {
			Why string `json:"why" maxLength:"2000"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "reverseLedgerEntry", "/ledger/entries/{id}/reversal", "Undo an entry by a further one")),
		func(ctx context.Context, in *reverse) (*struct{ Body LedgerEntry }, error) {
			return one(s.Reverse(ctx, in.ID, in.Body.Why))
		})
	api.Register(a, tag.Operation(http.MethodGet, "getTrialBalance", "/ledger/trial", "The trial balance, added up from the journal"),
		func(ctx context.Context, in *OfBook) (*struct{ Body LedgerTrial }, error) {
			rows, ok, err := s.Trial(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return &struct{ Body LedgerTrial }{LedgerTrial{ok, store.All(rows, func(r *TrialRow) LedgerTrialRow { return LedgerTrialRow(*r) })}}, nil
		})
	type export struct {
		CallerLanguage
		BookFilter
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	api.Register(a, Exports(tag.Operation(http.MethodGet, "exportLedger", "/ledger/export", "The journal of a book as a file")), func(ctx context.Context, in *export) (*TableFile, error) {
		f := table.Format(in.Format)
		data, err := s.Export(ctx, in.Org, in.filter(), f, in.Language())
		return NewTableFile("journal-"+s.today(), f, data, err)
	})
}
