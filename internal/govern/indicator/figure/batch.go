package figure

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// batch is what one commit tells other nodes and the evidence log.
type batch struct {
	c      *Composer
	tx     bun.Tx
	commit int64
	items  []Hash
	told   map[uuid.UUID][]int // by agreement: places among the items
}

type batchRow struct {
	bun.BaseModel `bun:"table:figure_batch,alias:b"`

	At     int64 `bun:"at,pk"`
	Items  []byte
	Secret []byte
	Place  int64
}

type tellingRow struct {
	bun.BaseModel `bun:"table:figure_telling,alias:t"`

	Agreement uuid.UUID `bun:"agreement,pk"`
	At        int64     `bun:"at,pk"`
	Places    []byte
	Told      int64
}

type toldRow struct {
	bun.BaseModel `bun:"table:figure_told,alias:o"`

	Agreement  uuid.UUID `bun:"agreement,pk"`
	Epoch      int64     `bun:"epoch,pk"`
	Population string    `bun:"population,pk"`
}

// tell puts records into the stream of an agreement.
func (b *batch) tell(ctx context.Context, a *org.Agreement, records ...Record) error {
	list := Tell(records...)
	if b.told == nil {
		b.told = map[uuid.UUID][]int{}
	}
	for _, r := range list {
		b.told[a.ID] = append(b.told[a.ID], len(b.items))
		b.items = append(b.items, Sum(r))
	}
	return b.c.o.Streams.Put(ctx, b.tx, a.ID, list)
}

// tellRows tells the observations that were put, each under the agreements that name it.
func (b *batch) tellRows(ctx context.Context, changed *changes, commit int64, agreed *agreed) error {
	if b.c.o.Streams == nil {
		return nil
	}
	records := map[*org.Agreement][]Record{}
	for k, rows := range changed.byColumn {
		p, ok := Key{Kind: k.Kind, Period: k.Period}.Time()
		if k.Source != Local || !ok {
			continue
		}
		for i := range rows {
			for _, a := range agreed.codes[rows[i].now.Code] {
				if !a.Hosted() && tells(a, p) && agreed.names(a, Item{k.Indicator, All, k.Baseline}) {
					records[a] = append(records[a], b.c.tellObservation(k, rows[i].now, commit))
				}
			}
		}
	}
	for _, a := range slices.SortedFunc(maps.Keys(records), func(x, y *org.Agreement) int { return cmp.Compare(agreed.at[x.ID], agreed.at[y.ID]) }) {
		slices.SortFunc(records[a], func(x, y Record) int { // in one order, whatever the map's
			return slices.Compare(EncodeRecord(x), EncodeRecord(y))
		})
		if err := b.tell(ctx, a, records[a]...); err != nil {
			return err
		}
	}
	return nil
}

func (c *Composer) tellObservation(k ColumnKey, r Row, commit int64) *TellObservation {
	d := c.o.Library.Definition(k.Indicator)
	return &TellObservation{Key: Key{Indicator: k.Indicator, Filter: All, Kind: k.Kind, Period: k.Period, Baseline: k.Baseline, Code: r.Code}, Commit: commit, Definition: definitionHash(d), Observation: r.Observation}
}

// tellFigures tells figures under the agreements that name them. A keeper of the same node is told by working its own out again.
func (b *batch) tellFigures(ctx context.Context, figures []*Figure, agreed *agreed) error {
	for _, f := range figures {
		p, ok := f.Key.Time()
		if !ok {
			continue
		}
		for _, a := range agreed.totals[f.Key.Keeper] {
			if !tells(a, p) || !agreed.names(a, Item{f.Key.Indicator, f.Key.Filter, f.Key.Baseline}) {
				continue
			}
			if a.Hosted() {
				if err := b.c.o.Store.Mark(ctx, b.tx, Dirty{Keeper: a.Taker.Org, Indicator: f.Key.Indicator, Kind: f.Key.Kind, Period: f.Key.Period}); err != nil {
					return err
				}
				continue
			}
			if err := b.tellFigure(ctx, a, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) tellFigure(ctx context.Context, a *org.Agreement, f *Figure) error {
	if d := b.c.o.Library.Definition(f.Key.Indicator); d != nil && d.Of == indicator.OfRegion {
		return b.tellRegion(ctx, a, f, d)
	}
	pop, err := b.c.o.Store.Population(ctx, b.tx, f.Population)
	if err != nil {
		return err
	}
	account, err := b.c.o.Library.DecodeAccount(b.c.o.Library.Definition(f.Key.Indicator), f.Account)
	if err != nil {
		return err
	}
	var records []Record
	told := pop.told()
	hash := told.Hash()
	epoch, _, err := b.c.o.Streams.Stands(ctx, a.ID)
	if err != nil {
		return err
	}
	row := toldRow{Agreement: a.ID, Epoch: int64(epoch), Population: hash.String()}
	res, err := b.tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return wrap("note a population that is told", err)
	}
	if n, err := res.RowsAffected(); err == nil && n > 0 {
		records = append(records, &TellPopulation{told})
	}
	key := f.Key
	key.Keeper = uuid.Nil
	records = append(records, &TellAccount{Key: key, Revision: f.Revision, Commit: f.Commit, Watermark: f.Watermark, Definition: f.Definition, Population: hash, Account: account.Told().Encode()})
	return b.tell(ctx, a, records...)
}

// close takes down what the evidence log is to hold of the commit.
func (b *batch) close(ctx context.Context) error {
	if len(b.items) == 0 || b.commit == 0 {
		return nil
	}
	r := batchRow{At: b.commit, Secret: make([]byte, 32), Place: -1}
	_, _ = rand.Read(r.Secret) // never fails
	for _, h := range b.items {
		r.Items = append(r.Items, h[:]...)
	}
	if _, err := b.tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return wrap("take down a commit", err)
	}
	for id, places := range b.told {
		t := tellingRow{Agreement: id, At: b.commit}
		for _, p := range places {
			t.Places = binary.AppendUvarint(t.Places, uint64(p))
		}
		if _, err := b.tx.NewInsert().Model(&t).Exec(ctx); err != nil {
			return wrap("take down what is told", err)
		}
	}
	return nil
}

// salt blinds the item at a place.
func (r *batchRow) salt(place int) Hash {
	return sha256.Sum256(binary.BigEndian.AppendUint32(slices.Clone(r.Secret), uint32(place)))
}

// Blind is an item as those see it who may not know it.
func Blind(salt, item Hash) Hash { return sha256.Sum256(append(salt[:], item[:]...)) }

// blinded are the items of the commit as its leaf holds them.
func (r *batchRow) blinded() []Hash {
	out := make([]Hash, len(r.Items)/len(Hash{}))
	for i := range out {
		out[i] = Blind(r.salt(i), Hash(r.Items[i*len(Hash{}):]))
	}
	return out
}

// Root is what a leaf holds of blinded items.
func Root(blinded []Hash) Hash {
	sum := sha256.New()
	for _, h := range blinded {
		sum.Write(h[:])
	}
	return Hash(sum.Sum(nil))
}

// tellAfresh tells everything that stands under an agreement.
func (c *Composer) tellAfresh(ctx context.Context, t Taken, agreed *agreed) error {
	commit := &Commit{}
	commit.Done(t)
	a := agreed.find(t.Keeper)
	if a == nil || c.o.Streams == nil || a.Hosted() || a.Giver.Node != c.o.Node {
		return c.write(ctx, commit, nil)
	}
	commit.telling = true
	return c.write(ctx, commit, func(ctx context.Context, tx bun.Tx, w *Written, b *batch) error {
		if agreed.observed(a) {
			e, err := c.o.Sources.Self(ctx, a.Giver.Org, c.day())
			if err != nil {
				return err
			}
			e.Org, e.Entry = uuid.Nil, uuid.Nil
			if err := b.tell(ctx, a, &TellEnterprise{e}); err != nil {
				return err
			}
		}
		for _, item := range agreed.named(a) {
			var err error
			if agreed.observed(a) {
				err = b.tellEveryRow(ctx, a, item)
			} else {
				err = b.tellEveryFigure(ctx, a, item)
			}
			if err != nil {
				return err
			}
		}
		return b.tellEverySeal(ctx, a, agreed)
	})
}

// tellEveryRow tells what stands of an enterprise for an item.
func (b *batch) tellEveryRow(ctx context.Context, a *org.Agreement, item Item) error {
	d := b.c.o.Library.Definition(item.Indicator)
	if d == nil {
		return nil
	}
	for _, p := range item.periods(d, b.c.day()) {
		if !tells(a, p) {
			continue
		}
		k := ColumnKey{uuid.Nil, Local, d.ID, p.Kind, p.Label, item.Baseline}
		rows, err := b.c.o.Store.Find(ctx, b.tx, k, []string{a.Giver.CreditCode}, Now)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := b.tell(ctx, a, b.c.tellObservation(k, r, r.Commit)); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellEveryFigure tells what stands of a keeper for an item.
func (b *batch) tellEveryFigure(ctx context.Context, a *org.Agreement, item Item) error {
	return store.Each(func(page store.Page) ([]*Figure, string, error) {
		page.Limit = store.MaxLimit
		return b.c.o.Store.List(ctx, b.tx, Board{Keeper: a.Giver.Org, Indicator: item.Indicator, Filter: item.Filter}, page)
	}, func(f *Figure) error {
		if p, ok := f.Key.Time(); f.Key.Baseline != item.Baseline || !ok || !tells(a, p) {
			return nil
		}
		return b.tellFigure(ctx, a, f)
	})
}
