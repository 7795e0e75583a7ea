package figure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

var noon = time.Date(2026, 7, 2, 4, 0, 0, 0, time.UTC)

func opened(t testing.TB, db *store.DB) *Store {
	return proof.Must(OpenStore(t.Context(), db))
}

// write commits at a time.
func (s *Store) write(t testing.TB, now time.Time, fill func(*Commit)) (out Written) {
	t.Helper()
	err := s.db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) (err error) {
		c := &Commit{}
		fill(c)
		out, err = s.Write(ctx, tx, c, now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// However a column changes, what lies behind its first base holds at most five rows in bases, and one and one for each power of fold in deltas,
// for each row that was put.
func TestColumnGrowsByWhatChanges(t *testing.T) {
	s := opened(t, storetest.SQLite(t))
	k := networking.Column(Local)
	random := rand.New(rand.NewPCG(8, 8))
	put := 0
	for step := range 400 {
		n := 1 + random.IntN(1<<random.IntN(8))
		if step == 0 {
			n = 800
		} else {
			put += n
		}
		s.write(t, noon, func(c *Commit) {
			rows := map[string]bool{}
			for len(rows) < n {
				code := fmt.Sprintf("9143%05d", random.IntN(3000))
				rows[code] = true
				c.PutRow(k, Row{Code: code, Observation: []byte{1, byte(step), byte(step >> 8)}})
			}
		})
	}
	var blobs []columnRow
	if err := s.db.NewSelect().Model(&blobs).Column("seq", "base", "size").Where("c.seq > 1").Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	bases, rows, deltas, longest := 0, 0, 0, int64(1)
	for _, b := range blobs {
		if b.Seq == b.Base {
			bases, rows = bases+1, rows+int(b.Size)
			continue
		}
		deltas, longest = deltas+int(b.Size), max(longest, b.Seq-b.Base)
	}
	most := 1
	for ; longest >= fold; longest /= fold {
		most++
	}
	if bases < 3 || rows > (rebase+1)*put || deltas > most*put {
		t.Errorf("%d rows were put, and %d bases hold %d, deltas %d", put, bases, rows, deltas)
	}
}

func TestColumnAnswersAsOfEveryCommit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := opened(t, db)
		k := networking.Column(Local)
		random := rand.New(rand.NewPCG(7, 7))
		state := map[string]Row{}
		type seen struct {
			at    int64
			state map[string]Row
		}
		var past []seen
		for step := range 110 {
			n := 1 + random.IntN(3)
			if step == 0 {
				n = 1500
			}
			out := s.write(t, noon, func(c *Commit) {
				for i := range n {
					r := Row{Code: fmt.Sprintf("9143%04d", random.IntN(2000)), Observation: []byte{1, byte(step), byte(i)}}
					if step > 0 && random.IntN(5) == 0 {
						r.Observation = nil
					}
					c.PutRow(k, r)
					state[r.Code] = r
				}
			})
			if len(past) > 0 && out.Commit != past[len(past)-1].at+1 {
				t.Fatalf("commit %d after %d, of a clock that stands", out.Commit, past[len(past)-1].at)
			}
			for code, r := range state {
				if r.Commit == 0 {
					r.Commit = out.Commit
					state[code] = r
				}
			}
			past = append(past, seen{out.Commit, maps.Clone(state)})
		}
		blobs := proof.Must(db.NewSelect().Model((*columnRow)(nil)).Where("c.seq = c.base").Count(t.Context()))
		if blobs != 1 {
			t.Errorf("%d bases for %d small changes", blobs, len(past)-1)
		}
		for i := 0; i < len(past); i += 13 {
			p := past[i]
			var want []Row
			for _, code := range slices.Sorted(maps.Keys(p.state)) {
				if r := p.state[code]; !r.Gone() {
					want = append(want, r)
				}
			}
			got := proof.Must(s.Column(t.Context(), db, k, p.at))
			if !equalRows(got, want) {
				t.Fatalf("as of commit %d the column has %d rows, want %d", i, len(got), len(want))
			}
			for _, code := range []string{"91430000", want[0].Code, want[len(want)/2].Code, "zz"} {
				r, ok, err := s.Row(t.Context(), db, k, code, p.at)
				stood, there := p.state[code]
				if err != nil || ok != (there && !stood.Gone()) || ok && r.Commit != stood.Commit {
					t.Errorf("as of commit %d %s is %+v, %v, %v; want %+v", i, code, r, ok, err, stood)
				}
			}
		}
		if got := proof.Must(s.Column(t.Context(), db, k, past[0].at-1)); got != nil {
			t.Errorf("before the first commit there are %d rows", len(got))
		}
		s.write(t, noon, func(c *Commit) { // more than a quarter at once
			for i := range 700 {
				c.PutRow(k, Row{Code: fmt.Sprintf("9143%04d", i), Observation: []byte{9}})
			}
		})
		if n := proof.Must(db.NewSelect().Model((*columnRow)(nil)).Where("c.seq = c.base").Count(t.Context())); n != 2 {
			t.Errorf("%d bases after a large change", n)
		}
		if got := proof.Must(s.Column(t.Context(), db, k, past[3].at)); len(got) < 700 {
			t.Errorf("the old base is gone: %d rows", len(got))
		}
	})
}

func TestFiguresAreRevisedAndAnswerAsOf(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := opened(t, db)
		ctx := t.Context()
		f := figureOf(networking)
		f.Watermark = 0
		first := s.write(t, noon, func(c *Commit) { c.PutFigure(f) })
		if len(first.Figures) != 1 || first.Figures[0].Revision != 1 || first.Figures[0].Commit != first.Commit || first.Figures[0].Watermark != first.Commit {
			t.Fatalf("%+v", first)
		}
		if again := s.write(t, noon.Add(time.Hour), func(c *Commit) { c.PutFigure(f) }); len(again.Figures) != 0 || again.Same != 1 {
			t.Fatalf("what says the same made a revision: %+v", again)
		}
		g := *f
		g.Account = []byte{9, 9}
		second := s.write(t, noon.Add(-time.Hour), func(c *Commit) { c.PutFigure(&g) }) // a clock that was set back
		if len(second.Figures) != 1 || second.Figures[0].Revision != 2 || second.Commit <= first.Commit {
			t.Fatalf("%+v", second)
		}
		for asOf, want := range map[int64][]byte{Now: {9, 9}, first.Commit: {1, 2, 3}, second.Commit - 1: {1, 2, 3}, second.Commit: {9, 9}} {
			got, err := s.Figure(ctx, db, networking.ID(), asOf)
			if err != nil || string(got.Account) != string(want) {
				t.Errorf("as of %d: %+v, %v", asOf, got, err)
			}
		}
		if _, err := s.Figure(ctx, db, networking.ID(), first.Commit-1); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("before it was: %v", err)
		}
		if got, err := s.Revision(ctx, db, networking.ID(), 1); err != nil || got.Hash() != first.Figures[0].Hash() {
			t.Errorf("revision 1: %+v, %v", got, err)
		}
		list, next, err := s.Revisions(ctx, db, networking.ID(), store.Page{Limit: 1})
		if err != nil || len(list) != 1 || list[0].Revision != 2 || next == "" {
			t.Errorf("%d revisions, next %q, %v", len(list), next, err)
		}
	})
}

func TestBoardIsNarrowed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := opened(t, db)
		ctx := t.Context()
		out := s.write(t, noon, func(c *Commit) {
			for _, id := range []string{"a", "b"} {
				for _, period := range []string{"2026-04", "2026-05", "2026-06"} {
					for _, filter := range []string{All, "size=large"} {
						c.PutFigure(figureOf(Key{keeper, id, filter, "month", period, "", ""}))
					}
				}
			}
			c.PutFigure(figureOf(Key{uuid.UUID{7}, "a", All, "month", "2026-06", "", ""}))
			c.PutFigure(figureOf(Key{keeper, "a", All, "year", "2025", "", ""}))
			c.PutFigure(figureOf(Key{keeper, "a", All, "year", "2025", "", "91"}))
		})
		if len(out.Figures) != 15 {
			t.Fatalf("%d figures are written", len(out.Figures))
		}
		for _, x := range []struct {
			b    Board
			want int
		}{
			{Board{Keeper: keeper}, 13}, {Board{Keeper: keeper, Indicator: "a"}, 7}, {Board{Keeper: keeper, Kind: "month", Period: "2026-06"}, 4}, {Board{Keeper: keeper, Indicator: "b", Filter: All, Kind: "month", Since: "2026-05"}, 2},
			{Board{Keeper: keeper, AsOf: out.Commit - 1}, 0}, {Board{Keeper: uuid.UUID{7}}, 1},
		} {
			got := 0
			err := store.Each(func(p store.Page) ([]*Figure, string, error) {
				p.Limit = 5
				return s.List(ctx, db, x.b, p)
			}, func(f *Figure) error { got++; return nil })
			if err != nil || got != x.want {
				t.Errorf("%+v: %d figures, want %d, %v", x.b, got, x.want, err)
			}
		}
	})
}

func TestQueueLosesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := opened(t, db)
		ctx := t.Context()
		a, b := Dirty{Keeper: keeper, Code: "91", Indicator: "orders"}, Dirty{Keeper: keeper, Kind: "month", Period: "2026-06"}
		if err := s.Mark(ctx, db, a, a, b); err != nil {
			t.Fatal(err)
		}
		if err := s.Mark(ctx, db, a); err != nil {
			t.Fatal(err)
		}
		if n := proof.Must(s.Waiting(ctx, db)); n != 2 {
			t.Fatalf("%d wait, want 2: what waits already is not put in again", n)
		}
		taken := proof.Must(s.Take(ctx, db, 10))
		if len(taken) != 2 || !slices.ContainsFunc(taken, func(x Taken) bool { return x.Dirty == a }) {
			t.Fatalf("taken %+v", taken)
		}
		if err := s.Mark(ctx, db, a); err != nil { // changes while it is worked out
			t.Fatal(err)
		}
		s.write(t, noon, func(c *Commit) {
			c.Done(taken...)
			c.Mark(Dirty{Keeper: keeper, Code: "92"})
			c.PutCursor("facts", Cursor{1, 17})
		})
		left := proof.Must(s.Take(ctx, db, 10))
		if len(left) != 2 || left[0].Dirty != a || left[1].Code != "92" {
			t.Errorf("left %+v, want the one that changed meanwhile and the new one", left)
		}
		if c := proof.Must(s.Cursor(ctx, db, "facts")); c != (Cursor{1, 17}) {
			t.Errorf("cursor %+v", c)
		}
		if c := proof.Must(s.Cursor(ctx, db, "entries")); c != (Cursor{}) {
			t.Errorf("cursor %+v", c)
		}
		s.write(t, noon, func(c *Commit) { c.PutCursor("facts", Cursor{1, 18}) })
		if c := proof.Must(s.Cursor(ctx, db, "facts")); c != (Cursor{1, 18}) {
			t.Errorf("cursor %+v", c)
		}
	})
}

func TestPopulationsAreFoundByHash(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := opened(t, db)
		p := NewPopulation(keeper, "430000", All, "2026-06-30", members(), 1, 2)
		var h Hash
		for range 2 {
			s.write(t, noon, func(c *Commit) { h = c.PutPopulation(p) })
		}
		got, err := s.Population(t.Context(), db, h)
		if err != nil || got.Hash() != h || got.Members[1].Name != "乙" {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := s.Population(t.Context(), db, Hash{1}); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	})
}

// What was changed behind the program's back is told, and never answered.
func TestChangedBytesAreNamed(t *testing.T) {
	db := storetest.SQLite(t)
	s := opened(t, db)
	ctx := t.Context()
	k := networking.Column(Local)
	var h Hash
	s.write(t, noon, func(c *Commit) {
		c.PutFigure(figureOf(networking))
		c.PutRow(k, Row{Code: "91", Observation: []byte{1}})
		h = c.PutPopulation(NewPopulation(keeper, "", All, "2026-06-30", members(), 0, 0))
	})
	for _, x := range []struct {
		change string
		read   func() error
		names  string
	}{
		{"UPDATE figure SET account = X'01020304'", func() error { _, err := s.Figure(ctx, db, networking.ID(), Now); return err }, networking.String()},
		{"UPDATE figure SET account = X'010203', watermark = watermark + 1", func() error { _, err := s.Revision(ctx, db, networking.ID(), 1); return err }, "revision 1"},
		{"UPDATE figure SET watermark = watermark - 1, parts = X'00'", func() error { _, _, err := s.List(ctx, db, Board{Keeper: keeper}, store.Page{}); return err }, "figure"},
		{"UPDATE figure SET filter = 'all'", func() error { _, err := s.Figure(ctx, db, networking.ID(), Now); return err }, "figure"},
		{"UPDATE figure_column SET body = X'0100'", func() error { _, _, err := s.Row(ctx, db, k, "91", Now); return err }, "machine-networking/2026-06 from local"},
		{"DELETE FROM figure_column WHERE base = seq", func() error { return nil }, ""},
		{"UPDATE figure_population SET body = X'00'", func() error { _, err := s.Population(ctx, db, h); return err }, h.String()},
	} {
		if _, err := db.ExecContext(ctx, x.change); err != nil {
			t.Fatal(err)
		}
		if err := x.read(); x.names != "" && (!errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), x.names)) {
			t.Errorf("%s: %v", x.change, err)
		}
	}
}

func BenchmarkStore(b *testing.B) {
	db := storetest.SQLite(b)
	s := opened(b, db)
	k := networking.Column(Local)
	rows := observed(40_000, 5)
	s.write(b, noon, func(c *Commit) {
		for _, r := range rows {
			c.PutRow(k, r)
		}
	})
	b.Run("one row of 40,000 changes", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			s.write(b, noon, func(c *Commit) { c.PutRow(k, rows[i*77%len(rows)]) })
		}
	})
	b.Run("one row of 40,000 is read", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			if _, ok, err := s.Row(b.Context(), db, k, rows[i*77%len(rows)].Code, Now); err != nil || !ok {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("the column is read", func(b *testing.B) {
		for b.Loop() {
			if got, err := s.Column(b.Context(), db, k, Now); err != nil || len(got) != len(rows) {
				b.Fatal(len(got), err)
			}
		}
	})
	b.Run("1,000 figures are written", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			s.write(b, noon, func(c *Commit) {
				for j := range 1000 {
					f := figureOf(Key{keeper, fmt.Sprintf("i%d", j), All, "month", "2026-06", "", ""})
					f.Account = []byte{byte(i), byte(i >> 8), 1}
					c.PutFigure(f)
				}
			})
		}
	})
}

func BenchmarkPopulation(b *testing.B) {
	list := make([]indicator.Enterprise, 40_000)
	for i := range list {
		list[i] = indicator.Enterprise{Code: fmt.Sprintf("91430%013d", i*37), Name: fmt.Sprintf("湖南第%d机械制造有限公司", i), Entry: uuid.New(), Industry: "3670", Region: "430100", Size: "medium", Designated: true, Tags: []string{"pilot"}}
	}
	p := NewPopulation(keeper, "430000", All, "2026-06-30", list, 0, 0)
	packed := appendSized(p.Encode())
	b.Run("hash", func(b *testing.B) {
		for b.Loop() {
			p.Hash()
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := DecodePopulation(proof.Must(takeSized(packed))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Logf("%d bytes", len(packed))
}
