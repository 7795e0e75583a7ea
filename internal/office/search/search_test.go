package search

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a source that a test fills; marks are positions in its list of changes.
type shelf struct {
	mu      sync.Mutex
	docs    map[uuid.UUID]Document
	changes []Stamp
	broken  error
}

func (s *shelf) Kind() string { return "entry" }

func (s *shelf) put(d Document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.docs == nil {
		s.docs = map[uuid.UUID]Document{}
	}
	s.docs[d.ID] = d
	s.changes = append(s.changes, Stamp{d.ID, d.Revision})
}

func (s *shelf) Changes(_ context.Context, mark string, limit int) ([]Stamp, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, mark, s.broken
	}
	n := 0
	_, _ = fmt.Sscan(mark, &n)
	to := min(len(s.changes), n+limit)
	return slices.Clone(s.changes[n:to]), fmt.Sprint(to), nil
}

func (s *shelf) Rewind(mark string) string {
	n := 0
	_, _ = fmt.Sscan(mark, &n)
	return fmt.Sprint(max(0, n-10))
}

func (s *shelf) Documents(_ context.Context, ids []uuid.UUID) (out []Document, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if d, ok := s.docs[id]; ok {
			out = append(out, d)
		}
	}
	return out, nil
}

func (s *shelf) Stamps(_ context.Context, ids []uuid.UUID) (out []Stamp, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if d, ok := s.docs[id]; ok {
			out = append(out, Stamp{id, d.Revision})
		}
	}
	return out, nil
}

var (
	now  = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	orgs = authtest.Sides{"a": uuid.NewSHA1(uuid.NameSpaceOID, []byte("a")), "b": uuid.NewSHA1(uuid.NameSpaceOID, []byte("b"))}
)

type world struct {
	t     testing.TB
	shelf *shelf
	s     *Service
	at    int64
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, shelf: &shelf{}}
	w.s = New(Options{Sources: []Source{w.shelf}, Now: func() time.Time { return now }})
	return w
}

func id(name string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)) }

// doc is an internal document of a.
func (w *world) doc(name, title string, parts ...string) Document {
	w.at++
	d := Document{ID: id(name), Revision: 1, Ref: name, Org: orgs["a"], Title: Part{Class: field.Internal, Text: title}, At: w.at,
		Since: field.Always, Until: store.Forever, Values: map[Facet]Value{ByCollection: {ID: "things", Class: field.Public}},
		Sights: []Sight{{Org: orgs["a"], Verb: auth.Read, UpTo: field.Internal}, {Org: orgs["a"], Verb: auth.Configure, UpTo: field.Restricted}}}
	for _, p := range parts {
		d.Parts = append(d.Parts, Part{Class: field.Internal, Label: text.Both("text"), Text: p})
	}
	return d
}

func (w *world) put(list ...Document) {
	w.t.Helper()
	for _, d := range list {
		w.shelf.put(d)
	}
	if err := w.s.CatchUp(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) find(role auth.Role, side string, q Query) *Found {
	w.t.Helper()
	f, err := w.s.Find(orgs.As(role, side), q)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// refs of what is found, in order.
func refs(f *Found) string {
	var out []string
	for _, h := range f.Hits {
		out = append(out, h.Document.Ref)
	}
	return strings.Join(out, " ")
}

func (w *world) want(q, want string) {
	w.t.Helper()
	if got := refs(w.find(auth.Viewer, "a", Query{Words: q})); got != want {
		w.t.Errorf("%s: %q, want %q", q, got, want)
	}
}

func TestChineseIsFoundWithoutSpaces(t *testing.T) {
	w := newWorld(t)
	w.put(w.doc("1", "佛山市某注塑机厂", "注塑企业数字化改造，接入工业互联网平台"), w.doc("2", "广州陶瓷研究院", "陶瓷窑炉的能耗监测"), w.doc("3", "ABC-123 型控制器", "Ｍodbus ＴＣＰ 网关，Ethernet/IP"))
	w.want("注塑", "1")
	w.want("塑机", "1") // a part of a word
	w.want("佛山注塑企业数字化改造", "1")
	w.want("工业互联网平台 佛山", "1")
	w.want("窑炉能耗", "2")
	w.want("ＭＯＤＢＵＳ", "3") // full width, other case
	w.want("abc 123", "3")
	w.want("联机互", "")
	w.want("佛山的陶瓷", "2 1") // nothing has both: most of the words
	if f := w.find(auth.Viewer, "a", Query{Words: "佛山 陶瓷 注塑"}); !f.Relaxed {
		t.Error("it is not told that the answer is relaxed")
	}
	w.want("炉", "2")
}

func TestWhatIsBeingTyped(t *testing.T) {
	w := newWorld(t)
	w.put(w.doc("1", "Modbus gateway"), w.doc("2", "Model of a pump"), w.doc("3", "注塑机"))
	for q, want := range map[string]string{"mod": "1 2", "modb": "1", "gateway mo": "1", "注": "3", "注塑": "3", "塑机": "3"} {
		f := w.find(auth.Viewer, "a", Query{Words: q, Typing: true})
		got := strings.Fields(refs(f))
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", q, got, want)
		}
	}
	if f := w.find(auth.Viewer, "a", Query{Words: "mod"}); f.Total != 0 {
		t.Error("a finished word is found as a prefix")
	}
}

func TestTheBestComesFirst(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("通用的设备与服务，", 30)
	w.put(w.doc("title", "窑炉改造"), w.doc("twice", "方案", "窑炉，窑炉"), w.doc("once", "方案", "窑炉"+long))
	w.want("窑炉", "title twice once")
}

func TestHighlights(t *testing.T) {
	w := newWorld(t)
	w.put(w.doc("1", "ＡＢＣ注塑机", strings.Repeat("前文", 100)+"用于注塑车间"))
	h := w.find(auth.Viewer, "a", Query{Words: "abc 注塑"}).Hits[0]
	if got := fmt.Sprint(h.Title); got != "[{ＡＢＣ注塑 true} {机 false}]" {
		t.Error(got)
	}
	hit := slices.IndexFunc(h.Snippet, func(s Span) bool { return s.Hit })
	if hit < 0 || h.Snippet[hit].Text != "注塑" || len([]rune(h.Snippet[0].Text)) > snippetRunes {
		t.Errorf("%v", h.Snippet)
	}
	for _, s := range []string{"", "ﬃ x", "\xff\xfe 注塑", "ﷺ注塑"} { // runes that become several, and no runes
		spans, _, _ := light(s, w.s.words.pieces("注塑 fi", true))
		var all string
		for _, x := range spans {
			all += x.Text
		}
		if all != s {
			t.Errorf("%q is shown as %q", s, all)
		}
	}
}

// b finds, counts and is told nothing of a; fields count for those who see them; anybody finds what is public.
func TestNobodyFindsWhatHeMayNotSee(t *testing.T) {
	w := newWorld(t)
	secret := w.doc("1", "注塑厂", "公开的话")
	secret.Parts[0].Class = field.Public
	secret.Parts = append(secret.Parts, Part{Class: field.Restricted, Label: text.Both("secret"), Text: "银行账号 62220000"})
	secret.Values[ByRegion] = Value{ID: "440100", Class: field.Internal}
	secret.Values[ByIndustry] = Value{ID: "C29", Class: field.Restricted}
	open := w.doc("2", "公开的厂")
	open.Title.Class, open.Public = field.Public, true
	open.Parts = []Part{{Class: field.Internal, Text: "内部说明"}}
	past := w.doc("3", "过期的公开")
	past.Title.Class, past.Public, past.Until = field.Public, true, now.UnixNano()
	own := w.doc("4", "仅管理者可见的厂")
	own.Sights = own.Sights[1:]
	w.put(secret, open, past, own)
	type who struct{ role, side string }
	for _, c := range []struct {
		who
		q, want string
	}{
		{who{"engineer", "a"}, "62220000", "1"}, {who{"operator", "a"}, "62220000", ""}, {who{"viewer", "a"}, "银行账号", ""}, {who{"owner", "b"}, "62220000", ""},
		{who{"viewer", "a"}, "厂", "2 1"}, {who{"engineer", "a"}, "厂", "2 1 4"}, {who{"owner", "b"}, "厂", "2"}, {who{"", ""}, "厂", "2"},
		{who{"owner", "b"}, "内部说明", ""}, {who{"", ""}, "内部说明", ""}, {who{"viewer", "a"}, "内部说明", "2"},
		{who{"owner", "b"}, "", "2"}, {who{"", ""}, "公开", "2"}, {who{"viewer", "a"}, "过期", "3"},
		{who{"monitor", "a"}, "注塑", ""},
	} {
		var f *Found
		var err error
		if c.side == "" {
			f, err = w.s.FindPublic(context.Background(), Query{Words: c.q})
		} else {
			f, err = w.s.Find(orgs.As(auth.Role(c.role), c.side), Query{Words: c.q})
		}
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Fields(refs(f))
		want := strings.Fields(c.want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || f.Total != len(want) {
			t.Errorf("%s of %q asks %q: %v of %d, want %v", c.role, c.side, c.q, got, f.Total, want)
		}
		sum := 0
		for _, x := range f.Facets[ByKind] {
			sum += x.Count
		}
		if sum != len(want) {
			t.Errorf("%s of %q asks %q: %d are counted", c.role, c.side, c.q, sum)
		}
	}
	if f := w.find(auth.Viewer, "a", Query{}); len(f.Facets[ByRegion]) != 1 || len(f.Facets[ByIndustry]) != 0 {
		t.Errorf("a viewer sees the facets %v", f.Facets)
	}
	if f := w.find(auth.Viewer, "a", Query{Narrow: map[Facet][]string{ByIndustry: {"C29"}}}); f.Total != 0 {
		t.Error("a restricted field can be searched by")
	}
	if _, err := w.s.Find(context.Background(), Query{}); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Error(err)
	}
	for _, h := range w.find(auth.Owner, "b", Query{Words: "公开"}).Hits {
		if len(h.Snippet) > 0 {
			t.Errorf("b reads %v", h.Snippet)
		}
	}
}

// A word's weight for a caller rests on what the caller sees alone.
func TestHiddenDocumentsDoNotWeigh(t *testing.T) {
	w := newWorld(t)
	for i := range 3 {
		d := w.doc(fmt.Sprint("open", i), fmt.Sprint("陶瓷 釉料", strings.Repeat(" 窑", i)))
		d.Title.Class, d.Public = field.Public, true
		w.put(d)
	}
	before := refs(w.find(auth.Owner, "b", Query{Words: "陶瓷 釉料"}))
	for i := range 50 {
		w.put(w.doc(fmt.Sprint("hidden", i), "釉料"))
	}
	if after := refs(w.find(auth.Owner, "b", Query{Words: "陶瓷 釉料"})); after != before {
		t.Errorf("%s was %s", after, before)
	}
}

// What changed after it was indexed is shown as it stands, or not at all.
func TestAStaleIndexShowsNothingThatIsHiddenNow(t *testing.T) {
	w := newWorld(t)
	d := w.doc("1", "注塑厂", "秘密的方案")
	w.put(d, w.doc("2", "注塑车间"))
	narrow := d
	narrow.Revision, narrow.Sights = 2, d.Sights[1:]
	w.shelf.put(narrow) // and nobody has caught up
	if got := refs(w.find(auth.Viewer, "a", Query{Words: "注塑"})); got != "2" {
		t.Errorf("%q", got)
	}
	w.shelf.mu.Lock()
	delete(w.shelf.docs, id("2"))
	w.shelf.mu.Unlock()
	if got := refs(w.find(auth.Viewer, "a", Query{Words: "注塑"})); got != "" {
		t.Errorf("%q", got)
	}
}

func TestFacets(t *testing.T) {
	w := newWorld(t)
	for i := range 12 {
		d := w.doc(fmt.Sprint(i), "注塑厂")
		d.Values[ByRegion] = Value{ID: []string{"440100", "440600", "430000"}[i%3], Class: field.Public}
		d.Values[ByYear] = Value{ID: []string{"2025", "2026"}[i%2], Class: field.Public}
		w.put(d)
	}
	f := w.find(auth.Viewer, "a", Query{Words: "注塑", Narrow: map[Facet][]string{ByRegion: {"440100", "440600"}, ByYear: {"2026"}}})
	if f.Total != 4 {
		t.Errorf("%d", f.Total)
	}
	// Each facet counts what the others let through.
	if got := fmt.Sprint(f.Facets[ByRegion], f.Facets[ByYear]); got != "[{430000 { } 2} {440100 { } 2} {440600 { } 2}] [{2025 { } 4} {2026 { } 4}]" {
		t.Error(got)
	}
	if f := w.find(auth.Viewer, "a", Query{Org: orgs["b"]}); f.Total != 0 {
		t.Error("things of another organisation")
	}
}

func TestPagesFollowEachOther(t *testing.T) {
	w := newWorld(t)
	for i := range 57 {
		w.put(w.doc(fmt.Sprint(i), "注塑厂", strings.Repeat("注塑 ", i%4)))
	}
	seen := map[string]bool{}
	q := Query{Words: "注塑", Limit: 10}
	for pages := 0; ; pages++ {
		f := w.find(auth.Viewer, "a", q)
		for _, r := range strings.Fields(refs(f)) {
			if seen[r] {
				t.Fatalf("%s comes twice", r)
			}
			seen[r] = true
		}
		if q.Cursor = f.Next; f.Next == "" || pages > 10 {
			break
		}
	}
	if len(seen) != 57 {
		t.Errorf("%d", len(seen))
	}
	for _, c := range []string{"x", "AAAA", strings.Repeat("A", 500), "!"} {
		if _, err := w.s.Find(orgs.As(auth.Viewer, "a"), Query{Cursor: c}); !errors.Is(err, store.ErrCursor) {
			t.Errorf("%q: %v", c, err)
		}
	}
}

// However often things change and whatever is packed meanwhile, the index holds what a fresh one holds.
func TestTheIndexFollowsAndIsWhatARebuildMakes(t *testing.T) {
	w := newWorld(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	words := []string{"注塑", "陶瓷", "纺织", "窑炉", "电机", "改造", "平台"}
	for round := range 40 {
		for range 100 {
			d := w.doc(fmt.Sprint(rnd.IntN(400)), words[rnd.IntN(len(words))]+words[rnd.IntN(len(words))])
			d.Revision = w.shelf.docs[d.ID].Revision + 1
			w.shelf.put(d)
		}
		if round == 20 {
			w.shelf.broken = errors.New("the database is away")
			if err := w.s.CatchUp(context.Background()); err == nil {
				t.Error("no error")
			}
			w.shelf.broken = nil
		}
		w.put()
	}
	if x := w.s.index.Load(); len(x.entries) > 2000 || x.live != len(w.shelf.docs) {
		t.Errorf("%d entries, %d alive of %d", len(x.entries), x.live, len(w.shelf.docs))
	}
	answers := func() (out []string) {
		for _, q := range words {
			out = append(out, refs(w.find(auth.Viewer, "a", Query{Words: q, Limit: 100})))
		}
		return out
	}
	before := answers()
	steps := 0
	n, err := w.s.Rebuild(context.Background(), func(int) error { steps++; return nil })
	if err != nil || n != len(w.shelf.docs) || steps < 2 {
		t.Fatal(n, steps, err)
	}
	if after := answers(); !slices.Equal(before, after) {
		t.Errorf("%v\nwas %v", after, before)
	}
	// A new process begins with nothing and has the same.
	again := New(Options{Sources: []Source{w.shelf}, Now: w.s.o.Now})
	if _, complete := again.Documents(); complete {
		t.Error("an empty index says it is complete")
	}
	if err := again.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.s = again
	if after := answers(); !slices.Equal(before, after) {
		t.Errorf("%v\nwas %v", after, before)
	}
	if _, err := w.s.Rebuild(context.Background(), func(int) error { return context.Canceled }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if after := answers(); !slices.Equal(before, after) {
		t.Error("a rebuild that was cancelled left its half")
	}
}

func TestRunFollowsAndFindsMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.s.o.Every = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.s.Run(ctx) }()
	for i := range 200 {
		w.shelf.put(w.doc(fmt.Sprint(i), "注塑厂"))
		w.find(auth.Viewer, "a", Query{Words: "注塑"})
	}
	for w.find(auth.Viewer, "a", Query{Words: "注塑"}).Total != 200 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// The index takes no more memory than it may: what does not fit is left out, which is told, and comes when there is room again.
func TestTheIndexIsBounded(t *testing.T) {
	w := newWorld(t)
	one := prepare(0, new(w.doc("0", "注塑厂一车间")))
	w.s = New(Options{Sources: []Source{w.shelf}, Now: w.s.o.Now, MaxBytes: 3*one.weight + one.weight/2 + tokenWeight*int64(len(one.times))})
	for i := range 5 {
		w.put(w.doc(fmt.Sprint(i), "注塑厂一车间"))
	}
	if n, complete := w.s.Documents(); n != 3 || complete {
		t.Fatalf("%d documents, complete: %v", n, complete)
	}
	smaller := w.doc("0", "厂")
	smaller.Revision = 2
	w.put(smaller)
	w.want("注塑", "2 1")
	if _, err := w.s.Rebuild(t.Context(), func(int) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if n, complete := w.s.Documents(); n != 3 || complete {
		t.Errorf("%d documents, complete: %v", n, complete)
	}
	if x := w.s.index.Load(); x.bytes() > x.most {
		t.Errorf("%d bytes of %d", x.bytes(), x.most)
	}
}

// What a document is said to weigh is what it takes: no less than two thirds of it, no more than twice.
func TestWeight(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for _, c := range []struct{ docs, parts, runes, signs int }{{10000, 1, 10, 500}, {5000, 6, 15, 500}, {500, 4, 400, 3000}} {
		rnd := rand.New(rand.NewPCG(1, 2))
		words := func() string {
			var b strings.Builder
			for range c.runes {
				b.WriteRune(rune(0x4e00 + rnd.IntN(c.signs)))
			}
			return b.String()
		}
		before, x := heap(), newIndex([]string{"entry"}, 1<<40)
		list := make([]prepared, c.docs)
		for i := range list {
			d := &Document{ID: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, i)), Revision: 1, Title: Part{Class: field.Internal, Text: words()}, Values: map[Facet]Value{}}
			for range c.parts {
				d.Parts = append(d.Parts, Part{Class: field.Internal, Text: words()})
			}
			list[i] = prepare(0, d)
		}
		x.put(list)
		list = nil
		if real := heap() - before; x.bytes() < real*2/3 || x.bytes() > 2*real {
			t.Errorf("%+v: %d bytes by weight, %d in truth", c, x.bytes()/int64(c.docs), real/int64(c.docs))
		}
		runtime.KeepAlive(x)
	}
}

func TestCutting(t *testing.T) {
	d := newDictionary(nil)
	for q, want := range map[string]string{
		"工业互联网平台": "工业互联网 平台", "佛山注塑机厂": "佛山 注塑机 厂", "某某某企业": "某某某 企业", "数字化改造专项资金": "数字化改造 专项资金", "企": "企", "": "",
	} {
		var got []string
		for _, w := range d.cut([]rune(q)) {
			got = append(got, string(w))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", q, got, want)
		}
	}
}

func FuzzQueryAndText(f *testing.F) {
	for _, s := range []string{"注塑机 abc", "ＡＢＣ", "\xff", "ﷺ", "a\u0301", "注" + strings.Repeat("塑", 300)} {
		f.Add(s, "佛山市某注塑机厂 ABC")
	}
	d := newDictionary(nil)
	f.Fuzz(func(t *testing.T, q, s string) {
		if len(q) > 200 || len(s) > 2000 {
			return
		}
		for _, typing := range []bool{true, false} {
			words := d.pieces(q, typing)
			spans, first, _ := light(s, words)
			var all string
			for _, x := range spans {
				all += x.Text
			}
			if all != s {
				t.Fatalf("%q is shown as %q", s, all)
			}
			snippet(s, first)
		}
	})
}
