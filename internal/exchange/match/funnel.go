package match

import (
	"context"
	"slices"
	"strings"

	"jingwei/internal/kernel/auth"
)

// Funnel counts what became of needs, for officers.
type Funnel struct {
	Needs     []FunnelCount `json:"needs" nullable:"false" doc:"By state"`
	Kinds     []KindCount   `json:"kinds" nullable:"false" doc:"By kind, the most needed first"`
	Matched   int64         `json:"matched" doc:"Needs that are sought and have a match"`
	Contacts  []FunnelCount `json:"contacts" nullable:"false" doc:"By how far they came; each contact counts once"`
	Contracts int64         `json:"contracts" doc:"Contacts with a contract that both have confirmed"`
	Amount    int64         `json:"amount,string" doc:"Of these contracts, in fen"`
	Done      int64         `json:"done" doc:"Of these, those whose effect the firm has confirmed"`
	Ways      []FunnelCount `json:"ways" nullable:"false" doc:"Contracts by way of cooperating"`
	Supplies  int           `json:"supplies" doc:"Published, of providers in the pool"`
}

// FunnelCount is how many there are in a state.
type FunnelCount struct {
	State string `json:"state"`
	Count int64  `json:"count"`
}

// KindCount is how many needs there are of a kind.
type KindCount struct {
	Kind       string `json:"kind"`
	Needs      int64  `json:"needs"`
	Contracted int64  `json:"contracted" doc:"With a contract or done"`
}

// Funnel counts. Private needs count too; nothing of them is told.
func (s *Service) Funnel(ctx context.Context) (Funnel, error) {
	f := Funnel{Needs: []FunnelCount{}, Kinds: []KindCount{}, Contacts: []FunnelCount{}, Ways: []FunnelCount{}}
	if _, err := s.officer(ctx, auth.Read); err != nil {
		return f, err
	}
	if err := s.Follow(ctx); err != nil {
		return f, err
	}
	f.Supplies = s.engine.Len()
	var needs []struct {
		State, Kind string
		Count       int64
	}
	if err := s.o.DB.NewSelect().Model((*needRow)(nil)).ColumnExpr("n.state, n.kind, COUNT(*) AS count").GroupExpr("n.state, n.kind").Scan(ctx, &needs); err != nil {
		return f, wrap("count needs", err)
	}
	states, kinds := map[string]int64{}, map[string]KindCount{}
	for _, n := range needs {
		states[n.State] += n.Count
		k := kinds[n.Kind]
		k.Kind = n.Kind
		k.Needs += n.Count
		if n.State == string(NeedContracted) || n.State == string(NeedDone) {
			k.Contracted += n.Count
		}
		kinds[n.Kind] = k
	}
	for _, st := range []NeedState{NeedOpen, NeedContact, NeedContracted, NeedDone, NeedWithdrawn, NeedLapsed} {
		f.Needs = append(f.Needs, FunnelCount{string(st), states[string(st)]})
	}
	for _, k := range kinds {
		f.Kinds = append(f.Kinds, k)
	}
	slices.SortFunc(f.Kinds, func(a, b KindCount) int {
		if a.Needs != b.Needs {
			return int(b.Needs - a.Needs)
		}
		return strings.Compare(a.Kind, b.Kind)
	})
	if err := s.o.DB.NewSelect().Model((*pairRow)(nil)).ColumnExpr("COUNT(DISTINCT p.need)").Scan(ctx, &f.Matched); err != nil {
		return f, wrap("count pairs", err)
	}
	var contacts []struct {
		Reached, State, Way string
		Count, Amount       int64
	}
	err := s.o.DB.NewSelect().Model((*contactRow)(nil)).ColumnExpr("c.reached, c.state, c.way, COUNT(*) AS count, CAST(COALESCE(SUM(c.amount), 0) AS BIGINT) AS amount").
		GroupExpr("c.reached, c.state, c.way").Scan(ctx, &contacts)
	if err != nil {
		return f, wrap("count contacts", err)
	}
	reached, byWay := map[string]int64{}, map[string]int64{}
	for _, c := range contacts {
		reached[c.Reached] += c.Count
		if ContactState(c.Reached).hadContract() {
			f.Contracts += c.Count
			f.Amount += c.Amount
			byWay[c.Way] += c.Count
		}
		if c.State == string(Done) {
			f.Done += c.Count
		}
	}
	for _, st := range reachedOrder {
		f.Contacts = append(f.Contacts, FunnelCount{string(st), reached[string(st)]})
	}
	for _, w := range ways {
		if byWay[w] > 0 {
			f.Ways = append(f.Ways, FunnelCount{w, byWay[w]})
		}
	}
	return f, nil
}
