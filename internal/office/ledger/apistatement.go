package ledger

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// StatementLine is a line of a bank statement.
type StatementLine struct {
	Statement *uuid.UUID `json:"statement,omitempty" format:"uuid"`
	Line      int        `json:"line" doc:"Row of the file"`
	Day       string     `json:"day"`
	Reference string     `json:"reference"`
	Party     string     `json:"party,omitempty"`
	Note      string     `json:"note,omitempty"`
	Amount    int64      `json:"amount" doc:"Fen; received is positive, paid negative"`
	State     string     `json:"state" enum:"open,matched"`
	Ref       string     `json:"ref,omitempty" doc:"Of the commitment that it is matched with"`
	Movement  string     `json:"movement,omitempty"`
}

func lineView(l *Line) StatementLine {
	return StatementLine{idOr(l.Statement), l.Line, l.Day, l.Reference, l.Party, l.Note, l.Amount, l.State, l.Ref, l.Movement}
}

// StatementFault is a row of a statement that cannot be taken.
type StatementFault struct {
	Row   int       `json:"row"`
	Cell  string    `json:"cell"`
	Value string    `json:"value"`
	Text  text.Text `json:"text"`
	Mend  text.Text `json:"mend"`
}

// StatementTaken tells what came of a statement.
type StatementTaken struct {
	Statement *uuid.UUID       `json:"statement,omitempty" format:"uuid" doc:"Absent where nothing was taken"`
	Applied   bool             `json:"applied"`
	Matched   int              `json:"matched"`
	Lines     []StatementLine  `json:"lines" nullable:"false"`
	Faults    []StatementFault `json:"faults" nullable:"false"`
}

// LedgerDifference is something of bank and book that does not agree.
type LedgerDifference struct {
	Kind    string          `json:"kind" enum:"amount,bank,book" doc:"amount: same reference, other amount; bank, book: only there"`
	Line    *StatementLine  `json:"line,omitempty"`
	Payment *LedgerMovement `json:"payment,omitempty"`
}

func (s *Service) statementRoutes(a *api.Server) {
	type imported struct {
		OfBook
		Name    string `query:"name" maxLength:"200"`
		Format  string `query:"format" enum:"xlsx,csv" doc:"Found out where it is left out"`
		DryRun  bool   `query:"dryRun" doc:"Only tell what would be done"`
		RawBody []byte `contentType:"application/octet-stream"`
	}
	op := tag.Operation(http.MethodPost, "importStatement", "/ledger/statements", "Take in a bank statement: whole or not at all")
	op.Description = "The body is the file: XLSX or CSV with columns date, reference, and amount (or received and paid). What is wrong with rows comes in the answer; with any, nothing is taken and applied is false."
	op.MaxBodyBytes = table.MaxFile
	op.BodyReadTimeout = 2 * time.Minute
	api.Register(a, op, func(ctx context.Context, in *imported) (*struct{ Body StatementTaken }, error) {
		t, err := s.Statement(ctx, in.Org, in.Name, table.Format(in.Format), in.RawBody, in.DryRun)
		if err != nil {
			return nil, err
		}
		out := StatementTaken{Statement: idOr(t.Statement), Applied: t.Statement != uuid.Nil, Matched: t.Matched, Lines: store.All(t.Lines, lineView), Faults: []StatementFault{}}
		for _, f := range t.Faults {
			out.Faults = append(out.Faults, StatementFault{f.Row, f.Cell, f.Value, f.Text, f.Mend})
		}
		return &struct{ Body StatementTaken }{out}, nil
	})
	type match struct {
		Body struct {
			Statement uuid.UUID `json:"statement" format:"uuid"`
			Line      int       `json:"line"`
			Ref       string    `json:"ref" maxLength:"120"`
			Payment   string    `json:"payment" maxLength:"120" doc:"Id of the payment or receipt"`
			Why       string    `json:"why" maxLength:"2000"`
		}
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "matchStatementLine", "/ledger/matches", "Match a line of a statement with a payment or receipt of the same amount")),
		func(ctx context.Context, in *match) (*struct{}, error) {
			b := &in.Body
			return &struct{}{}, s.Match(ctx, b.Statement, b.Line, b.Ref, b.Payment, b.Why)
		})
	api.Register(a, tag.Operation(http.MethodGet, "listDifferences", "/ledger/differences", "What is open between bank statements and book"),
		func(ctx context.Context, in *OfBook) (*api.List[LedgerDifference], error) {
			list, err := s.Differences(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, func(d *Difference) LedgerDifference {
				v := LedgerDifference{Kind: d.Kind}
				if d.Line != nil {
					l := lineView(d.Line)
					v.Line = &l
				}
				if d.Payment != nil {
					m := movementView(d.Payment)
					v.Payment = &m
				}
				return v
			}), ""), nil
		})
}
