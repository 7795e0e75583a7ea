package programme

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// PublicAward is an application that is made public, for anybody.
type PublicAward struct {
	Case      uuid.UUID `json:"case" format:"uuid"`
	Org       uuid.UUID `json:"org" format:"uuid"`
	Name      text.Text `json:"name"`
	Title     string    `json:"title"`
	State     string    `json:"state"`
	StateName text.Text `json:"stateName"`
	Amount    int64     `json:"amount"`
	Score     string    `json:"score,omitempty"`
	Rank      int       `json:"rank,omitempty"`
	Until     string    `json:"until,omitempty" format:"date" doc:"The last day of objections"`
	Open      bool      `json:"open" doc:"Objections are taken"`
	Revision  int64     `json:"revision" doc:"The basis of an objection"`
}

// PublicRound is a round that is made public, for anybody.
type PublicRound struct {
	CallRound
	Text  text.Text     `json:"text"`
	Cases []PublicAward `json:"cases" nullable:"false"`
}

// Public is what anybody sees of a round.
func (s *Service) Public(ctx context.Context, id uuid.UUID) (PublicRound, error) {
	r, err := s.round(ctx, s.o.DB, id)
	if err != nil {
		return PublicRound{}, err
	}
	c, err := s.callOf(ctx, s.o.DB, r)
	if err != nil {
		return PublicRound{}, err
	}
	v := PublicRound{Text: c.Text, Cases: []PublicAward{}}
	if v.CallRound, err = s.roundView(ctx, r, c); err != nil || r.State != RoundPublished {
		return v, err
	}
	ranking, err := s.frozen(ctx, s.o.DB, r)
	if err != nil {
		return v, err
	}
	files, err := s.files(ctx, s.o.DB, id, Publicity, Objected, Building, Accepting, Accepted, Failed, Ended)
	if err != nil {
		return v, err
	}
	now := s.o.Now().UnixNano()
	until := map[uuid.UUID]flowClock{}
	if err := s.clocks(ctx, FlowPrefix+c.ID, r.Org, until); err != nil {
		return v, err
	}
	for _, f := range files {
		a, err := s.award(ctx, s.o.DB, f.CaseID)
		if err != nil {
			return v, err
		}
		x := PublicAward{Case: f.CaseID, Org: f.Org, Title: f.Title, State: f.State, StateName: stateName(f.State), Amount: a.Amount, Revision: f.Revision}
		if x.Name, err = s.o.Parties.Name(ctx, f.Subject); err != nil {
			return v, err
		}
		if k, ok := until[f.CaseID]; ok {
			x.Until, x.Open = k.last, k.due > now && (f.State == Publicity || f.State == Objected)
		}
		for _, p := range ranking.List {
			if p.Case == f.CaseID {
				x.Rank, x.Score = p.Rank, map[string]string{"raw": p.Raw, "adjusted": p.Adjusted}[ranking.By]
			}
		}
		v.Cases = append(v.Cases, x)
	}
	slices.SortFunc(v.Cases, func(a, b PublicAward) int { return a.Rank - b.Rank })
	return v, nil
}

type flowClock struct {
	last string
	due  int64
}

// clocks are the ends of the publicity of an organisation's public cases.
func (s *Service) clocks(ctx context.Context, flowID string, org uuid.UUID, out map[uuid.UUID]flowClock) error {
	page := store.Page{Limit: store.MaxLimit}
	for {
		list, next, err := s.o.Flows.ListPublic(ctx, flowID, org, page)
		if err != nil {
			return err
		}
		for _, c := range list {
			for _, k := range c.Clocks {
				if k.Deadline == "publicity" {
					out[c.ID] = flowClock{k.Last.String(), k.Due}
				}
			}
		}
		if next == "" {
			return nil
		}
		page.After = next
	}
}
