package correction

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/shown"
)

const tag = api.Tag("corrections")

// CorrectionView is a correction as it is told.
type CorrectionView struct {
	ID     uuid.UUID `json:"id" format:"uuid"`
	Org    uuid.UUID `json:"org" format:"uuid"`
	Series uuid.UUID `json:"series" format:"uuid"`
	Words
	Kind     Kind            `json:"kind" enum:"set,scale,status,withdraw,enter,undo"` // one more than can be asked for in words
	Undoes   *uuid.UUID      `json:"undoes,omitempty" format:"uuid" doc:"With undo"`
	UndoneBy *uuid.UUID      `json:"undoneBy,omitempty" format:"uuid"`
	By       CorrectionActor `json:"by"`
	At       time.Time       `json:"at" doc:"When it was accepted"`
	Basis    string          `json:"basis" doc:"The samples are those as of this commit"`
	Rows     int             `json:"rows" doc:"Samples that got a further revision"`
	State    State           `json:"state" enum:"applying,applied"`
	Commit   string          `json:"commit,omitempty" doc:"The newest commit of its rows"`
}

// CorrectionActor is who made it.
type CorrectionActor struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

func viewOf(c *Correction) CorrectionView {
	v := CorrectionView{ID: c.ID, Org: c.Org, Series: c.Series, Words: c.Words, Kind: c.Kind, By: CorrectionActor{c.By.Kind, c.By.ID, c.By.Name}, At: time.Unix(0, c.At).UTC(),
		Basis: number(c.Basis), Rows: c.Rows, State: c.State, Undoes: orNil(c.Undoes), UndoneBy: orNil(c.UndoneBy)}
	if c.LastCommit != 0 {
		v.Commit = number(c.LastCommit)
	}
	return v
}

func orNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// number is a commit number; before all commits it is 0.
func number(c uint64) string {
	if c == telemetry.BeforeAll {
		c = 0
	}
	return strconv.FormatUint(c, 10)
}

// CorrectionPreview is what a correction would do.
type CorrectionPreview struct {
	Basis   string            `json:"basis" doc:"Give it with the correction, so that it is refused when something changes meanwhile"`
	Rows    int               `json:"rows" doc:"Samples that would get a further revision"`
	Changes []CorrectedSample `json:"changes" nullable:"false" doc:"The first 200 of them"`
	Before  CorrectionSummary `json:"before"`
	After   CorrectionSummary `json:"after"`
}

// CorrectedSample is a sample before and after.
type CorrectedSample struct {
	Time   time.Time         `json:"time"`
	Before *CorrectionSample `json:"before,omitempty" doc:"Left out where nothing stands"`
	After  CorrectionSample  `json:"after"`
}

// CorrectionSample is what is said at a source time.
type CorrectionSample struct {
	Value     shown.Value  `json:"value"`
	Status    shown.Status `json:"status"`
	Revision  uint32       `json:"revision"`
	Withdrawn bool         `json:"withdrawn,omitempty"`
}

// CorrectionSummary describes the values of the samples that change.
type CorrectionSummary struct {
	Good      int      `json:"good"`
	Other     int      `json:"other" doc:"Bad, uncertain or without a value"`
	Withdrawn int      `json:"withdrawn"`
	Min       *float64 `json:"min"`
	Max       *float64 `json:"max"`
	Mean      *float64 `json:"mean"`
}

func sampleView(s *telemetry.Sample) CorrectionSample {
	return CorrectionSample{Value: shown.Value{Value: s.Value}, Status: shown.StatusOf(s.Status), Revision: s.Revision, Withdrawn: s.Flags&telemetry.Withdrawn != 0}
}

func summaryView(s *Summary) CorrectionSummary {
	figure := func(x float64) *float64 {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return &x
	}
	return CorrectionSummary{s.Good, s.Other, s.Withdrawn, figure(s.Min), figure(s.Max), figure(s.Mean)}
}

func previewView(p *Preview) CorrectionPreview {
	v := CorrectionPreview{Basis: number(p.Basis), Rows: p.Rows, Changes: make([]CorrectedSample, len(p.Changes)), Before: summaryView(&p.Before), After: summaryView(&p.After)}
	for i := range p.Changes {
		c := &p.Changes[i]
		v.Changes[i] = CorrectedSample{Time: time.Unix(0, c.After.Time).UTC(), After: sampleView(&c.After)}
		if c.Before.Time != 0 {
			before := sampleView(&c.Before)
			v.Changes[i].Before = &before
		}
	}
	return v
}

// UndoRequest is what undoing needs.
type UndoRequest struct {
	Reason    string `json:"reason" doc:"Why, in words; 3 to 2000 characters"`
	Reference string `json:"reference,omitempty" doc:"Where the evidence is; at most 500 characters"`
	Basis     Basis  `json:"basis,omitempty" pattern:"^[0-9]{1,19}$" doc:"From the preview: refuse when a sample of the span has come or changed since"`
}

// Basis is a commit in a request.
type Basis string

// commit is its number, 0 where there is none.
func (b Basis) commit() uint64 {
	n, _ := strconv.ParseUint(string(b), 10, 64) // its pattern lets nothing pass that is not one
	return n
}

// CorrectionRequest is a correction that is asked for.
type CorrectionRequest struct {
	Words
	Basis Basis `json:"basis,omitempty" pattern:"^[0-9]{1,19}$" doc:"From the preview: refuse when a sample of the span has come or changed since"`
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	type one struct{ Body CorrectionView }
	type preview struct{ Body CorrectionPreview }
	type ask struct {
		api.ByID
		Body CorrectionRequest
	}
	api.Register(a, tag.Operation(http.MethodPost, "previewCorrection", "/series/{id}/corrections/preview", "What a correction would do; nothing is changed"),
		func(ctx context.Context, in *ask) (*preview, error) {
			p, err := s.Try(ctx, in.ID, in.Body.Words)
			if err != nil {
				return nil, translate(err)
			}
			return &preview{previewView(&p)}, nil
		})
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "correct", "/series/{id}/corrections",
		"Correct samples by a further revision, or enter values by hand; what was said before stays readable as of its time")),
		func(ctx context.Context, in *ask) (*one, error) {
			c, err := s.Make(ctx, in.ID, in.Body.Words, in.Body.Basis.commit())
			if err != nil {
				return nil, translate(err)
			}
			return &one{viewOf(&c)}, nil
		})
	type why struct {
		api.ByID
		Body UndoRequest
	}
	api.Register(a, tag.Operation(http.MethodPost, "previewUndo", "/corrections/{id}/undo/preview", "What undoing a correction would do"),
		func(ctx context.Context, in *why) (*preview, error) {
			p, err := s.TryUndo(ctx, in.ID, in.Body.Reason, in.Body.Reference)
			if err != nil {
				return nil, translate(err)
			}
			return &preview{previewView(&p)}, nil
		})
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "undoCorrection", "/corrections/{id}/undo", "Undo a correction by a further revision")),
		func(ctx context.Context, in *why) (*one, error) {
			c, err := s.Undo(ctx, in.ID, in.Body.Reason, in.Body.Reference, in.Body.Basis.commit())
			if err != nil {
				return nil, translate(err)
			}
			return &one{viewOf(&c)}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getCorrection", "/corrections/{id}", "One correction"),
		func(ctx context.Context, in *api.ByID) (*one, error) {
			c, err := s.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &one{viewOf(&c)}, nil
		})
	type where struct {
		Org    uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
		Series uuid.UUID `query:"series" format:"uuid" doc:"Only of this series"`
		From   time.Time `query:"from" doc:"With to: only those that touch this span of source time"`
		To     time.Time `query:"to"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listCorrections", "/corrections", "Corrections, the newest first"),
		func(ctx context.Context, in *where) (*api.List[CorrectionView], error) {
			f := Filter{Series: in.Series}
			if !in.To.IsZero() {
				to, ok := instant(in.To)
				from, ok2 := instant(in.From)
				if !ok || !ok2 || to <= from {
					return nil, ErrSpan.At("query.to", in.To.Format(time.RFC3339Nano))
				}
				f.From, f.To = from, to
			}
			items, next, err := s.List(ctx, in.Org, f, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, viewOf), next), nil
		})
}
