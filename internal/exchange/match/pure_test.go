package match

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/text"
)

// shipped are the packs of the product.
var shipped = os.DirFS("../../../packs")

func engine(t testing.TB) *Engine {
	t.Helper()
	return NewEngine(proof.Must(LoadKinds(shipped)), proof.Must(LoadProfile(shipped)), nil)
}

// Every gap that an instrument of check-ups names can be filed as a need.
func TestEveryNeedOfTheInstrumentsIsAKind(t *testing.T) {
	kinds := proof.Must(LoadKinds(shipped))
	files, err := filepath.Glob("../../../packs/instruments/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	found := 0
	for _, f := range files {
		for _, m := range regexp.MustCompile(`(?m)^\s*need: *([a-z0-9-]+)`).FindAllSubmatch(proof.Must(os.ReadFile(f)), -1) {
			found++
			if _, ok := kinds.Get(string(m[1])); !ok {
				t.Errorf("%s: there is no kind %s", f, m[1])
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d needs were found", found)
	}
}

// A new kind of need is one file.
func TestANewKindIsOneFile(t *testing.T) {
	files := fstest.MapFS{"needs/mine.yaml": {Data: []byte(`
id: mine
version: 1.0.0
source: a test
name: {zh: 需求, en: Needs}
scenes: [{id: kiln, name: {zh: 窑炉, en: Kilns}}]
kinds:
  - {id: kiln-control, name: {zh: 窑炉温控, en: Kiln control}, scene: kiln, synonyms: [窑温控制]}
`)}}
	k, err := LoadKinds(files)
	if err != nil || len(k.All()) != 1 {
		t.Fatal(k, err)
	}
	if got := k.words.concepts("想把窑温控制做好"); !slices.Equal(got, []string{"#kiln-control"}) {
		t.Error(got)
	}
	files["needs/again.yaml"] = &fstest.MapFile{Data: []byte(`
id: again
version: 1.0.0
source: a test
name: {zh: 需求, en: Needs}
scenes: [{id: kiln, name: {zh: 窑炉, en: Kilns}}]
kinds:
  - {id: kiln-control, name: {zh: 又一个, en: Another}, scene: nowhere}
`)}
	if _, err := LoadKinds(files); err == nil {
		t.Error("a scene that is not there was taken")
	}
}

func TestTokens(t *testing.T) {
	if got := bigrams("注塑机的OPC UA联网，ＭＥＳ"); !slices.Equal(got, []string{"注塑", "塑机", "opc", "ua", "联网", "mes"}) {
		t.Error(got)
	}
	d := proof.Must(LoadKinds(shipped)).words
	if got := d.concepts("boat 的 OA 系统"); !slices.Equal(got, []string{"#office-platform"}) {
		t.Errorf("OA within a word: %v", got)
	}
	if got := d.concepts("设备台账"); !slices.Equal(got, []string{"#equipment-management"}) {
		t.Error(got)
	}
}

func TestLog2IsExactToItsLastBit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		b := r.Uint64N(200_000) + 1
		a := b + r.Uint64N(1<<31)
		want := math.Log2(float64(a) / float64(b))
		if got := float64(log2(a, b)) / one; got > want+1e-9 || got < want-2.0/one {
			t.Fatalf("log2(%d/%d) = %v, want %v", a, b, got, want)
		}
	}
	if log2(8, 1) != 3*one || log2(7, 7) != 0 {
		t.Error(log2(8, 1), log2(7, 7))
	}
}

// BM25 by the formula of the literature, in floating point, beside the whole numbers of the index.
func TestScoresAreThoseOfTheFormula(t *testing.T) {
	docs := [][]string{{"a", "b", "a"}, {"b", "c"}, {"a", "c", "c", "d", "e"}, {"e"}}
	x := newIndex()
	for _, d := range docs {
		x.add(d)
	}
	q := x.ask([]string{"a", "c", "nothing"})
	mean := 11.0 / 4
	for n, d := range docs {
		want := 0.0
		for _, w := range []string{"a", "c"} {
			df, tf := 0.0, 0.0
			for _, o := range docs {
				if slices.Contains(o, w) {
					df++
				}
			}
			for _, o := range d {
				if o == w {
					tf++
				}
			}
			want += math.Log2((4+1)/(df+0.5)) * tf * 2.2 / (tf + 1.2*(0.25+0.75*float64(len(d))/mean))
		}
		if got := float64(x.scoreOne(&q, int32(n))) / one; math.Abs(got-want) > 0.001 {
			t.Errorf("document %d: %v, want %v", n, got, want)
		}
	}
}

// Property: an index that documents came into and left again, in any order, scores as one that was built of what is left.
func TestAnIndexThatChangedScoresAsOneBuiltAnew(t *testing.T) {
	e := engine(t)
	r := rand.New(rand.NewPCG(2, 2))
	words := []string{"设备联网", "排产", "质检", "能耗监测", "注塑", "MES", "网关", "节能", "仓储", "培训"}
	held := map[uuid.UUID]*Supply{}
	for i := range 3000 {
		id := uuid.UUID{byte(r.IntN(200)), 1}
		if r.IntN(4) == 0 {
			e.Remove(id)
			delete(held, id)
			continue
		}
		x := &Supply{ID: id, Revision: int64(i), Title: words[r.IntN(10)], Words: words[r.IntN(10)] + words[r.IntN(10)], Kinds: []string{"equipment-networking"}}
		e.Put(x)
		held[id] = x
	}
	fresh := engine(t)
	for _, x := range held {
		fresh.Put(x)
	}
	w := &Want{Kind: "equipment-networking", Title: "注塑机设备联网", Words: "想要网关和排产"}
	a, b := e.Match(w, 300, 0), fresh.Match(w, 300, 0)
	if len(a) != len(held) || len(b) != len(held) {
		t.Fatal(len(a), len(b), len(held))
	}
	for i := range a {
		if a[i].Score != b[i].Score || a[i].Supply != b[i].Supply {
			t.Fatalf("%d: %v %d, %v %d", i, a[i].Supply.ID, a[i].Score, b[i].Supply.ID, b[i].Score)
		}
		if p, _ := e.Judge(w, a[i].Supply.ID); p.Score != a[i].Score {
			t.Fatalf("alone it scores %d, in the list %d", p.Score, a[i].Score)
		}
	}
}

func fen(yuan int64) *int64 { n := yuan * 100; return &n }

// The score is the sum of the points of its reasons, and the reasons say what they should.
func TestReasonsAddUpAndSayWhy(t *testing.T) {
	e := engine(t)
	e.names.trade = func(c string) text.Text { return text.Text{Zh: "橡胶和塑料制品业", En: "rubber and plastics"} }
	x := &Supply{ID: uuid.UUID{1}, Provider: uuid.UUID{9}, Title: "注塑机联网网关", Words: "老旧注塑机加装网关", Kinds: []string{"equipment-networking"}, Trades: []string{"C29"}, From: fen(150_000),
		Regions: []string{"440000"}, Sizes: []string{"small"}, Protocols: []string{"Modbus"}, Cases: []Case{{ID: uuid.UUID{2}, Title: "某塑料厂 60 台", Trade: "2929", Kinds: []string{"equipment-networking"}}}}
	e.Put(x)
	w := &Want{ID: uuid.UUID{3}, Org: uuid.UUID{4}, Kind: "equipment-networking", Title: "注塑机联网", Words: "老旧注塑机要联网", Trade: "C2929", Region: "440100", Size: "small", To: fen(100_000), Protocols: []string{"Modbus", "OPC UA"}}
	p := e.Match(w, 5, 0)[0]
	sum, says := int64(0), map[string]Reason{}
	for _, r := range p.Reasons {
		sum += r.Points
		says[r.Part] = r
	}
	if sum != p.Score || len(p.Reasons) != 9 {
		t.Errorf("points sum to %d, the score is %d, %d reasons", sum, p.Score, len(p.Reasons))
	}
	for part, want := range map[string]Reason{
		"kind":      {Side: For, Text: text.Text{Zh: "覆盖需求“设备联网”"}},
		"cases":     {Side: For, Text: text.Text{Zh: "同行业同类案例“某塑料厂 60 台”"}},
		"trade":     {Side: For, Text: text.Text{Zh: "服务橡胶和塑料制品业"}},
		"budget":    {Side: Against, Text: text.Text{Zh: "价格15万元起，超出预算5万元（50%）"}},
		"region":    {Side: For, Text: text.Text{Zh: "服务贵地"}},
		"protocols": {Side: Neutral, Text: text.Text{Zh: "支持 Modbus"}},
		"rating":    {Side: Neutral, Text: text.Text{Zh: "服务商尚无评价"}},
	} {
		if got := says[part]; got.Side != want.Side || got.Text.Zh != want.Text.Zh || got.Text.En == "" {
			t.Errorf("%s: %+v", part, got)
		}
	}
}

func TestAConflictBlocks(t *testing.T) {
	e := engine(t)
	provider := uuid.UUID{9}
	e.Put(&Supply{ID: uuid.UUID{1}, Provider: provider, Kinds: []string{"cost-reduction"}, Title: "降本", Barred: []string{"CODE"}, Ways: []string{"equity", "purchase"}})
	for name, w := range map[string]*Want{
		"the same":    {Org: provider},
		"owner":       {Related: []uuid.UUID{provider}},
		"excluded":    {Excluded: []uuid.UUID{provider}},
		"declared":    {Code: "CODE"},
		"another way": {Ways: []string{"transfer"}},
	} {
		w.Kind, w.Title = "cost-reduction", "降本"
		if p, _ := e.Judge(w, uuid.UUID{1}); p.Blocked == nil || p.Score != 0 || p.Blocked.Text.Zh == "" || len(e.Match(w, 5, 0)) != 0 {
			t.Errorf("%s: %+v", name, p.Blocked)
		}
	}
	if got := e.Match(&Want{Kind: "cost-reduction", Title: "降本", Ways: []string{"equity"}}, 5, 0); len(got) != 1 {
		t.Error("nothing stood in the way")
	}
}

// Two defects of others as regressions (ERPNext supplier_scorecard): no history scored 100, and 100 had no standing.
func TestRatings(t *testing.T) {
	r := proof.Must(LoadProfile(shipped)).Rating
	for name, h := range map[string]History{"nothing": {}, "a check alone": {Checks: []int64{100}}} {
		if got := r.Rate(h); got.Known || got.Score != 0 || got.Standing != "" || got.Name.Zh != "尚无评价" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for score := range int64(101) {
		s := r.standing(score)
		if s == nil {
			t.Fatalf("%d has no standing", score)
		}
	}
	if r.standing(100).ID != "excellent" || r.standing(84).ID != "good" || r.standing(85).ID != "excellent" || r.standing(0).ID != "poor" || r.standing(101) != nil || r.standing(-1) != nil {
		t.Error("the bands are not [from, next) with the last one closed at 100")
	}
	bare := Rules{Parts: r.Parts, Standings: r.Standings}
	if got := bare.Rate(History{Customers: []int64{100}, Delivered: 1, Checks: []int64{100}}); !got.Known || got.Score != 100 || got.Standing != "excellent" {
		t.Errorf("all of it is 100: %+v", got)
	}
	// (90+60·2)/(1+2) = 70; (100+60·2)/3 = 73.3 → 73; (70·50+73·30)/80 = 71.1 → 71
	if got := r.Rate(History{Customers: []int64{90}, Delivered: 1}); got.Score != 71 || got.Standing != "good" || *got.Customers != 70 || *got.Delivery != 73 || got.Checks != nil {
		t.Errorf("%+v", got)
	}
	if got := r.Rate(History{Customers: []int64{0, 0, 0}, Late: 3}); got.Score != 24 || got.Standing != "poor" {
		t.Errorf("%+v", got)
	}
	if a := (Aspects{5, 5, 5, 5}); a.score() != 100 || (Aspects{1, 1, 1, 1}).score() != 0 || (Aspects{3, 3, 3, 3}).score() != 50 {
		t.Error("aspects")
	}
}

func TestAProfileThatIsWrongIsTold(t *testing.T) {
	data := string(proof.Must(os.ReadFile("../../../packs/matching/standard.yaml")))
	for old, bad := range map[string]string{"kind: 1100": "kind: 1101", "id: poor, from: 0": "id: poor, from: 1", "customers: 50": "customers: 51", "id: good, from: 70": "id: good, from: 40"} {
		text := regexp.MustCompile(regexp.QuoteMeta(old)).ReplaceAllString(data, bad)
		if _, err := LoadProfile(fstest.MapFS{"matching/standard.yaml": {Data: []byte(text)}}); err == nil || text == data {
			t.Errorf("%s was taken", bad)
		}
	}
}

// Property: nobody sits twice, no pair meets twice, wishes of conflicting ones are not met, rounds are stable, and the same guests in
// any order give the same table.
func TestPairing(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		firms, providers := guests(r, 1, r.IntN(12)+1), guests(r, 2, r.IntN(12)+1)
		scores := map[[2]uuid.UUID]int64{}
		for _, f := range firms {
			for _, p := range providers {
				if r.IntN(4) > 0 {
					scores[[2]uuid.UUID{f.ID, p.ID}] = int64(r.IntN(10_000)) + 1
				}
			}
		}
		score := func(f, p uuid.UUID) int64 { return scores[[2]uuid.UUID{f, p}] }
		for i := range firms {
			for range r.IntN(3) {
				if w := providers[r.IntN(len(providers))].ID; !slices.Contains(firms[i].Wishes, w) && score(firms[i].ID, w) > 0 {
					firms[i].Wishes = append(firms[i].Wishes, w)
				}
			}
		}
		rounds, tables := r.IntN(6)+1, r.IntN(12)+1
		got := Pairing(firms, providers, score, rounds, tables)
		back := func(list []Guest) []Guest { list = slices.Clone(list); slices.Reverse(list); return list }
		if again := Pairing(back(firms), back(providers), score, rounds, tables); !slices.Equal(got, again) {
			t.Fatalf("seed %d: the order of guests changes the table", seed)
		}
		met := map[[2]uuid.UUID]bool{}
		busy := map[string]bool{}
		counts := map[uuid.UUID]int{}
		for _, m := range got {
			pair := [2]uuid.UUID{m.Firm, m.Provider}
			if met[pair] || score(m.Firm, m.Provider) == 0 {
				t.Fatalf("seed %d: %v meet twice, or must not", seed, pair)
			}
			met[pair] = true
			for _, who := range []string{m.Firm.String(), m.Provider.String(), fmt.Sprint("table ", m.Table)} {
				key := fmt.Sprint(m.Round, who)
				if busy[key] {
					t.Fatalf("seed %d: round %d: %s twice", seed, m.Round, who)
				}
				busy[key] = true
			}
			if m.Table > tables || m.Round > rounds {
				t.Fatalf("seed %d: %+v", seed, m)
			}
			counts[m.Firm]++
			counts[m.Provider]++
		}
		if tables >= 12 {
			stable(t, seed, firms, providers, score, got, rounds)
		}
	}
}

func guests(r *rand.Rand, side byte, n int) (out []Guest) {
	for i := range n {
		out = append(out, Guest{ID: uuid.UUID{side, byte(r.IntN(256)), byte(i)}})
	}
	return out
}

// stable looks for a pair that could have met in a round and would both rather have.
func stable(t *testing.T, seed uint64, firms, providers []Guest, score func(f, p uuid.UUID) int64, got []Meeting, rounds int) {
	byID := func(a, b Guest) int { return slices.Compare(a.ID[:], b.ID[:]) }
	firms, providers = slices.SortedFunc(slices.Values(firms), byID), slices.SortedFunc(slices.Values(providers), byID)
	f, p := ranks(firms, providers, score), ranks(providers, firms, func(x, y uuid.UUID) int64 { return score(y, x) })
	met := map[[2]int]bool{}
	at := func(list []Guest, id uuid.UUID) int {
		return slices.IndexFunc(list, func(g Guest) bool { return g.ID == id })
	}
	for round := 1; round <= rounds; round++ {
		ofFirm, ofProvider := map[int]int{}, map[int]int{}
		for _, m := range got {
			if m.Round == round {
				i, j := at(firms, m.Firm), at(providers, m.Provider)
				ofFirm[i], ofProvider[j] = j, i
			}
		}
		for i := range firms {
			for j := range providers {
				if met[[2]int{i, j}] || score(firms[i].ID, providers[j].ID) == 0 {
					continue
				}
				x, hasX := ofFirm[i]
				y, hasY := ofProvider[j]
				if (!hasX || f[i][j] < f[i][x]) && (!hasY || p[j][i] < p[j][y]) {
					t.Fatalf("seed %d, round %d: firm %d and provider %d would rather meet each other", seed, round, i, j)
				}
			}
		}
		for i, j := range ofFirm {
			met[[2]int{i, j}] = true
		}
	}
}

func TestMoneyInWords(t *testing.T) {
	for n, want := range map[int64]text.Text{
		0: {Zh: "0元", En: "CNY 0"}, 1: {Zh: "0.01元", En: "CNY 0.01"}, 999_900: {Zh: "9,999元", En: "CNY 9,999"}, 1_250_000: {Zh: "1.25万元", En: "CNY 12,500"},
		12_000_000: {Zh: "12万元", En: "CNY 120,000"}, 12_000_050: {Zh: "120,000.50元", En: "CNY 120,000.50"}, 1_234_567_800: {Zh: "12,345,678元", En: "CNY 12,345,678"},
	} {
		if got := Money(n); got != want {
			t.Errorf("%d: %+v, want %+v", n, got, want)
		}
	}
	for s, want := range map[string]int64{"12000": 1_200_000, "0.5": 50, "1,200.05": 120_005} {
		if got, ok := yuan(s); !ok || *got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
	for _, s := range []string{"", "-1", "+1", "1.234", "十万", "1e5", "99999999999999999999"} {
		if got, ok := yuan(s); ok {
			t.Errorf("%q was read as %d", s, *got)
		}
	}
}

func FuzzTokens(f *testing.F) {
	f.Add("注塑机 OPC UA 联网")
	f.Add("\x00\xff的了")
	e := engine(f)
	f.Fuzz(func(t *testing.T, s string) {
		x := newIndex()
		tokens := e.tokens(s, s)
		n := x.add(tokens)
		q := x.ask(tokens)
		if got := x.scoreOne(&q, n); got < 0 || len(tokens) > 3*2*maxText {
			t.Fatalf("%d, %d tokens", got, len(tokens))
		}
	})
}
