package match

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/office/register"
)

// Registers of supply, and those that say more of it.
var (
	supplyRegisters = []string{"apps", "capabilities", "consultancies", "products", "solutions"}
	registerPool    = "providers"
	registerCases   = "cases"
)

func (s *Service) allRegisters() []string {
	return append(slices.Clone(supplyRegisters), registerPool, registerCases)
}

// inPool are the states of the pool in which a provider's supply counts.
var inPool = []string{"admitted", "evaluated", "grade-a", "grade-b", "grade-c"}

// followed is what is known of the registers.
type followed struct {
	home    uuid.UUID
	day     string                        // entries hold by the day: all are read anew when it changes
	at      int64                         // up to when the feed was read
	seen    map[uuid.UUID]stamp           // what the feed told lately
	entries map[uuid.UUID]*register.Entry // of the followed registers, in public states
}

type stamp struct{ revision, at int64 }

// lookBack is how far the feed is read again: an entry gets its time before it is committed.
const lookBack = int64(2 * time.Minute)

// Follow brings the engine up to what the registers say now, and finds the pairs of what is new. What was done before is seen
// afterwards. Where nothing has changed it costs two queries, for any number of callers who wait at the same time.
func (s *Service) Follow(ctx context.Context) error {
	came := s.begun.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended > came {
		return nil // another caller began after this one came, and is done
	}
	turn := s.begun.Add(1)
	if err := s.follow(ctx); err != nil {
		return err
	}
	s.ended = turn
	return nil
}

func (s *Service) follow(ctx context.Context) error {
	home, ok, err := s.o.Parties.Home(ctx)
	if err != nil || !ok {
		return err
	}
	if k := &s.known; k.home != home || k.day != s.today() {
		return s.readAll(ctx, home)
	}
	return s.readNew(ctx)
}

func (s *Service) readAll(ctx context.Context, home uuid.UUID) error {
	first := s.known.home == uuid.Nil
	k := followed{home: home, day: s.today(), at: s.o.Now().UnixNano() - lookBack, seen: map[uuid.UUID]stamp{}, entries: map[uuid.UUID]*register.Entry{}}
	scope := auth.System(home)
	for _, id := range s.allRegisters() {
		if _, err := s.o.Registers.Register(id); err != nil {
			continue // a node may ship without this register
		}
		err := store.Each(func(p store.Page) ([]register.Entry, string, error) {
			return s.o.Registers.ListFor(ctx, scope, id, register.Filter{Org: home, On: k.day}, p)
		}, func(e register.Entry) error {
			if s.counts(&e) {
				k.entries[e.ID] = &e
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	gone := s.known.entries
	s.known = k
	var ids []uuid.UUID
	for id, e := range k.entries {
		if slices.Contains(supplyRegisters, e.Register) {
			ids = append(ids, id)
		}
	}
	for id := range gone {
		if k.entries[id] == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	if first { // pairs of needs that are there were found before this process began; only what is missing is found
		return s.settle(ctx, ids, true)
	}
	return s.settle(ctx, ids, false)
}

func (s *Service) readNew(ctx context.Context) error {
	k := &s.known
	scope := auth.System(k.home)
	var fresh []uuid.UUID
	floor := s.o.Now().UnixNano() - lookBack // so that many changes at once are not read again until the next one comes
	at, id := k.at-lookBack, uuid.Nil
	for {
		const many = 1000
		list, err := s.o.Registers.Changed(ctx, scope, at, id, many)
		if err != nil {
			return err
		}
		for _, x := range list {
			if old, known := k.seen[x.ID]; !known || old.revision != x.Revision {
				fresh = append(fresh, x.ID)
			}
			k.seen[x.ID] = stamp{x.Revision, x.At}
			k.at = max(k.at, x.At)
			at, id = x.At, x.ID
		}
		if len(list) < many {
			break
		}
	}
	k.at = max(k.at, floor)
	for id, x := range k.seen {
		if x.at < k.at-2*lookBack {
			delete(k.seen, id)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	entries, err := s.o.Registers.ReadFor(ctx, scope, fresh)
	if err != nil {
		for _, id := range fresh { // to be read again
			delete(k.seen, id)
		}
		return err
	}
	touched := map[uuid.UUID]bool{}
	for i := range entries {
		e := &entries[i]
		if !slices.Contains(s.allRegisters(), e.Register) {
			continue
		}
		old := k.entries[e.ID]
		if old == nil && !s.counts(e) {
			continue
		}
		if old != nil && old.Revision == e.Revision {
			continue
		}
		if delete(k.entries, e.ID); s.counts(e) {
			k.entries[e.ID] = e
		}
		if slices.Contains(supplyRegisters, e.Register) {
			touched[e.ID] = true
			continue
		}
		for _, x := range []*register.Entry{old, e} { // a provider or a case: all that its provider offers
			if x != nil {
				for _, id := range s.offersOf(x.Subject) {
					touched[id] = true
				}
			}
		}
	}
	var ids []uuid.UUID
	for id := range touched {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	return s.settle(ctx, ids, false)
}

// counts tells whether an entry is public and holds today.
func (s *Service) counts(e *register.Entry) bool {
	r, err := s.o.Registers.Register(e.Register)
	if err != nil || !r.IsPublic(e.State) || e.Class != field.Public {
		return false
	}
	now := s.o.Now().UnixNano()
	return e.Since <= now && now < e.Until
}

func (s *Service) offersOf(provider uuid.UUID) (out []uuid.UUID) {
	if provider == uuid.Nil {
		return nil
	}
	for id, e := range s.known.entries {
		if e.Subject == provider && slices.Contains(supplyRegisters, e.Register) {
			out = append(out, id)
		}
	}
	return out
}

// settle puts supplies into the engine as they stand now, and finds their pairs. With only, pairs that are there are left as they are
// and nothing is judged anew but what has none.
func (s *Service) settle(ctx context.Context, ids []uuid.UUID, only bool) error {
	if len(ids) == 0 {
		return nil
	}
	pool, cases := map[uuid.UUID]*register.Entry{}, map[uuid.UUID][]*register.Entry{}
	for _, e := range s.known.entries {
		switch e.Register {
		case registerPool:
			if e.Subject != uuid.Nil && slices.Contains(inPool, e.State) {
				pool[e.Subject] = e
			}
		case registerCases:
			cases[e.Subject] = append(cases[e.Subject], e)
		}
	}
	for _, list := range cases {
		slices.SortFunc(list, func(a, b *register.Entry) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	}
	var put []*Supply
	var gone []uuid.UUID
	ratings := map[uuid.UUID]Rated{}
	for _, id := range ids {
		e := s.known.entries[id]
		if e == nil || e.Subject != uuid.Nil && pool[e.Subject] == nil {
			gone = append(gone, id)
			continue
		}
		x := supplyOf(e, pool[e.Subject], cases[e.Subject])
		if x.Provider != uuid.Nil {
			r, known := ratings[x.Provider]
			if !known {
				var err error
				if r, err = s.rate(ctx, x.Provider); err != nil {
					return err
				}
				ratings[x.Provider] = r
			}
			if r.Known {
				x.Rating, x.Standing = &r.Score, r.Standing
			}
		}
		put = append(put, x)
	}
	s.engine.Remove(gone...)
	s.engine.Put(put...)
	return s.pairSupplies(ctx, put, gone, only)
}

// pairSupplies judges supplies against all needs that are sought.
func (s *Service) pairSupplies(ctx context.Context, put []*Supply, gone []uuid.UUID, only bool) error {
	if len(gone) > 0 {
		err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			for part := range slices.Chunk(gone, 500) {
				if _, err := tx.NewDelete().Model((*pairRow)(nil)).Where("supply IN (?)", bun.List(store.Words(part))).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return wrap("forget pairs", err)
		}
	}
	if len(put) == 0 {
		return nil
	}
	// Many supplies at once are quicker found by matching each need anew than pair by pair.
	anew := only || len(put) > 50
	related := map[uuid.UUID][]uuid.UUID{}
	return s.eachSought(ctx, func(n *Need) error {
		if only {
			there, err := s.o.DB.NewSelect().Model((*pairRow)(nil)).Where("need = ?", n.ID).Exists(ctx)
			if err != nil || there {
				return wrap("look up pairs", err)
			}
		}
		if _, known := related[n.Org]; !known {
			list, err := s.o.Parties.Related(ctx, n.Org)
			if err != nil {
				return err
			}
			related[n.Org] = list
		}
		w := n.want(related[n.Org])
		if anew {
			return s.pairNeed(ctx, w, Firm)
		}
		var fit []Pair
		var not []uuid.UUID
		for _, x := range put {
			if p, ok := s.engine.Judge(w, x.ID); ok && p.Blocked == nil && p.Score >= s.profile.Least {
				fit = append(fit, p)
			} else {
				not = append(not, x.ID)
			}
		}
		return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
			if err := s.keepPairs(ctx, tx, w, fit, Firm); err != nil || len(not) == 0 {
				return err
			}
			_, err := tx.NewDelete().Model((*pairRow)(nil)).Where("need = ?", w.ID).Where("supply IN (?)", bun.List(store.Words(not))).Exec(ctx)
			return wrap("forget pairs", err)
		})
	})
}

// keepPairs writes pairs of a need; to is the side to which new ones are news. One that was found before keeps its time.
func (s *Service) keepPairs(ctx context.Context, tx bun.Tx, w *Want, pairs []Pair, to PartySide) error {
	if len(pairs) == 0 {
		return nil
	}
	now := s.o.Now().UnixNano()
	rows := make([]pairRow, len(pairs))
	for i, p := range pairs {
		rows[i] = pairRow{Need: w.ID, Supply: p.Supply.ID, Org: w.Org, Provider: store.Word(p.Supply.Provider), Score: p.Score, Found: now, News: string(to)}
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (need, supply) DO UPDATE").Set("score = EXCLUDED.score").Set("provider = EXCLUDED.provider").Exec(ctx)
	return wrap("keep pairs", err)
}

// pairNeed finds the pairs of a need anew; to is the side to which new ones are news. What was found before keeps its time.
func (s *Service) pairNeed(ctx context.Context, w *Want, to PartySide) error {
	best := s.engine.Match(w, s.profile.Most, s.profile.Least)
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.keepPairs(ctx, tx, w, best, to); err != nil {
			return err
		}
		ids := []uuid.UUID{uuid.Nil}
		for i := range best {
			ids = append(ids, best[i].Supply.ID)
		}
		_, err := tx.NewDelete().Model((*pairRow)(nil)).Where("need = ?", w.ID).Where("supply NOT IN (?)", bun.List(store.Words(ids))).Exec(ctx)
		return wrap("forget pairs", err)
	})
}

// eachSought calls do with every need that is sought, in the order of their ids.
func (s *Service) eachSought(ctx context.Context, do func(*Need) error) error {
	for after := ""; ; {
		var rows []needRow
		err := s.o.DB.NewSelect().Model(&rows).Where("n.state IN (?)", bun.List([]string{string(NeedOpen), string(NeedContact)})).Where("n.id > ?", after).OrderExpr("n.id").Limit(500).Scan(ctx)
		if err != nil {
			return wrap("read needs", err)
		}
		for i := range rows {
			n, err := rows[i].need()
			if err != nil {
				return err
			}
			if err := do(&n); err != nil {
				return err
			}
		}
		if len(rows) < 500 {
			return nil
		}
		after = rows[len(rows)-1].ID.String()
	}
}

// wantOf is a need as the matcher sees it.
func (s *Service) wantOf(ctx context.Context, n *Need) (*Want, error) {
	related, err := s.o.Parties.Related(ctx, n.Org)
	if err != nil {
		return nil, err
	}
	return n.want(related), nil
}

// supplyOf reads a supply from its entry, that of its provider in the pool, and its cases.
func supplyOf(e, provider *register.Entry, cases []*register.Entry) *Supply {
	r := e.Record
	x := &Supply{ID: e.ID, Register: e.Register, Code: e.Key, Revision: e.Revision, Provider: e.Subject, ProviderName: word(r, "providerName"), Title: word(r, "title"),
		Kinds: words(r, "covers", "kind"), Trades: words(r, "trades", "industry"), Regions: words(r, "regions", "division"), Sizes: words(r, "sizes", "size"),
		Protocols: words(r, "protocols", "protocol"), Ways: words(r, "cooperation", "way"), From: number(r, "priceFrom"), To: number(r, "priceTo")}
	if provider != nil {
		x.ProviderCode, x.ProviderName = provider.Key, word(provider.Record, "name")
		x.Barred = words(provider.Record, "conflicts", "code")
	}
	texts := []string{word(r, "summary"), word(r, "effect"), word(r, "evidence")}
	texts = append(texts, words(r, "components", "component")...)
	texts = append(texts, words(r, "standards", "standard")...)
	texts = append(texts, x.Protocols...)
	x.Words = strings.Join(texts, "\n")
	for _, c := range cases {
		if offer := word(c.Record, "offer"); offer != "" && offer != e.Key {
			continue
		}
		k := Case{ID: c.ID, Title: word(c.Record, "title"), Trade: word(c.Record, "industry"), Kinds: words(c.Record, "covers", "kind")}
		if year := number(c.Record, "year"); year != nil {
			k.Year = *year
		}
		if word(c.Record, "offer") == "" && !overlap(k.Kinds, x.Kinds) {
			continue // another thing of the same provider
		}
		x.Cases = append(x.Cases, k)
	}
	return x
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

func word(r field.Record, key string) string { s, _ := r[key].(string); return s }

func number(r field.Record, key string) *int64 {
	if n, ok := r[key].(int64); ok {
		return &n
	}
	return nil
}

// words are the values of one field of a list's items.
func words(r field.Record, list, key string) (out []string) {
	items, _ := r[list].([]field.Record)
	for _, x := range items {
		if s := word(x, key); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
