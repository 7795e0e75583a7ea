package match

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

var zeroTime time.Time

var rateName = text.Text{Zh: "评价", En: "rate"}

// RatingState says whether a rating counts.
type RatingState string

// The states: a rating that is appealed against counts until the officer strikes it.
const (
	Counts   RatingState = "counts"
	Appealed RatingState = "appealed"
	Upheld   RatingState = "upheld" // the appeal was refused
	Struck   RatingState = "struck"
)

// Aspects of a rating, 1 to 5 each.
type Aspects struct {
	Quality  int64 `json:"quality" minimum:"1" maximum:"5"`
	Delivery int64 `json:"delivery" minimum:"1" maximum:"5"`
	Service  int64 `json:"service" minimum:"1" maximum:"5"`
	Price    int64 `json:"price" minimum:"1" maximum:"5"`
}

// score is 0 to 100: all ones are 0, all fives are 100.
func (a Aspects) score() int64 {
	return nearest((a.Quality+a.Delivery+a.Service+a.Price-4)*100, 16)
}

// Rating of a provider by a firm, for one contract.
type Rating struct {
	ID       uuid.UUID
	Contact  uuid.UUID
	Firm     uuid.UUID
	Provider uuid.UUID
	State    RatingState
	Score    int64
	Content  RatingContent
	Revision int64
	At       int64
}

// RatingContent is what was said.
type RatingContent struct {
	Aspects  Aspects `json:"aspects"`
	Words    string  `json:"words,omitempty"`
	Appeal   string  `json:"appeal,omitempty"`
	Decision string  `json:"decision,omitempty"`
}

func (r *ratingRow) rating() (Rating, error) {
	out := Rating{ID: r.ID, Contact: r.Contact, Firm: r.Firm, Provider: r.Provider, State: RatingState(r.State), Score: r.Score, Revision: r.Revision, At: r.At}
	return out, json.Unmarshal([]byte(r.Content), &out.Content)
}

func rowOfRating(r *Rating) (*ratingRow, error) {
	content, err := json.Marshal(r.Content)
	return &ratingRow{ID: r.ID, Contact: r.Contact, Firm: r.Firm, Provider: r.Provider, State: string(r.State), Score: r.Score, Content: string(content), Revision: r.Revision, At: r.At}, err
}

// hadContract are the states in which a contract has happened.
func (s ContactState) hadContract() bool { return s == Contracted || s == Delivered || s == Done }

// RateContact rates the provider of a contact, by the firm, once both have confirmed a contract. Errors: ErrNoContract, ErrRatedTwice,
// ErrAspect, ErrSide.
func (s *Service) RateContact(ctx context.Context, id uuid.UUID, a Aspects, words string) (Rating, error) {
	c, err := s.GetContact(ctx, id)
	if err != nil {
		return Rating{}, err
	}
	scope, err := auth.Allow(ctx, auth.Operate, c.Firm)
	if errors.Is(err, auth.ErrNotFound) { // the provider's people see the contact
		err = ErrSide.At("path.id", id).With("step", rateName)
	}
	if err != nil {
		return Rating{}, err
	}
	for key, v := range map[string]int64{"quality": a.Quality, "delivery": a.Delivery, "service": a.Service, "price": a.Price} {
		if v < 1 || v > 5 {
			return Rating{}, ErrAspect.At("body.aspects."+key, v)
		}
	}
	if len([]rune(words)) > maxReason || !readable(words) {
		return Rating{}, ErrWords.At("body.words", "").With("max", maxReason)
	}
	r := Rating{ID: uuid.Must(uuid.NewV7()), Contact: id, Firm: c.Firm, Provider: c.Provider, State: Counts, Score: a.score(), Content: RatingContent{Aspects: a, Words: words}, Revision: 1, At: s.o.Now().UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		c, _, err := s.contactUnder(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if !c.State.hadContract() {
			return ErrNoContract.At("path.id", id).With("state", contactNames[c.State])
		}
		var there ratingRow
		switch err := store.Err(tx.NewSelect().Model(&there).Where("r.contact = ?", id).Scan(ctx)); {
		case err == nil:
			return ErrRatedTwice.At("path.id", id).With("id", there.ID)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		row, err := rowOfRating(&r)
		if err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return wrap("rate", err)
		}
		return s.noteRating(ctx, tx, scope, &r, "match.rating.add")
	})
	if err != nil {
		return Rating{}, err
	}
	return r, s.rerate(ctx, c.Provider)
}

func (s *Service) noteRating(ctx context.Context, tx bun.Tx, scope auth.Scope, r *Rating, verb string) error {
	act := scope.Act(ctx, s.o.Now(), verb, audit.Object{Kind: "match.rating", ID: r.ID.String()}, nil, map[string]any{"state": r.State, "score": r.Score, "content": r.Content})
	for _, org := range []uuid.UUID{r.Firm, r.Provider} {
		act.Org = org
		if err := audit.Record(ctx, tx, act); err != nil {
			return err
		}
	}
	return nil
}

// Appeal is the provider's word against a rating; the officer decides. Errors: ErrRatingState, ErrReason.
func (s *Service) Appeal(ctx context.Context, id uuid.UUID, words string) (Rating, error) {
	if wrong := checkReason("body.words", words); wrong != nil {
		return Rating{}, wrong
	}
	return s.furtherRating(ctx, id, "match.rating.appeal", func(r *Rating) (auth.Scope, error) {
		return auth.Allow(ctx, auth.Operate, r.Provider)
	}, func(r *Rating) error {
		if r.State != Counts {
			return ErrRatingState.At("path.id", id).With("state", string(r.State))
		}
		r.State, r.Content.Appeal = Appealed, words
		return nil
	})
}

// Decide ends an appeal, by an officer: the rating is struck, or upheld. Errors: ErrRatingState, ErrReason.
func (s *Service) Decide(ctx context.Context, id uuid.UUID, strike bool, words string) (Rating, error) {
	if wrong := checkReason("body.words", words); wrong != nil {
		return Rating{}, wrong
	}
	r, err := s.furtherRating(ctx, id, "match.rating.decide", func(*Rating) (auth.Scope, error) {
		return s.officer(ctx, auth.Configure)
	}, func(r *Rating) error {
		if r.State != Appealed {
			return ErrRatingState.At("path.id", id).With("state", string(r.State))
		}
		if r.State, r.Content.Decision = Upheld, words; strike {
			r.State = Struck
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	return r, s.rerate(ctx, r.Provider)
}

func (s *Service) furtherRating(ctx context.Context, id uuid.UUID, verb string, may func(*Rating) (auth.Scope, error), next func(*Rating) error) (Rating, error) {
	if _, err := auth.Need(ctx); err != nil {
		return Rating{}, err
	}
	var r Rating
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row ratingRow
		if err := tx.NewSelect().Model(&row).Where("r.id = ?", id).Scan(ctx); err != nil { // may decides
			return wrap("rating "+id.String(), err)
		}
		var err error
		if r, err = row.rating(); err != nil {
			return err
		}
		scope, err := may(&r)
		if err != nil {
			return err
		}
		if err := next(&r); err != nil {
			return err
		}
		r.Revision++
		out, err := rowOfRating(&r)
		if err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(out).Column("state", "content", "revision").Where("id = ? AND revision = ?", id, row.Revision).Exec(ctx)
		if err != nil {
			return err
		}
		if hit, _ := res.RowsAffected(); hit == 0 {
			return ErrChanged.At("path.id", id).With("revision", r.Revision)
		}
		return s.noteRating(ctx, tx, scope, &r, verb)
	})
	return r, err
}

// Ratings of a provider, the newest first: for its people and officers.
func (s *Service) Ratings(ctx context.Context, provider uuid.UUID, page store.Page) ([]Rating, string, error) {
	if _, err := auth.Allow(ctx, auth.Read, provider); err != nil {
		if _, officer := s.officer(ctx, auth.Read); officer != nil {
			return nil, "", err
		}
	}
	var rows []ratingRow
	var broken error
	list, next, err := store.List(ctx, store.Keyset{Columns: []string{"r.id"}, Descending: true}, s.o.DB.NewSelect().Model(&rows).Where("r.provider = ?", provider), &rows, page,
		func(r *ratingRow) []any { return []any{r.ID.String()} }, func(r *ratingRow) Rating {
			x, err := r.rating()
			if err != nil {
				broken = err
			}
			return x
		})
	if err == nil {
		err = broken
	}
	return list, next, wrap("list ratings", err)
}

// ThirdParty is a check of a provider.
type ThirdParty struct {
	Provider uuid.UUID
	Party    string
	Report   string
	Day      string
	Score    int64
}

// AddCheck enters a third party's check of a provider, by an officer. Errors: ErrScore, ErrDay, ErrReason.
func (s *Service) AddCheck(ctx context.Context, t ThirdParty) error {
	scope, err := s.officer(ctx, auth.Configure)
	if err != nil {
		return err
	}
	if t.Score < 0 || t.Score > 100 {
		return ErrScore.At("body.score", t.Score)
	}
	if _, ok := field.Day(t.Day); !ok || t.Day > s.today() {
		return ErrDay.At("body.day", t.Day)
	}
	for at, words := range map[string]string{"body.party": t.Party, "body.report": t.Report} {
		if wrong := checkReason(at, words); wrong != nil {
			return wrong
		}
	}
	if _, err := s.partyOf(ctx, t.Provider); err != nil {
		return err
	}
	now := s.o.Now()
	act := scope.Act(ctx, now, "match.check.add", audit.Object{Kind: "org", ID: t.Provider.String()}, nil, map[string]any{"party": t.Party, "score": t.Score, "day": t.Day, "report": t.Report})
	row := &checkRow{ID: uuid.Must(uuid.NewV7()), Org: scope.Org(), Provider: t.Provider, Party: t.Party, Report: t.Report, Day: t.Day, Score: t.Score, Actor: string(audit.State(act.Actor)), At: now.UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return wrap("enter a check", err)
		}
		return audit.Record(ctx, tx, act)
	})
	if err != nil {
		return err
	}
	return s.rerate(ctx, t.Provider)
}

// RatingOf is a provider's rating, for anybody who is signed in.
func (s *Service) RatingOf(ctx context.Context, provider uuid.UUID) (Rated, error) {
	if _, err := auth.Need(ctx); err != nil {
		return Rated{}, err
	}
	return s.rate(ctx, provider)
}

// rate works a provider's rating out of what is kept.
func (s *Service) rate(ctx context.Context, provider uuid.UUID) (Rated, error) {
	var h History
	var ratings []ratingRow
	if err := s.o.DB.NewSelect().Model(&ratings).Where("r.provider = ? AND r.state <> ?", provider, string(Struck)).OrderExpr("r.id").Scan(ctx); err != nil {
		return Rated{}, wrap("read ratings", err)
	}
	for _, r := range ratings {
		h.Customers = append(h.Customers, r.Score)
	}
	var contacts []contactRow
	if err := s.o.DB.NewSelect().Model(&contacts).Where("c.provider = ? AND c.state = ?", provider, string(Done)).OrderExpr("c.id").Scan(ctx); err != nil {
		return Rated{}, wrap("read contracts", err)
	}
	for i := range contacts {
		c, err := contacts[i].contact()
		if err != nil {
			return Rated{}, err
		}
		k, r := c.Content.Contract, c.Content.Result
		if k == nil || r == nil || k.Due == "" {
			continue // nothing was agreed to be late for
		}
		if r.Delivered <= k.Due {
			h.Delivered++
		} else {
			h.Late++
		}
	}
	var checks []checkRow
	if err := s.o.DB.NewSelect().Model(&checks).Where("k.provider = ?", provider).OrderExpr("k.day DESC, k.id DESC").Scan(ctx); err != nil {
		return Rated{}, wrap("read checks", err)
	}
	seen := map[string]bool{}
	for _, c := range checks {
		if !seen[c.Party] {
			seen[c.Party] = true
			h.Checks = append(h.Checks, c.Score)
		}
	}
	return s.profile.Rating.Rate(h), nil
}

// rerate puts a provider's supplies into the engine with its new rating.
func (s *Service) rerate(ctx context.Context, provider uuid.UUID) error {
	if err := s.Follow(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settle(ctx, s.offersOf(provider), false)
}
